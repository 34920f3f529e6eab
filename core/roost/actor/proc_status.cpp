// What a proc says of itself to whoever looks.

#include <roost/actor/frame.hpp>
#include <roost/actor/proc_runtime.hpp>

#include <algorithm>

namespace roost::detail {
namespace {

std::string name_of(life state) {
  switch (state) {
    case life::starting: return "starting";
    case life::running: return "running";
    case life::draining: return "draining";
    case life::ending: return "ending";
    case life::ended: break;
  }
  return "ended";
}

std::string name_of(wait_kind kind) {
  switch (kind) {
    case wait_kind::reply: return "reply";
    case wait_kind::credit: return "credit";
    case wait_kind::receiver: return "receiver";
    case wait_kind::sleep: return "sleep";
    case wait_kind::spawn: return "spawn";
    case wait_kind::offload: return "offloaded code";
    case wait_kind::several: break;
  }
  return "several";
}

/// Those whose answers the handlers of an actor wait for, the ones asked first: of a wait for several nothing more is known.
std::string awaited_by(actor_cell const& cell) {
  constexpr std::size_t most_named = 4;
  std::vector<actor_id> targets;
  for (auto const* port = cell.ports; port != nullptr; port = port->after) {
    if (port->awaited && port->asked) targets.push_back(port->target);
  }
  std::string named;
  for (std::size_t i = 0; i != std::min(targets.size(), most_named); ++i)
    named += (i == 0 ? "" : ", ") + to_string(targets[targets.size() - 1 - i]);
  if (targets.size() > most_named) named += " and " + std::to_string(targets.size() - most_named) + " more";
  return named;
}

actor_status status_of(actor_cell const& cell) {
  actor_status s;
  s.local = cell.local();
  s.name = cell.where().dims() == 0 ? cell.name() : cell.name() + "[" + to_string(cell.where()) + "]";
  s.class_name = cell.what().name;
  if (cell.owner().local != 0) s.owner = to_string(cell.owner());
  s.state = name_of(cell.state());
  s.queued = cell.queued_messages();
  if (auto const* extras = cell.extras_if_any()) s.failures = extras->failures.size();
  for (auto const* frame : cell.frames()) {
    ++s.handlers;
    if (frame->waiting == nullptr) continue;
    wait_status w;
    w.what = name_of(frame->waiting->kind());
    if (frame->handled != nullptr && frame->handled->endpoint != nullptr) w.handler = frame->handled->endpoint->full_name();
    auto const& target = frame->waiting->target();
    auto const kind = frame->waiting->kind();
    if (target.local == 0 && (kind == wait_kind::reply || kind == wait_kind::several)) {
      w.target = awaited_by(cell);
    } else if (target != cell.id() && target.local != 0) {
      w.target = to_string(target);
    }
    s.waits.push_back(std::move(w));
  }
  return s;
}

}  // namespace

std::vector<std::string> proc_runtime::sessions() const { return sessions_.table().describe(); }

proc_status proc_runtime::status(std::size_t most_actors) const {
  proc_status s;
  s.counters = counters_;
  s.counters.procs_failed = failed_procs_.size();
  s.actor_count = actors_.size();
  std::vector<std::uint64_t> locals;
  for (auto const& [local, cell] : actors_) locals.push_back(local);  // banned-call: sorted below
  if (locals.size() > most_actors) {
    std::nth_element(locals.begin(), locals.begin() + static_cast<std::ptrdiff_t>(most_actors), locals.end());
    locals.resize(most_actors);
  }
  // In the order of names, as people look for them.
  std::sort(locals.begin(), locals.end(), [this](std::uint64_t a, std::uint64_t b) {
    auto const& left = *look_up(a);
    auto const& right = *look_up(b);
    return std::tuple(std::string_view(left.name()), left.where().rank(), a) <
           std::tuple(std::string_view(right.name()), right.where().rank(), b);
  });
  for (auto const local : locals) s.actors.push_back(status_of(*look_up(local)));
  for (std::size_t i = 0; i != tombstone_order_.size(); ++i) {
    auto const local = tombstone_order_[(next_tombstone_ + i) % tombstone_order_.size()];
    auto const at = tombstones_.find(local);
    if (at == tombstones_.end()) continue;
    auto const why = reason_of({self_, local}, at->second);
    if (why.code != errc::actor_stopped) s.failures.push_back({local, why.describe()});
  }
  constexpr std::size_t most_failures = 16;
  if (s.failures.size() > most_failures)
    s.failures.erase(s.failures.begin(), s.failures.end() - static_cast<std::ptrdiff_t>(most_failures));
  return s;
}

}  // namespace roost::detail
