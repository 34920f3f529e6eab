#include <roost/sim/check/g8_supervision.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace roost::sim::check {
namespace {

constexpr nanoseconds idle_enough = std::chrono::seconds(1);  ///< Then nothing lies in a mailbox.

}  // namespace

void g8_supervision::see(scene const& at, facts const& known, findings& found) {
  switch (at.seen.what) {
    case observed::handler_started:
      if (!suspects_.empty()) see_alive(at, known, found);
      [[fallthrough]];
    case observed::wait_ended:
      if (at.seen.at >= next_look_) look(at, known, found);
      if (at.seen.at >= next_notices_) look_for_notices(at, known, found);
      break;
    case observed::supervise_started:
    case observed::supervise_ended: supervise(at, known, found); break;
    case observed::actor_ended:
      if (at.seen.outcome == errc::actor_failed || at.seen.outcome == errc::handler_threw) lose(at.actor, at, known);
      break;
    case observed::proc_crashed:
    case observed::proc_exited:
      known.each_actor_of(at.seen.actor.proc, [&](std::uint32_t number) { lose(number, at, known); });
      break;
    case observed::cleanup_started:
      if (at.seen.at >= next_look_) look(at, known, found);
      std::erase_if(losses_, [&](loss const& one) { return one.owner == at.actor; });
      break;
    case observed::healed: next_look_ = at.seen.at; break;
    case observed::unhandled_fault:
      if (++hooks_ > 1) found.add("G8", "the root's hook ran a second time: " + at.seen.text, at.seen);
      break;
    case observed::told:
      if (at.pair != nullptr) trust(at.pair->receiver, at.seen.why, at, known, found);
      break;
    case observed::notice:
      if (at.other != nobody) take_notice(at, known, found);
      break;
    case observed::watch_started: {
      if (at.other == nobody) break;
      if (!watches_seen_) next_notices_ = at.seen.at + bound_;
      watches_seen_ = true;
      relation& tie = between(at.actor, at.other);
      ++tie.watches;
      if (at.seen.flag) tie.linked_watch = tie.watches;
      break;
    }
    default: break;
  }
}

void g8_supervision::take_notice(scene const& at, facts const& known, findings& found) {
  relation& tie = between(at.actor, at.other);
  bool const failed = at.seen.outcome != errc::ok && at.seen.outcome != errc::actor_stopped;
  if (failed && tie.notices + 1 == tie.linked_watch) {
    gave_up_.push_back(at.actor);
    next_look_ = at.seen.at;
  }
  trust(at.other, at.seen.outcome, at, known, found);
  if (++tie.notices <= tie.watches || !watches_seen_) return;
  found.add("G8",
            known.name(at.actor) + " got notice " + std::to_string(tie.notices) + " of the end of " + known.name(at.other) +
                ", which it watches " + std::to_string(tie.watches) + " times",
            at.seen);
}

void g8_supervision::trust(std::uint32_t whom, errc why, scene const& at, facts const& known, findings& found) const {
  if (!calm_ || why != errc::proc_failed || !known.runs(known.actor(whom).id.proc)) return;
  found.add("G8", known.name(at.actor) + " was told that the proc of " + known.name(whom) + " has failed, which lives", at.seen);
}

void g8_supervision::look_for_notices(scene const& at, facts const& known, findings& found) {
  // Where there are many and little happens, they are looked at less often.
  if (++passed_ < relations_.size() / 8) return;
  passed_ = 0;
  next_notices_ = at.seen.at + bound_ / 4;
  if (!known.healed()) return;
  for (relation& tie : relations_) {
    actor_facts const& watched = known.actor(tie.other);
    actor_facts const& watcher = known.actor(tie.actor);
    if (tie.notices >= tie.watches || tie.complained || !watched.over() || watcher.over() || watcher.idle_since == never)
      continue;
    nanoseconds const passed = at.seen.at - std::max(watched.over_at, known.healed_at());
    bool const idle = at.seen.at - watcher.idle_since >= idle_enough && known.has_time(watcher.id.proc);
    if (passed <= bound_ + idle_enough || !idle) continue;
    if (passed > bound_ + idle_enough + cleanup_bound_) {
      tie.complained = true;
      complain(tie, at, known, found);
    } else if (!std::exchange(tie.suspected, true)) {
      suspects_.push_back(static_cast<std::uint32_t>(&tie - relations_.data()));
    }
  }
}

void g8_supervision::see_alive(scene const& at, facts const& known, findings& found) {
  actor_facts const& watcher = known.actor(at.actor);
  bool const waited =
      watcher.idle_since != never && at.seen.at - watcher.idle_since >= idle_enough && known.has_time(watcher.id.proc);
  std::erase_if(suspects_, [&](std::uint32_t number) {
    relation const& tie = relations_[number];
    if (tie.notices >= tie.watches || tie.complained) return true;
    if (tie.actor != at.actor || !waited) return false;
    complain(tie, at, known, found);
    return true;
  });
}

void g8_supervision::complain(relation const& tie, scene const& at, facts const& known, findings& found) const {
  found.add("G8",
            known.name(tie.actor) + " was not told within " + to_string(bound_) + " that " + known.name(tie.other) +
                ", which it watches, ended",
            at.seen);
}

