#include <roost/sim/check/g8_supervision.hpp>

#include <algorithm>
#include <string>

namespace roost::sim::check {

void g8_supervision::see(scene const& at, facts const& known, findings& found) {
  auto const broke = [&](std::string const& what) { found.add("G8", what, at.seen); };
  if (at.seen.what == observed::unhandled_fault) {
    if (++hooks_ > 1) broke("the root's hook ran a second time: " + at.seen.text);
    return;
  }
  if (at.seen.what == observed::handler_started) {
    if (std::find(gave_up_.begin(), gave_up_.end(), at.actor) == gave_up_.end() || known.actor(at.actor).over()) return;
    if (known.actor(at.actor).owner != nobody) broke(known.name(at.actor) + " did not handle a failure and goes on");
    return;
  }
  if (at.seen.what == observed::supervise_ended) {
    if (!at.seen.flag) gave_up_.push_back(at.actor);
    return;
  }
  if (at.other == nobody) return;
  relation& tie = between(at.actor, at.other);
  switch (at.seen.what) {
    case observed::supervise_started: {
      if (++tie.supervised > 1) broke(known.name(at.actor) + " supervised " + known.name(at.other) + " a second time");
      std::uint32_t const owner = known.actor(at.other).owner;
      if (owner != nobody && owner != at.actor) {
        broke(known.name(at.actor) + " supervised " + known.name(at.other) + ", which " + known.name(owner) + " owns");
      }
      break;
    }
    case observed::notice:
      if (++tie.notices > tie.watches && watches_seen_) {
        broke(known.name(at.actor) + " got notice " + std::to_string(tie.notices) + " of the end of " + known.name(at.other) +
              ", which it watches " + std::to_string(tie.watches) + " times");
      }
      break;
    case observed::watch_started:
      watches_seen_ = true;
      ++tie.watches;
      break;
    case observed::watch_ended:
      if (tie.watches > 0) --tie.watches;
      break;
    default: break;
  }
}

void g8_supervision::finish(facts const& known, findings& found) {
  if (!known.settled()) return;
  auto const broke = [&](std::string what) { found.add("G8", std::move(what), known.now(), known.event()); };
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
