#pragma once
// Histories of observations written by hand: what the tests of checkers and records are made of.

#include <roost/sim/check/judge.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace roost::sim::check {

/// Writes observations one after the other, one microsecond apart. Actors are (proc ordinal, local number); stamps are numbered
/// per sender from 1, as the runtime's are.
class history {
 public:
  static constexpr endpoint_id endpoint{0xfeed};

  static actor_id actor(std::uint32_t proc, std::uint64_t local) { return {{{0}, proc, 1}, local}; }

  /// Adds an observation of `kind` by `who` about `whom`; what else it says is set on the result.
  observation& add(observed kind, actor_id who = {}, actor_id whom = {}) {
    observation& one = all_.emplace_back();
    one.what = kind;
    one.actor = who;
    one.other = whom;
    one.at = now_;
    one.event = all_.size();
    now_ += 1us;
    return one;
  }

  message_stamp send(actor_id from, actor_id to, bool awaits_reply = false, std::uint64_t size = 8) {
    observation& one = add(observed::sent, from, to);
    one.stamp = {hash_of(from), ++sends_[from]};
    one.endpoint = endpoint;
    one.flag = awaits_reply;
    one.size = size;
    return one.stamp;
  }
  observation& start(actor_id who, message_stamp stamp, bool concurrent = false) {
    observation& one = add(observed::handler_started, who);
    one.stamp = stamp;
    one.flag = concurrent;
    if (stamp != message_stamp{}) one.endpoint = endpoint;
    return one;
  }
  void end(actor_id who, message_stamp stamp) { add(observed::handler_ended, who).stamp = stamp; }
  void handle(actor_id who, message_stamp stamp) {
    start(who, stamp);
    end(who, stamp);
  }
  void tell(actor_id sender, message_stamp stamp, errc fate = errc::not_handled) {
    observation& one = add(observed::told, sender);
    one.stamp = stamp;
    one.outcome = fate;
  }
  void reply(actor_id replier, actor_id caller, message_stamp stamp) {
    add(observed::replied, replier).stamp = stamp;
    add(observed::reply_arrived, caller).stamp = stamp;
  }
  void wait(actor_id who, std::uint64_t number, actor_id target, instant deadline = never, wait_kind kind = wait_kind::reply) {
    observation& one = add(observed::wait_started, who, target);
    one.wait = number;
    one.deadline = deadline;
    one.kind = kind;
  }
  void go_on(actor_id who, std::uint64_t number, errc outcome = errc::ok) {
    observation& one = add(observed::wait_ended, who);
    one.wait = number;
    one.outcome = outcome;
  }
  void settle() {
    add(observed::healed);
    add(observed::settled);
  }

  void pass(nanoseconds time) { now_ += time; }
  instant now() const noexcept { return now_; }
  std::vector<observation>& all() noexcept { return all_; }

  /// The promises that `judge` finds broken, in its order.
  std::vector<std::string> judged(judge_settings settings = {}) const { return broken(all_, settings); }
  static std::vector<std::string> broken(std::vector<observation> const& all, judge_settings settings = {}) {
    judge seen(settings);
    for (observation const& one : all) seen.see(one);
    seen.finish();
    std::vector<std::string> promises;
    for (violation const& one : seen.violations()) promises.push_back(one.promise);
    return promises;
  }

 private:
  std::vector<observation> all_;
  std::map<actor_id, std::uint64_t> sends_;
  instant now_{};
};

}  // namespace roost::sim::check
