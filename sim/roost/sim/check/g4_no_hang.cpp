#include <roost/sim/check/g4_no_hang.hpp>

#include <roost/sim/check/cycles.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace roost::sim::check {
namespace {

constexpr std::size_t most_lines = 200;
constexpr nanoseconds answer_slack = std::chrono::milliseconds(50);  ///< An answer that comes so close to a deadline may miss it.

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
  if (at.seen.what == observed::healed) {
    next_look_ = at.seen.at + detection_bound_;
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
      if (at.seen.outcome == errc::ended) endings_.push_back({at.actor, at.seen.at});
      left_open(at, who, "its last handler", known, found);
      break;
    case observed::supervise_started: who.supervising = true; break;
    case observed::supervise_ended:
      who.supervising = false;
      who.kept_until = at.seen.at;
      left_open(at, who, "its supervise", known, found);
      break;
    case observed::wait_started: start(at, who, known, found); break;
    case observed::wait_ended: end(at, who, known, found); break;
    case observed::forwarded: forward(at); break;
    case observed::reply_arrived:
    case observed::told: answer(at); break;
    default: break;
  }
}

void g4_no_hang::left_open(scene const& at, waiter const& who, char const* what, facts const& known, findings& found) {
  actor_facts const& actor = known.actor(at.actor);
  if (who.first == nobody || actor.open > 1 || actor.over() || waits_[who.first].complained) return;
  waits_[who.first].complained = true;
  found.add("G4", line({at.actor, &waits_[who.first]}, known) + ", and still did when " + what + " had ended", at.seen);
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

void g4_no_hang::answer(scene const& at) {
  std::erase_if(forwarded_, [&](auto const& one) { return one.stamp == at.seen.stamp; });
  for (std::uint32_t open = actors_[at.actor].first; open != nobody; open = waits_[open].next) {
    if (waits_[open].request == at.seen.stamp) waits_[open].answered = std::min(waits_[open].answered, at.seen.at);
  }
}

void g4_no_hang::start(scene const& at, waiter& who, facts const& known, findings& found) {
  for (std::uint32_t open = who.first; open != nobody; open = waits_[open].next) {
    if (waits_[open].wait != at.seen.wait) continue;
    found.add("G4", known.name(at.actor) + " started wait " + std::to_string(at.seen.wait) + " twice", at.seen);
    return;
  }
  open_wait fresh{.wait = at.seen.wait,
                  .target = at.other,
                  .next = who.first,
                  .kind = at.seen.kind,
                  .at_port = at.seen.flag,
                  .since = at.seen.at,
                  .deadline = at.seen.deadline,
                  .request = at.seen.stamp};
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

  if (at.seen.outcome == errc::ended) endings_.push_back({at.actor, at.seen.at});
  if (known.actor(at.actor).over() || done.complained) return;
  std::string why;
  edge const one{at.actor, &done};
  if (at.seen.outcome == errc::timeout && expired_wrongly(one, at.seen.at, known, why)) {
    found.add("G4", line(one, known) + " and was ended by its deadline, " + why, at.seen);
    return;
  }
  bool const by_word = done.kind == wait_kind::reply && done.request != message_stamp{} && done.answered == never &&
                       at.seen.outcome != errc::timeout && at.seen.outcome != errc::ended;
  if (by_word && known.lacks_word(at.actor, done.request, answer_slack)) {
    found.add("G4", line(one, known) + " and was ended, though neither its answer nor word of its request had come", at.seen);
    return;
  }
  instant const should_have = due(one, known, why);
  if (should_have == never || at.seen.at - should_have <= detection_bound_) return;
  found.add("G4",
            line(one, known) + " and was ended " + to_string(at.seen.at - should_have) + " after " + why +
                ", more than the bound of " + to_string(detection_bound_),
            at.seen);
}

bool g4_no_hang::expired_wrongly(edge const& one, instant now, facts const& known, std::string& why) const {
  open_wait const& wait = *one.wait;
  if (wait.answered != never && wait.deadline - wait.answered > answer_slack) {
    why = to_string(wait.deadline - wait.answered) + " after its answer had come";
    return true;
  }
  instant const room = room_since(one, known);
  if (room == never || now - room <= detection_bound_) return false;
  why = to_string(now - room) + " after all that was sent before had been handled or told";
  return true;
}

instant g4_no_hang::room_since(edge const& one, facts const& known) const {
  open_wait const& wait = *one.wait;
  bool const told_of = wait.kind == wait_kind::credit && !wait.at_port && wait.target != nobody && wait.target != one.from;
  if (!told_of || !known.healed()) return never;
  pair_facts const* const pair = known.pair_between(one.from, wait.target);
  if (pair == nullptr) return std::max(wait.since, known.healed_at());
  return pair->messages != 0 ? never : std::max(pair->last_released, known.healed_at());
}

instant g4_no_hang::due(edge const& one, facts const& known, std::string& why) const {
  open_wait const& wait = *one.wait;
  if (!known.healed()) return never;
  instant first = never;
  auto const take = [&](instant when, char const* what) {
    if (when >= first) return;
    first = when;
    why = what;
  };
  take(wait.deadline, "its deadline");
  bool const has_time = known.has_time(known.actor(one.from).id.proc);
  if (has_time) take(wait.answered, "its answer, or word of its request, had come");
  if (wait.target != nobody && wait.target != one.from && wait.kind != wait_kind::several) {
    actor_facts const& target = known.actor(wait.target);
    if (target.over()) take(target.over_at, "its target had ended");
    if (has_time) take(room_since(one, known), "all that was sent before had been handled or told");
  }
  return first == never ? never : std::max({first, wait.since, known.healed_at(), actors_[one.from].kept_until});
}

void g4_no_hang::look(scene const& at, facts const& known, findings& found) {
  // Where many wait and little happens, they are looked at less often.
  if (at.seen.at < next_look_ || ++passed_ < waits_.size() / 128) return;
  passed_ = 0;
  next_look_ = at.seen.at + detection_bound_ / 4;
  for (std::uint32_t from = 0; from < actors_.size(); ++from) {
    if (actors_[from].first == nobody || actors_[from].supervising || known.actor(from).over()) continue;
    for (std::uint32_t open = actors_[from].first; open != nobody; open = waits_[open].next) {
      std::string why;
      edge const one{from, &waits_[open]};
      instant const should_have = due(one, known, why);
      if (should_have == never || at.seen.at - should_have <= detection_bound_ || waits_[open].complained) continue;
      if (!known.has_time(known.actor(from).id.proc)) continue;
      waits_[open].complained = true;
      found.add("G4",
                line(one, known) + " and goes on " + to_string(at.seen.at - should_have) + " after " + why +
                    ", more than the bound of " + to_string(detection_bound_),
                at.seen);
    }
  }
  std::erase_if(endings_, [&](ending const& one) {
    if (known.actor(one.actor).over()) return true;
    nanoseconds const late = at.seen.at - std::max(one.since, known.healed_at());
    bool const has_time = known.has_time(known.actor(one.actor).id.proc);
    if (late <= detection_bound_ + longest_end * cleanup_bound_ || !has_time) return false;
    found.add("G4", known.name(one.actor) + " ends, as its handlers were told, and is not gone " + to_string(late) + " later",
              at.seen);
    return true;
  });
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
