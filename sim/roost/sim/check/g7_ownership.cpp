#include <roost/sim/check/g7_ownership.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace roost::sim::check {

void g7_ownership::see(scene const& at, facts const& known, findings& found) {
  if (at.seen.what == observed::handler_started) {
    std::uint32_t const owner = known.actor(at.actor).owner;
    if (owner == nobody || !known.healed() || !known.actor(owner).over() || known.actor(at.actor).over()) return;
    nanoseconds const late = at.seen.at - std::max(known.actor(owner).over_at, known.healed_at());
    if (late <= orphan_bound_) return;
    found.add("G7",
              known.name(at.actor) + " starts a handler " + to_string(late) + " after its owner " + known.name(owner) +
                  " ended, more than the bound of " + to_string(orphan_bound_),
              at.seen);
    return;
  }
  if (known.actors().size() > actors_.size()) actors_.resize(std::max(known.actors().size(), 2 * actors_.size()));
  family& own = actors_[at.actor];
  switch (at.seen.what) {
    case observed::actor_started:
      if (at.other == nobody || at.other == at.actor || std::exchange(own.listed, true)) break;
      own.next_sibling = actors_[at.other].first_child;
      actors_[at.other].first_child = at.actor;
      break;
    case observed::cleanup_started:
      for (std::uint32_t child = own.first_child; child != nobody; child = actors_[child].next_sibling) {
        actor_facts const& owned = known.actor(child);
        if (owned.over() || actors_[child].cleaned || owned.id.proc != at.seen.actor.proc) continue;
        found.add("G7", known.name(at.actor) + " started its cleanup before " + known.name(child) + ", which it owns, finished",
                  at.seen);
        break;
      }
      break;
    case observed::cleanup_ended: own.cleaned = true; break;
    default: break;
  }
}

void g7_ownership::finish(facts const& known, findings& found) {
  if (!known.settled()) return;
  for (actor_facts const& actor : known.actors()) {
    if (actor.state != life::running || actor.owner == nobody || !known.actor(actor.owner).over()) continue;
    found.add("G7", to_string(actor.id) + " lives on and its owner " + known.name(actor.owner) + " has ended", known.now(),
              known.event());
  }
}

}  // namespace roost::sim::check
