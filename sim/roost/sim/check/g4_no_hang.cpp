#include <roost/sim/check/g4_no_hang.hpp>

#include <roost/sim/check/cycles.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace roost::sim::check {
namespace {

constexpr std::size_t most_lines = 200;

std::string_view name_of(wait_kind kind) {
  switch (kind) {
    case wait_kind::reply: return "reply";
    case wait_kind::credit: return "credit";
    case wait_kind::receiver: return "receiver";
    case wait_kind::sleep: return "sleep";
    case wait_kind::spawn: return "spawn";
    case wait_kind::several: return "several";
    case wait_kind::offload: return "offload";
  }
  return "wait";
}

}  // namespace

void g4_no_hang::see(scene const& at, facts const& known, findings& found) {
  if (at.seen.what == observed::settled) {
    if (known.healed() && at.seen.at - known.healed_at() > settle_limit_) {
      found.add("G4", "the run settled " + to_string(at.seen.at - known.healed_at()) + " after the network healed", at.seen);
    }
    return;
  }
  if (at.actor >= actors_.size()) actors_.resize(std::max<std::size_t>(at.actor + 1, 2 * actors_.size()));
  waiter& who = actors_[at.actor];
  switch (at.seen.what) {
    case observed::sent:
      if (who.deadline == never || who.concurrent > 0 || who.supervising) break;
      // What is sent after that deadline has none left, which travels as nothing remaining from now.
      if (at.seen.deadline == never || at.seen.deadline - std::max(who.deadline, at.seen.at) > hop_slack_) {
        found.add("G4",
                  known.name(at.actor) + " sent message " + std::to_string(at.seen.stamp.low) + " to " + known.name(at.other) +
                      (at.seen.deadline == never ? " without a deadline, beside"
                                                 : " with a deadline " + to_string(at.seen.deadline - who.deadline) + " after") +
                      " that of the call which its handler serves",
                  at.seen);
      }
      break;
    case observed::handler_started:
      if (at.seen.flag) {
        ++who.concurrent;
      } else {
        who.deadline = at.message == nullptr ? never : at.message->deadline;
      }
      break;
    case observed::handler_ended:
      // Which of several ended does not matter: the sends of the others cannot be told apart anyway.
      if (who.concurrent > 0) --who.concurrent;
      who.deadline = never;
      break;
    case observed::supervise_started: who.supervising = true; break;
    case observed::supervise_ended:
      who.supervising = false;
      who.kept_until = at.seen.at;
      break;
    case observed::wait_started: start(at, who, known, found); break;
    case observed::wait_ended: end(at, who, known, found); break;
    case observed::forwarded: forward(at); break;
    case observed::reply_arrived:
    case observed::told: std::erase_if(forwarded_, [&](auto const& one) { return one.stamp == at.seen.stamp; }); break;
    default: break;
  }
}

void g4_no_hang::forward(scene const& at) {
  if (at.pair == nullptr || at.message->complete()) return;
  auto const known =
      std::find_if(forwarded_.begin(), forwarded_.end(), [&](auto const& one) { return one.stamp == at.seen.stamp; });
  if (known == forwarded_.end()) {
    forwarded_.push_back({at.seen.stamp, at.other});
  } else {
    known->holder = at.other;
  }
  if (at.pair->sender >= actors_.size()) return;
  for (std::uint32_t open = actors_[at.pair->sender].first; open != nobody; open = waits_[open].next) {
    if (waits_[open].request == at.seen.stamp) waits_[open].target = at.other;
  }
}

void g4_no_hang::start(scene const& at, waiter& who, facts const& known, findings& found) {
  for (std::uint32_t open = who.first; open != nobody; open = waits_[open].next) {
    if (waits_[open].wait != at.seen.wait) continue;
    found.add("G4", known.name(at.actor) + " started wait " + std::to_string(at.seen.wait) + " twice", at.seen);
    return;
  }
  open_wait fresh{at.seen.wait, at.other, who.first, at.seen.kind, at.seen.at, at.seen.deadline, at.seen.stamp};
  if (at.seen.stamp != message_stamp{}) {
    for (auto const& one : forwarded_) {
      if (one.stamp == at.seen.stamp) fresh.target = one.holder;
    }
  }
  if (free_ == nobody) {
    who.first = static_cast<std::uint32_t>(waits_.size());
    waits_.push_back(fresh);
  } else {
    who.first = std::exchange(free_, waits_[free_].next);
    waits_[who.first] = fresh;
  }
}

