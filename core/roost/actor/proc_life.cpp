// The life of procs as one of them sees it: launching, verdicts, leases, the end of the program.

#include <roost/actor/knobs.hpp>
#include <roost/actor/proc_runtime.hpp>
#include <roost/base/plant.hpp>
#include <roost/wire/codec.hpp>

#include <algorithm>
#include <limits>

namespace roost::detail {
namespace {

ROOST_DEFINE_PLANT(plant_orphans_live, "orphans-live", "G7", "Actors whose owner's proc has failed go on.");
ROOST_DEFINE_PLANT(plant_waits_forgotten, "waits-forgotten", "G4", "Waits on the actors of a proc that failed are not ended.");
ROOST_DEFINE_PLANT(plant_failure_lost, "failure-lost", "G8", "The owner is not told of actors that died with their proc.");
ROOST_DEFINE_PLANT(plant_tombstone_forgotten, "tombstone-forgotten", "G7",
                   "A kill that comes before the spawn of its target is not remembered, and the target lives.");
ROOST_DEFINE_PLANT(plant_newcomer_uninformed, "newcomer-uninformed", "G4",
                   "A proc that is launched is not told which procs had failed before.");
ROOST_DEFINE_PLANT(plant_orphans_undeclared, "orphans-undeclared", "G7",
                   "Procs are not declared failed with the proc that launched them.");

/// A proc launches fewer on a host.
constexpr std::uint32_t procs_per_launcher = 4096;

}  // namespace

std::uint64_t proc_runtime::numbers_above() const {
  if (is_root()) return 0;
  auto all = hosts();
  std::sort(all.begin(), all.end());
  auto const host = static_cast<std::uint64_t>(std::lower_bound(all.begin(), all.end(), self_.host) - all.begin());
  return (std::uint64_t{self_.ordinal} * all.size() + host) * procs_per_launcher;
}

void proc_runtime::require_room_for_procs(std::uint64_t count) const {
  std::uint64_t most = 0;
  for (auto const& [where, launched] : ordinals_) most = std::max<std::uint64_t>(most, launched);
  if (count < procs_per_launcher - most && numbers_above() + procs_per_launcher <= std::numeric_limits<std::uint32_t>::max())
    return;
  throw exception(error(errc::bad_argument,
                        "a proc launches at most " + std::to_string(procs_per_launcher - 1) +
                            " procs on a host, and none where their numbers, which follow from its own, would pass 2^32",
                        place()));
}

proc_id proc_runtime::launch(host_id where, std::string name) {
  if (ordinals_[where] + 1 >= procs_per_launcher || bootstrap_) require_room_for_procs(1);
  proc_id const id{where, static_cast<std::uint32_t>(numbers_above()) + ++ordinals_[where], 1};
  launch_as(id, std::move(name));
  return id;
}

void proc_runtime::launch_as(proc_id id, std::string name) {
  bootstrap_body body{self_,
                      bootstrap_ ? bootstrap_->root : self_,
                      bootstrap_ ? bootstrap_->cluster : "roost",
                      bootstrap_ ? bootstrap_->token : "",
                      name,
                      {failed_procs_.begin(), failed_procs_.end()}};
  if (ROOST_PLANT(plant_newcomer_uninformed)) body.failed.clear();
  launched_.insert(id);
  leases_.add(id);
  sessions_->expect(id, seams_->clock->now() + seams_->knobs->duration(knobs::launch_bound));
  seams_->launcher->launch({id, std::move(name), wire::encode_shared(body)});
}

bool proc_runtime::forget_launched(proc_id which) {
  if (launched_.erase(which) == 0) return false;
  leases_.remove(which);
  return true;
}

void proc_runtime::launched(proc_id id) {
  set_current_platform(seams_);
  if (known_failed(id)) {
    seams_->launcher->kill(id);
  } else {
    sessions_->expect(id, seams_->clock->now());
  }
}

void proc_runtime::exited(proc_id id, error why) {
  set_current_platform(seams_);
  forget_launched(id);
  auto const reason = error(errc::proc_failed, "proc " + to_string(id) + " ended")
                          .caused_by(why.code == errc::ok ? error(errc::proc_failed, "it exited by itself") : why);
  declare(id, reason, self_);
  if (finishing_ && launched_.empty()) check_exit();
}

void proc_runtime::launching(proc_id id, proc_id by) {
  set_current_platform(seams_);
  if (ROOST_PLANT(plant_orphans_undeclared)) return;
  launched_by_others_[by].push_back(id);
  if (!known_failed(by)) return;
  sometimes(true, "actor: a proc that was declared failed launches another");
  take_orphans(by, {});
  pass_on_or_gather(self_);
}

bool proc_runtime::take_orphans(proc_id of, error const& why) {
  auto const orphans = launched_by_others_.extract(of);
  if (!orphans) return false;
  bool any = false;
  for (auto const& id : orphans.mapped()) {
    error const lost(errc::proc_failed, "proc " + to_string(id) + " is lost with " + to_string(of) + ", which launched it");
    auto const because = why ? lost.caused_by(why) : lost;
    if (!take_verdict(id, because)) continue;
    any = true;
    seams_->launcher->kill(id);
    take_orphans(id, because);
  }
  return any;
}

bool proc_runtime::take_verdict(proc_id dead, error const& why) {
  if (!failed_procs_.insert(dead).second) return false;
  if (forget_launched(dead)) seams_->launcher->kill(dead);
  // With a session, every message is told first, and then `session_lost` comes; without one nothing was sent.
  if (!sessions_->declare_failed(dead, why)) peer_gone(dead, why);
  untold_.push_back({dead, to_body(why)});
  return true;
}

void proc_runtime::declare(proc_id dead, error const& why, proc_id told_by) {
  if (dead == self_) {
    sometimes(true, "actor: a proc learns that it was declared failed");
    seams_->launcher->finish(error(errc::proc_failed, "this proc was declared failed").caused_by(why));
    return;
  }
  if (!take_verdict(dead, why)) return;
  // Who told of a launcher does not know what it had launched.
  pass_on_or_gather(take_orphans(dead, why) ? self_ : told_by);
}

void proc_runtime::pass_on_or_gather(proc_id told_by) {
  // When the program ends, procs end in crowds: their end is told to all others together.
  if (!finishing_) {
    pass_on_verdicts(told_by);
  } else if (!verdict_timer_.armed()) {
    seams_->clock->arm(verdict_timer_, seams_->clock->now() + seams_->knobs->duration(knobs::verdict_gather));
  }
}

void proc_runtime::pass_on_verdicts(proc_id told_by) {
  if (untold_.empty()) return;
  auto const body = wire::encode_shared(std::exchange(untold_, {}));
  auto const tell_proc = [&](proc_id to) {
    if (to != told_by && !known_failed(to)) sessions_->send_control(to, static_cast<std::uint16_t>(control_kind::verdict), body);
  };
  for (auto const& child : launched_) tell_proc(child);
  if (bootstrap_) tell_proc(bootstrap_->parent);
}

void proc_runtime::peer_gone(proc_id peer, error const& why) {
  if (!ROOST_PLANT(plant_waits_forgotten)) {
    std::vector<std::uint64_t> waiting;
    auto const look = [&](port_base const& p) {
      if (p.awaited && p.asked && p.target.proc == peer) waiting.push_back(p.number);
    };
    for (auto const& p : recent_ports_)
      if (p != nullptr) look(*p);
    for (auto const& [number, p] : ports_) look(*p);  // banned-call: sorted below
    std::sort(waiting.begin(), waiting.end());
    for (auto const number : waiting) {
      if (auto const p = find_port(number)) {
        close_port(*p);
        note_reply_arrived(*p, why.code);
        p->fail(why);
      }
    }
  }
  for (auto const& w : take_watches([&](watch_entry const& w) { return w.watched.proc == peer || w.watcher.proc == peer; })) {
    if (w.watched.proc != peer) continue;
    if (w.port == 0) {
      watcher_told(w.watcher, w.watched, w.linked, why);
    } else if (auto const p = find_port(w.port)) {
      p->fail(why);
    }
  }
  std::vector<actor_cell*> cells;
  for (auto const& [local, cell] : actors_) cells.push_back(cell.get());  // banned-call: sorted below
  std::sort(cells.begin(), cells.end(), [](actor_cell* a, actor_cell* b) { return a->id() < b->id(); });
  for (auto* cell : cells) {
    if (!ROOST_PLANT(plant_failure_lost)) {
      for (auto const& child : cell->children_on(peer)) cell->child_ended(child.id, why);
    }
    if (auto* extras = cell->extras_if_any(); extras != nullptr && extras->watchers != nullptr)
      extras->watchers->remove_those_on(peer);
    if (cell->owner().proc == peer && !ROOST_PLANT(plant_orphans_live)) {
      cell->end(error(errc::actor_killed, "the proc of its owner is lost").caused_by(why));
    }
  }
  wake_credit_of(peer);
  members_.peer_gone(peer);
  agents_asked_.clear();  // What was asked may be lost.
  if (!known_failed(peer)) return;
  for (auto& [local, held] : held_) {
    std::erase_if(held.raw, [&](link::incoming const& in) { return in.from == peer; });
  }
  std::erase_if(held_, [](auto const& entry) { return entry.second.raw.empty(); });
}

void proc_runtime::session_lost(proc_id peer, error why) {
  set_current_platform(seams_);
  sometimes(why.code == errc::path_lost, "actor: a path is lost");
  if (known_failed(peer)) {
    peer_gone(peer, why);
    return;
  }
  if (launched_.contains(peer)) {
    declare(peer, error(errc::proc_failed, "proc " + to_string(peer) + " did not answer its launcher").caused_by(why), self_);
    return;
  }
  if (bootstrap_ && peer == bootstrap_->parent) {
    seams_->launcher->finish(error(errc::path_lost, "the launching proc is out of reach").caused_by(why));
    return;
  }
  peer_gone(peer, why);
}

void proc_runtime::control(proc_id from, std::uint16_t kind, shared_bytes body) {
  set_current_platform(seams_);
  switch (static_cast<control_kind>(kind)) {
    case control_kind::verdict:
      if (auto const said = wire::decode<std::vector<verdict_body>>(body)) {
        for (auto const& each : *said) declare(each.dead, from_body(each.why), from);
      }
      break;
    case control_kind::kill:
      if (auto const said = wire::decode<target_body>(body)) {
        if (find(said->local) == nullptr && !tombstones_.contains(said->local)) {
          if (!ROOST_PLANT(plant_tombstone_forgotten))
            remember_end(said->local, {nullptr, {}, {}, std::make_unique<error const>(from_body(said->why))});
        } else {
          end_actor({self_, said->local}, false, from_body(said->why));
        }
      }
      break;
    case control_kind::cycle_probe:
      if (auto const probe = wire::decode<cycle_probe_body>(body)) chase(*probe);
      break;
    case control_kind::lease: lease_until_ = seams_->clock->boot() + seams_->knobs->duration(knobs::lease); break;
    case control_kind::shutdown: {
      std::vector<actor_cell*> cells;
      for (auto const& [local, cell] : actors_) cells.push_back(cell.get());  // banned-call: sorted below
      std::sort(cells.begin(), cells.end(), [](actor_cell* a, actor_cell* b) { return a->id() < b->id(); });
      for (auto* cell : cells) cell->end(error(errc::actor_killed, "the program is over"));
      root_ended({});
      break;
    }
  }
}

void proc_runtime::check_lease() {
  if (lease_until_ < seams_->clock->boot()) {
    sometimes(true, "actor: a lease runs out");
    seams_->launcher->finish(error(errc::proc_failed, "the lease of " + place() + " ran out: its launching proc was silent"));
    return;
  }
  seams_->clock->arm(lease_timer_, seams_->clock->now() + seams_->knobs->duration(knobs::lease) / 4);
}

void proc_runtime::root_ended(error const& why) {
  if (finishing_) return;
  if (is_root() && why.code != errc::ok && seams_->observer != nullptr) seams_->observer->unhandled_fault(why);
  finishing_ = why;
  for (auto const& child : launched_) sessions_->send_control(child, static_cast<std::uint16_t>(control_kind::shutdown), {});
  auto const patience = launched_.empty() ? nanoseconds(0) : seams_->knobs->duration(knobs::shutdown_bound);
  seams_->clock->arm(exit_timer_, seams_->clock->now() + patience);
}

void proc_runtime::check_exit() {
  if (finished_) return;
  finished_ = true;
  pass_on_gathered();
  for (auto const& child : launched_) seams_->launcher->kill(child);
  sessions_->close();
  seams_->launcher->finish(*finishing_);
}

}  // namespace roost::detail
