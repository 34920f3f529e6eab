#include <gtest/gtest.h>

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <roost/sim/check/history.hpp>
#include <roost/sim/check/record.hpp>

#include <algorithm>
#include <deque>
#include <optional>

namespace roost::sim::check {
namespace {

constexpr judge_settings small{.credit_messages = 4, .credit_bytes = 100};

/// A sequential runtime of a few actors, which keeps every promise: each choice is one legal step.
class toy_runtime {
 public:
  explicit toy_runtime(std::vector<std::uint32_t> choices) : choices_(std::move(choices)) {
    for (std::size_t who = 0; who < actors; ++who) h_.add(observed::actor_started, id(who));
  }

  history run() {
    while (!choices_.empty()) step();
    drain();
    h_.settle();
    return std::move(h_);
  }

 private:
  static constexpr std::size_t actors = 5;
  struct message {
    std::size_t from = 0;
    message_stamp stamp;
    bool request = false;
  };
  struct party {
    bool alive = true;
    std::optional<message> serving;
    std::optional<std::size_t> waits_for;  ///< Its answer.
    std::deque<message> mailbox;
    std::uint64_t waits = 0;
  };

  static actor_id id(std::size_t who) { return history::actor(static_cast<std::uint32_t>(who), who + 1); }
  std::size_t choose(std::size_t below) {
    std::uint32_t const drawn = choices_.empty() ? 0 : choices_.back();
    if (!choices_.empty()) choices_.pop_back();
    return drawn % below;
  }
  std::size_t held(std::size_t from, std::size_t to) const {
    auto const& box = parties_[to].mailbox;
    return static_cast<std::size_t>(std::count_if(box.begin(), box.end(), [&](message const& m) { return m.from == from; }));
  }
  bool runs(std::size_t who) const { return parties_[who].alive && !parties_[who].waits_for; }

  void step() {
    std::size_t const who = choose(actors);
    if (!runs(who)) return;
    switch (choose(8)) {
      case 0:
      case 1:
      case 2: send(who, choose(actors), false); return;
      case 3: return call(who, choose(actors));
      case 4:
      case 5:
      case 6: return parties_[who].serving ? finish(who) : start(who);
      default:
        if (choose(8) == 0) end(who);
    }
  }
  std::optional<message> send(std::size_t who, std::size_t to, bool request) {
    if (held(who, to) == 4) return std::nullopt;
    message const sent{who, h_.send(id(who), id(to), request), request};
    if (parties_[to].alive) {
      parties_[to].mailbox.push_back(sent);
    } else {
      h_.tell(id(who), sent.stamp);
    }
    return sent;
  }
  void call(std::size_t who, std::size_t to) {
    if (!parties_[who].serving || to <= who || !parties_[to].alive) return;  // Calls go upwards only: no cycles.
    if (!send(who, to, true)) return;
    parties_[who].waits_for = to;
    h_.wait(id(who), ++parties_[who].waits, id(to));
  }
  void start(std::size_t who) {
    auto& own = parties_[who];
    if (own.mailbox.empty()) return;
    own.serving = own.mailbox.front();
    own.mailbox.pop_front();
    h_.start(id(who), own.serving->stamp);
  }
  void finish(std::size_t who) {
    message const served = *parties_[who].serving;
    if (served.request && parties_[served.from].alive) {
      h_.reply(id(who), id(served.from), served.stamp);
      wake(served.from);
    }
    h_.end(id(who), served.stamp);
    parties_[who].serving.reset();
  }
  void wake(std::size_t who) {
    parties_[who].waits_for.reset();
    h_.go_on(id(who), parties_[who].waits);
  }
  void end(std::size_t who) {
    auto& own = parties_[who];
    if (own.serving) finish(who);
    own.alive = false;
    if (choose(2) == 0) {
      h_.add(observed::proc_crashed, id(who));
    } else {
      h_.add(observed::actor_ended, id(who)).outcome = errc::actor_stopped;
    }
    for (message const& lost : std::exchange(own.mailbox, {})) {
      if (!parties_[lost.from].alive) continue;
      h_.tell(id(lost.from), lost.stamp);
      if (lost.request) wake(lost.from);
    }
  }
  void drain() {
    for (bool busy = true; busy;) {
      busy = false;
      for (std::size_t who = 0; who < actors; ++who) {
        if (!runs(who) || (!parties_[who].serving && parties_[who].mailbox.empty())) continue;
        parties_[who].serving ? finish(who) : start(who);
        busy = true;
      }
    }
  }