void g4_no_hang::end(scene const& at, waiter& who, facts const& known, findings& found) {
  std::uint32_t* link = &who.first;
  while (*link != nobody && waits_[*link].wait != at.seen.wait) link = &waits_[*link].next;
  if (*link == nobody) {
    if (!known.actor(at.actor).over()) {
      found.add("G4", known.name(at.actor) + " ended wait " + std::to_string(at.seen.wait) + ", which is not open", at.seen);
    }
    return;
  }
  std::uint32_t const number = *link;
  open_wait const done = waits_[number];
  *link = done.next;
  waits_[number].next = free_;
  free_ = number;

  if (!known.healed() || known.actor(at.actor).over()) return;
  instant const free_since = std::max({done.since, known.healed_at(), who.kept_until});
  auto const late = [&](instant due, std::string const& why) {
    nanoseconds const by = at.seen.at - std::max(due, free_since);
    if (by <= detection_bound_) return false;
    found.add("G4",
              line({at.actor, &done}, known) + " and was ended " + to_string(by) + " after " + why + ", more than the bound of " +
                  to_string(detection_bound_),
              at.seen);
    return true;
  };
  if (done.deadline != never && late(done.deadline, "its deadline")) return;
  if (done.target == nobody || done.target == at.actor || done.kind == wait_kind::several) return;
  actor_facts const& target = known.actor(done.target);
  if (target.over()) late(target.over_at, "its target had ended");
}

void g4_no_hang::finish(facts const& known, findings& found) {
  bool const overdue = known.healed() && known.now() - known.healed_at() > settle_limit_;
  if (!known.settled() && !overdue) return;
  if (!known.settled()) {
    found.add("G4", "the run did not settle within " + to_string(settle_limit_) + " after the network healed", known.now(),
              known.event());
  }
  std::vector<edge> const open = edges(known);
  if (open.empty()) return;
  auto const cyclic = std::find_if(open.begin(), open.end(), [](edge const& one) { return one.in_cycle; });
  auto const in_cycles = std::count_if(open.begin(), open.end(), [](edge const& one) { return one.in_cycle; });
  std::string what = "no event is left and " + line(cyclic == open.end() ? open.front() : *cyclic, known);
  if (open.size() > 1) what += ", one of " + std::to_string(open.size()) + " open waits";
  if (in_cycles > 0) what += ", " + std::to_string(in_cycles) + " of them in cycles";
  found.add("G4", std::move(what), known.now(), known.event());
}

std::string g4_no_hang::graph(facts const& known) const {
  std::vector<edge> const open = edges(known);
  std::string text;
  for (std::size_t shown = 0; shown < open.size(); ++shown) {
    if (shown == most_lines) return text + "and " + std::to_string(open.size() - shown) + " more waits\n";
    text += line(open[shown], known) + (open[shown].in_cycle ? " [cycle]\n" : "\n");
  }
  return text;
}

std::vector<g4_no_hang::edge> g4_no_hang::edges(facts const& known) const {
  std::vector<edge> open;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> arcs;
  for (std::uint32_t from = 0; from < actors_.size(); ++from) {
    if (actors_[from].first == nobody || known.actor(from).over()) continue;
    for (std::uint32_t wait = actors_[from].first; wait != nobody; wait = waits_[wait].next) {
      open.push_back({from, &waits_[wait]});
      std::uint32_t const to = waits_[wait].target;
      if (to != nobody && to != from) arcs.emplace_back(from, to);
    }
  }
  std::vector<std::uint32_t> const cycle = cycles_of(static_cast<std::uint32_t>(known.actors().size()), std::move(arcs));
  for (edge& one : open) {
    std::uint32_t const to = one.wait->target;
    one.in_cycle = to != nobody && to != one.from && cycle[one.from] != 0 && cycle[one.from] == cycle[to];
  }
  std::sort(open.begin(), open.end(), [&](edge const& left, edge const& right) {
    return std::pair(known.actor(left.from).id, left.wait->wait) < std::pair(known.actor(right.from).id, right.wait->wait);
  });
  return open;
}

std::string g4_no_hang::line(edge const& one, facts const& known) const {
  std::string text = known.name(one.from) + " waits for ";
  text += one.wait->target == nobody || one.wait->target == one.from ? std::string("no actor") : known.name(one.wait->target);
  text += " (" + std::string(name_of(one.wait->kind)) + ", since " + to_string(one.wait->since);
  if (one.wait->deadline != never) text += ", until " + to_string(one.wait->deadline);
  return text + ")";
}

}  // namespace roost::sim::check
