#include <roost/sim/check/g7_ownership.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace roost::sim::check {
namespace {

constexpr nanoseconds slack = std::chrono::seconds(1);
constexpr nanoseconds known_after = std::chrono::seconds(3);  ///< Of a proc that crashed alone: its host sees it at once.

}  // namespace

void g7_ownership::see(scene const& at, facts const& known, findings& found) {
  if (at.seen.what == observed::handler_started) {
    if (!parted_.empty()) outlive(at, known, found);
    std::uint32_t const owner = known.actor(at.actor).owner;
    if (owner != nobody && known.actor(owner).over()) orphan(at, known, found);
    return;
  }
  if (at.seen.what == observed::proc_started) {
    if (at.seen.other.proc.ordinal != 0) launches_.emplace_back(at.seen.other.proc, at.seen.actor.proc);
    return;
  }
  if (at.seen.what == observed::proc_crashed) {
    if (!at.seen.flag) part(at.seen.actor.proc, at.seen.at, known);
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
      expect(cleanups_, at.actor, at);
      for (std::uint32_t child = own.first_child; child != nobody; child = actors_[child].next_sibling) {
        actor_facts const& owned = known.actor(child);
        if (owned.over() || actors_[child].cleaned || owned.id.proc != at.seen.actor.proc) continue;
        found.add("G7", known.name(at.actor) + " started its cleanup before " + known.name(child) + ", which it owns, finished",
                  at.seen);
        break;
      }
      break;
    case observed::cleanup_ended: own.cleaned = true; break;
    case observed::end_asked:
      if (!at.seen.flag && at.other != nobody && known.healed()) expect(kills_, at.other, at);
      break;
    default: break;
  }
}

void g7_ownership::part(proc_id const& crashed, instant when, facts const& known) {
  for (auto const& [launcher, launched] : launches_) {
    if (launcher != crashed) continue;
    for (std::uint32_t number = 0; number < known.actors().size(); ++number) {
      actor_facts const& actor = known.actor(number);
      bool const owned = actor.owner != nobody && known.actor(actor.owner).id.proc == launched;
      if (owned && !actor.over() && actor.id.proc != launched) parted_.push_back({number, when});
    }
  }
}

void g7_ownership::outlive(scene const& at, facts const& known, findings& found) const {
  auto const one = std::find_if(parted_.begin(), parted_.end(), [&](course const& each) { return each.actor == at.actor; });
  if (one == parted_.end() || !known.healed() || known.actor(at.actor).over()) return;
  nanoseconds const late = at.seen.at - std::max(one->since, known.healed_at());
  if (late <= known_after + cleanup_bound_) return;
  found.add("G7",
            known.name(at.actor) + " starts a handler " + to_string(late) +
                " after a proc crashed that had launched the one of its owner",
            at.seen);
}

void g7_ownership::orphan(scene const& at, facts const& known, findings& found) const {
  std::uint32_t const owner = known.actor(at.actor).owner;
  if (!known.healed() || known.actor(at.actor).over()) return;
  nanoseconds const late = at.seen.at - std::max(known.actor(owner).over_at, known.healed_at());
  if (late <= orphan_bound_) return;
  found.add("G7",
            known.name(at.actor) + " starts a handler " + to_string(late) + " after its owner " + known.name(owner) +
                " ended, more than the bound of " + to_string(orphan_bound_),
            at.seen);
}

void g7_ownership::expect(std::vector<course>& those, std::uint32_t actor, scene const& at) {
  those.push_back({actor, at.seen.at});
  next_look_ = std::min(next_look_, at.seen.at + cleanup_bound_ + slack);
}

void g7_ownership::look(scene const& at, facts const& known, findings& found) {
  if (at.seen.at < next_look_) return;
  next_look_ = never;
  auto const overdue = [&](course const& one, nanoseconds bound, bool over, std::string const& what) {
    if (over) return true;
    instant const since = known.healed() ? std::max(one.since, known.healed_at()) : at.seen.at;
    next_look_ = std::min(next_look_, std::max(since + bound, at.seen.at + slack));
    if (at.seen.at - since <= bound || !known.has_time(known.actor(one.actor).id.proc)) return false;
    if (known.actor(one.actor).state == life::running) {
      found.add("G7",
                known.name(one.actor) + what + to_string(at.seen.at - one.since) + ", more than the bound of " + to_string(bound),
                at.seen);
    }
    return true;
  };
  std::erase_if(cleanups_, [&](course const& one) {
    bool const over = known.actor(one.actor).over() || actors_[one.actor].cleaned;
    return overdue(one, cleanup_bound_ + slack, over, " has cleaned up for ");
  });
  std::erase_if(kills_, [&](course const& one) {
    return overdue(one, detection_bound_ + longest_end * cleanup_bound_, known.actor(one.actor).over(),
                   " was to end at once and lives on for ");
  });
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