void g8_supervision::supervise(scene const& at, facts const& known, findings& found) {
  if (at.seen.what == observed::supervise_ended) {
    if (!at.seen.flag) {
      gave_up_.push_back(at.actor);
      next_look_ = at.seen.at;
    }
    std::erase(supervising_, at.actor);
    for (loss& one : losses_) {
      if (one.owner == at.actor) one.since = at.seen.at;
    }
    return;
  }
  supervising_.push_back(at.actor);
  if (at.other == nobody) return;
  trust(at.other, at.seen.outcome, at, known, found);
  std::erase_if(losses_, [&](loss const& one) { return one.owner == at.actor && one.failed == at.other; });
  relation& tie = between(at.actor, at.other);
  auto const broke = [&](std::string const& what) {
    found.add("G8", known.name(at.actor) + " supervised " + known.name(at.other) + what, at.seen);
  };
  if (++tie.supervised > 1) broke(" a second time");
  std::uint32_t const owner = known.actor(at.other).owner;
  if (owner != nobody && owner != at.actor) broke(", which " + known.name(owner) + " owns");
}

void g8_supervision::lose(std::uint32_t failed, scene const& at, facts const& known) {
  actor_facts const& lost = known.actor(failed);
  if (lost.state != life::running || lost.owner == nobody || known.actor(lost.owner).state != life::running) return;
  relation const* const tie = find(lost.owner, failed);
  if (tie != nullptr && tie->supervised > 0) return;
  losses_.push_back({lost.owner, failed, at.seen.at});
  next_look_ = std::min(next_look_, at.seen.at + bound_);
}

void g8_supervision::look(scene const& at, facts const& known, findings& found) {
  std::erase_if(gave_up_, [&](std::uint32_t number) { return known.actor(number).over(); });
  if (at.seen.what == observed::handler_started && known.actor(at.actor).owner != nobody &&
      std::find(gave_up_.begin(), gave_up_.end(), at.actor) != gave_up_.end()) {
    found.add("G8", known.name(at.actor) + " did not handle a failure, or is linked to one, and goes on", at.seen);
  }
  next_look_ = gave_up_.empty() ? never : at.seen.at;
  if (!known.healed()) return;
  // A cleanup, or a wait that ended because its actor ends, does not say since when it does.
  bool const stirs = at.seen.what != observed::cleanup_started && at.seen.outcome != errc::ended;
  std::erase_if(losses_, [&](loss& one) {
    if (known.actor(one.owner).over()) return true;
    bool const late = overdue(one, stirs && one.owner == at.actor, known);
    if (late && excused(one, known)) {
      one.since = at.seen.at;
    } else if (late) {
      found.add("G8", complaint(one, known), at.seen);
      return true;
    }
    next_look_ = std::min(next_look_, std::max(one.since, known.healed_at()) + bound_);
    return false;
  });
}

bool g8_supervision::overdue(loss const& one, bool stirs, facts const& known) const {
  nanoseconds const passed = known.now() - std::max(one.since, known.healed_at());
  return passed > (stirs ? bound_ : bound_ + cleanup_bound_);
}

bool g8_supervision::excused(loss const& one, facts const& known) const {
  auto const among = [&](std::vector<std::uint32_t> const& those) {
    return std::find(those.begin(), those.end(), one.owner) != those.end();
  };
  if (among(supervising_) || among(gave_up_)) return true;
  bool constructed = known.actor(one.owner).owner == nobody;
  for (pair_facts const& pair : known.pairs()) {
    if (pair.receiver != one.owner) continue;
    if (pair.sender == one.failed && pair.messages > 0) return true;
    constructed = constructed || pair.last_started > 0;
  }
  return !constructed;
}

std::string g8_supervision::complaint(loss const& one, facts const& known) const {
  return known.name(one.owner) + " was not told within " + to_string(bound_) + " that " + known.name(one.failed) +
         ", which it owns, failed";
}

void g8_supervision::finish(facts const& known, findings& found) {
  auto const broke = [&](std::string what) { found.add("G8", std::move(what), known.now(), known.event()); };
  for (loss const& one : losses_) {
    bool const late = known.healed() && !known.actor(one.owner).over() && overdue(one, false, known);
    if (late && !excused(one, known)) broke(complaint(one, known));
  }
  if (!known.settled()) return;
  for (std::uint32_t number = 0; number < known.actors().size(); ++number) {
    actor_facts const& actor = known.actor(number);
    bool const failed = actor.state == life::ended && (actor.reason == errc::actor_failed || actor.reason == errc::handler_threw);
    if (!failed || actor.owner == nobody || known.actor(actor.owner).state != life::running) continue;
    relation const* const tie = find(actor.owner, number);
    if (tie == nullptr || tie->supervised == 0) {
      broke(known.name(actor.owner) + " was never told that " + to_string(actor.id) + ", which it owns, failed");
    }
  }
  for (std::uint32_t const number : gave_up_) {
    actor_facts const& actor = known.actor(number);
    if (!actor.over() && actor.owner != nobody) broke(to_string(actor.id) + " did not handle a failure and lives on");
  }
  for (relation const& tie : relations_) {
    bool const due = known.actor(tie.other).over() && !known.actor(tie.actor).over();
    if (due && tie.notices < tie.watches) {
      broke(known.name(tie.actor) + " was told " + std::to_string(tie.notices) + " times that " + known.name(tie.other) +
            " ended, and watches it " + std::to_string(tie.watches) + " times");
    }
  }
}

g8_supervision::relation& g8_supervision::between(std::uint32_t actor, std::uint32_t other) {
  std::uint64_t const both = (std::uint64_t{actor} << 32) | other;
  auto const [number, fresh] = index_.insert(both, static_cast<std::uint32_t>(relations_.size()));
  if (fresh) relations_.push_back({.actor = actor, .other = other});
  return relations_[number];
}

g8_supervision::relation const* g8_supervision::find(std::uint32_t actor, std::uint32_t other) const {
  std::uint32_t const number = index_.find((std::uint64_t{actor} << 32) | other);
  return number == nobody ? nullptr : &relations_[number];
}

}  // namespace roost::sim::check