  std::vector<std::uint32_t> choices_;
  history h_;
  std::vector<party> parties_{actors};
};

std::vector<observation> legal_history() {
  auto const length = *rc::gen::inRange<std::size_t>(0, 1500);
  return toy_runtime(*rc::gen::container<std::vector<std::uint32_t>>(length, rc::gen::arbitrary<std::uint32_t>())).run().all();
}

/// Places of the observations that `wanted` picks; discards the case where there is none.
template <class Wanted>
std::size_t pick(std::vector<observation> const& all, Wanted wanted) {
  std::vector<std::size_t> places;
  for (std::size_t at = 0; at < all.size(); ++at) {
    if (wanted(all[at])) places.push_back(at);
  }
  RC_PRE(!places.empty());
  return *rc::gen::elementOf(places);
}
bool is_start(observation const& one) { return one.what == observed::handler_started; }

bool names(std::vector<std::string> const& promises, std::string const& promise) {
  return std::find(promises.begin(), promises.end(), promise) != promises.end();
}

RC_GTEST_PROP(JudgeProperty, LegalHistoriesPass, ()) {
  auto const all = legal_history();
  RC_ASSERT(history::broken(all, small) == std::vector<std::string>{});
}

RC_GTEST_PROP(JudgeProperty, LegalHistoriesPassWhenRecordedAndMerged, ()) {
  auto const all = legal_history();
  std::vector<proc_record> records(6);
  for (std::uint32_t proc = 0; proc < records.size(); ++proc) records[proc].proc = history::actor(proc, 0).proc;
  for (observation const& seen : all) {
    // Whoever outlives a proc writes down its crash.
    bool const own = seen.actor.local != 0 && seen.what != observed::proc_crashed;
    records[own ? seen.actor.proc.ordinal : 5].seen.push_back(seen);
  }
  for (proc_record& record : records) {
    std::string text = record_header(record.proc);
    for (observation const& seen : record.seen) append_record(text, seen);
    auto read = parse_record(text, "memory");
    RC_ASSERT(read.has_value());
    record = std::move(*read);
  }
  merged_records const merged = merge(records);
  RC_ASSERT(merged.forced == 0U);
  RC_ASSERT(history::broken(merged.seen, small) == std::vector<std::string>{});
}

RC_GTEST_PROP(JudgeProperty, TwoStartsOfAPairExchangedBreakG2, ()) {
  auto all = legal_history();
  std::size_t later = 0;
  std::size_t const first = pick(all, [&](observation const& one) {
    if (!is_start(one)) return false;
    for (std::size_t at = static_cast<std::size_t>(&one - all.data()) + 1; at < all.size(); ++at) {
      if (is_start(all[at]) && all[at].actor == one.actor && all[at].stamp.high == one.stamp.high) return true;
    }
    return false;
  });
  for (later = first + 1;
       !is_start(all[later]) || all[later].actor != all[first].actor || all[later].stamp.high != all[first].stamp.high;) {
    ++later;
  }
  // Sends of the later message come first too, so that order is all that breaks.
  std::size_t const sent =
      pick(all, [&](observation const& one) { return one.what == observed::sent && one.stamp == all[later].stamp; });
  RC_PRE(sent < first);
  auto const stamps = std::pair(all[first].stamp, all[later].stamp);
  for (observation& one : all) {
    if (one.actor != all[first].actor || (!is_start(one) && one.what != observed::handler_ended)) continue;
    if (one.stamp == stamps.first) {
      one.stamp = stamps.second;
    } else if (one.stamp == stamps.second) {
      one.stamp = stamps.first;
    }
  }
  RC_ASSERT(names(history::broken(all, small), "G2"));
}

RC_GTEST_PROP(JudgeProperty, AHandlerThatIsDroppedBreaksG3, ()) {
  auto all = legal_history();
  auto const dead = [&](message_stamp stamp) {
    return std::any_of(all.begin(), all.end(), [&](observation const& one) {
      bool const ends = one.what == observed::actor_ended || one.what == observed::proc_crashed;
      return ends && hash_of(one.actor) == stamp.high;
    });
  };
  message_stamp const stamp = all[pick(all, [&](observation const& one) { return is_start(one) && !dead(one.stamp); })].stamp;
  std::erase_if(
      all, [&](observation const& one) { return (is_start(one) || one.what == observed::handler_ended) && one.stamp == stamp; });
  RC_ASSERT(names(history::broken(all, small), "G3"));
}

RC_GTEST_PROP(JudgeProperty, AStartThatIsRepeatedBreaksG3, ()) {
  auto all = legal_history();
  std::size_t const at = pick(all, is_start);
  observation const again = all[at];
  RC_PRE(std::none_of(all.begin(), all.end(),
                      [&](observation const& one) { return one.what == observed::proc_crashed && one.actor == again.actor; }));
  all.insert(all.end() - 2, again);
  RC_ASSERT(names(history::broken(all, small), "G3"));
}

RC_GTEST_PROP(JudgeProperty, AStartAtAnotherActorBreaksG3, ()) {
  auto all = legal_history();
  all[pick(all, is_start)].actor = history::actor(7, 7);
  RC_ASSERT(names(history::broken(all, small), "G3"));
}

RC_GTEST_PROP(JudgeProperty, AFateThatIsRepeatedBreaksG3, ()) {
  auto all = legal_history();
  std::size_t const at = pick(all, [](observation const& one) { return one.what == observed::told; });
  observation const again = all[at];
  all.insert(all.begin() + static_cast<std::ptrdiff_t>(at), again);
  RC_ASSERT(names(history::broken(all, small), "G3"));
}

RC_GTEST_PROP(JudgeProperty, AnEndOfAWaitThatIsDroppedBreaksG4, ()) {
  auto all = legal_history();
  std::size_t const at = pick(all, [&](observation const& one) {
    return one.what == observed::wait_ended && std::none_of(all.begin(), all.end(), [&](observation const& other) {
             return (other.what == observed::actor_ended || other.what == observed::proc_crashed) && other.actor == one.actor;
           });
  });
  all.erase(all.begin() + static_cast<std::ptrdiff_t>(at));
  RC_ASSERT(names(history::broken(all, small), "G4"));
}

RC_GTEST_PROP(JudgeProperty, AnEndOfAHandlerThatIsLateBreaksG1, ()) {
  auto all = legal_history();
  std::size_t next = 0;
  std::size_t const at = pick(all, [&](observation const& one) {
    if (one.what != observed::handler_ended) return false;
    auto const later = std::find_if(all.begin() + (&one - all.data()), all.end(),
                                    [&](observation const& other) { return is_start(other) && other.actor == one.actor; });
    return later != all.end();
  });
  for (next = at; !is_start(all[next]) || all[next].actor != all[at].actor;) ++next;
  std::rotate(all.begin() + static_cast<std::ptrdiff_t>(at), all.begin() + static_cast<std::ptrdiff_t>(at) + 1,
              all.begin() + static_cast<std::ptrdiff_t>(next) + 1);
  RC_ASSERT(names(history::broken(all, small), "G1"));
}

}  // namespace
}  // namespace roost::sim::check
