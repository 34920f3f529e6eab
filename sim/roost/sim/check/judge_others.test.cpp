// What the checkers of G1, G3, G7, G8 and G10 see of limits, ends, watches and ports.

#include <gtest/gtest.h>

#include <roost/sim/check/history.hpp>

namespace roost::sim::check {
namespace {

using promises = std::vector<std::string>;
promises const none;

actor_id const a = history::actor(1, 11);
actor_id const b = history::actor(2, 12);
actor_id const c = history::actor(3, 13);
message_stamp const callback{};

/// `c` does something, which lets the checkers look.
void stir(history& h) {
  h.wait(c, 1, c, never, wait_kind::sleep);
  h.go_on(c, 1);
}

TEST(G1Limit, NoMoreHandlersOfAConcurrentEndpointRunThanItTakes) {
  history h;
  for (int times = 0; times < 2; ++times) h.start(b, h.send(a, b), true).limit = 2;
  EXPECT_EQ(h.judged(), none);
  h.start(b, h.send(a, b), true).limit = 2;
  EXPECT_EQ(h.judged(), promises{"G1"});
}

TEST(G1Limit, EachEndpointHasItsOwn) {
  history h;
  for (std::uint64_t other = 0; other < 3; ++other) {
    auto const stamp = h.send(a, b);
    h.all().back().endpoint = {other + 1};
    auto& started = h.start(b, stamp, true);
    started.endpoint = {other + 1};
    started.limit = 1;
  }
  EXPECT_EQ(h.judged(), none);
}

TEST(G1End, AnActorEndsAfterAllThatRunsInIt) {
  for (auto const started : {observed::handler_started, observed::supervise_started, observed::cleanup_started}) {
    history h;
    h.add(observed::actor_started, a);
    h.add(started, a, b);
    h.add(observed::actor_ended, a);
    EXPECT_EQ(h.judged(), promises{"G1"});
  }
}

TEST(G3Size, AMessageIsAsLargeAsItWasSent) {
  history h;
  h.start(b, h.send(a, b, false, 40)).size = 40;
  h.end(b, {hash_of(a), 1});
  EXPECT_EQ(h.judged(), none);
  h.start(b, h.send(a, b, false, 40)).size = 240;
  EXPECT_EQ(h.judged(), promises{"G3"});
}

TEST(G3Lost, WhatIsOnItsWayToAnIdleReceiverForLongIsLost) {
  history h;
  h.add(observed::healed);
  h.handle(b, h.send(a, b));
  auto const lost = h.send(a, b);
  h.pass(5s);
  EXPECT_EQ(h.judged(), none);
  stir(h);
  EXPECT_EQ(h.judged(), promises{"G3"});
  h.start(b, lost);
  EXPECT_EQ(h.judged(), promises{"G3"});
}

TEST(G3Lost, ABusyReceiverMayTakeItsTime) {
  history h;
  h.add(observed::healed);
  h.start(b, h.send(a, b));
  (void)h.send(a, b);
  h.pass(5s);
  stir(h);
  EXPECT_EQ(h.judged(), none);
}

TEST(G3Lost, AProcMayBeKeptBusyByAnother) {
  history h;
  h.add(observed::healed);
  h.handle(b, h.send(a, b));
  h.add(observed::kept_busy, {b.proc, 0}).deadline = h.now() + 6s;
  (void)h.send(a, b);
  h.pass(5s);
  stir(h);
  EXPECT_EQ(h.judged(), none);
  h.pass(1500ms);
  stir(h);
  EXPECT_EQ(h.judged(), none);
  h.pass(2s);
  stir(h);
  EXPECT_EQ(h.judged(), promises{"G3"});
}

/// `b`, which goes on working, has started what came after `lost`.
history passed_over(message_stamp& lost) {
  history h;
  lost = h.send(a, b);
  h.start(b, h.send(a, b));
  return h;
}

TEST(G3Passed, WhoseMessageWasPassedOverIsToldWithinTheBound) {
  message_stamp lost;
  auto h = passed_over(lost);
  h.add(observed::healed);
  h.pass(2s);
  stir(h);
  EXPECT_EQ(h.judged(), none);
  auto told = h;
  told.tell(a, lost);
  told.pass(4s);
  stir(told);
  EXPECT_EQ(told.judged(), none);
  h.pass(2s);
  stir(h);
  EXPECT_EQ(h.judged(), promises{"G3"});
}

TEST(G3Passed, ASenderThatEndsSoonerNeedNotBeTold) {
  message_stamp lost;
  auto h = passed_over(lost);
  h.add(observed::healed);
  h.pass(2s);
  h.add(observed::actor_ended, a);
  h.pass(2s);
  stir(h);
  EXPECT_EQ(h.judged(), none);
}

TEST(G3Passed, ALiveRunHasNoWordOfItsFaultsAndIsJudgedAtItsEnd) {
  judge_settings live{.simulated = false};
  message_stamp lost;
  auto h = passed_over(lost);
  h.pass(2s);
  stir(h);
  EXPECT_EQ(h.judged(live), none);
  h.pass(2s);
  stir(h);
  EXPECT_EQ(h.judged(), none);
  EXPECT_EQ(h.judged(live), promises{"G3"});
}

TEST(G3Passed, OneThatLaterOnesOfOthersPassDoesNot) {
  judge_settings live{.simulated = false};
  history h;
  h.send(a, b);
  auto const told = h.send(a, c);
  h.handle(c, h.send(a, c));
  h.tell(a, told);
  h.handle(b, h.send(c, b));
  h.pass(9s);
  stir(h);
  EXPECT_EQ(h.judged(live), none);
}

TEST(G3Agent, AnAgentOfAProcThatLivesIsThere) {
  history h;
  actor_id const agent{b.proc, 3};
  h.tell(a, h.send(a, agent));
  h.all().back().why = errc::no_such_actor;
  EXPECT_EQ(h.judged(), promises{"G3"});
  h.all().insert(h.all().begin(), observation{.what = observed::proc_exited, .actor = {b.proc, 0}});
  EXPECT_EQ(h.judged(), none);
}

/// `b` was stopped by its owner `a`, and a message that was sent `before` that or afterwards came back.
history stopped(bool before) {
  history h;
  h.add(observed::actor_started, b, a);
  auto const ask = [&] { h.add(observed::end_asked, a, b).flag = true; };
  if (!before) ask();
  auto const message = h.send(a, b);
  if (before) ask();
  h.add(observed::actor_ended, b);
  h.tell(a, message);
  h.all().back().why = errc::actor_stopped;
  return h;
}

TEST(G3Stop, WhatWasSentBeforeItsReceiverWasStoppedIsHandled) {
  EXPECT_EQ(stopped(true).judged(), promises{"G3"});
  EXPECT_EQ(stopped(false).judged(), none);
}

TEST(G3Stop, SomebodyElseMayHaveStoppedIt) {
  auto h = stopped(true);
  auto other = observation{.what = observed::end_asked, .flag = true, .actor = c};
  other.other = b;
  h.all().insert(h.all().begin(), other);
  EXPECT_EQ(h.judged(), none);
}

TEST(G3Once, APortForOneValueGivesOne) {
  history h;
  h.add(observed::value_received, a, {a.proc, 2}).flag = true;
  h.add(observed::value_received, a, {a.proc, 4}).flag = true;
  EXPECT_EQ(h.judged(), none);
  h.add(observed::value_received, a, {a.proc, 2}).flag = true;
  EXPECT_EQ(h.judged(), promises{"G3"});
}

TEST(G7Cleanup, ACleanupEndsWithinItsBound) {
  history h;
  h.add(observed::healed);
  h.add(observed::actor_started, b, a);
  h.add(observed::cleanup_started, b);
  h.pass(5s);
  EXPECT_EQ(h.judged(), none);
  stir(h);
  EXPECT_EQ(h.judged(), promises{"G7"});
  h.all().insert(h.all().begin() + 3, observation{.what = observed::cleanup_ended, .actor = b});
  EXPECT_EQ(h.judged(), none);
}

TEST(G7Kill, WhoIsKilledIsGoneWithinTheBound) {
  history h;
  h.add(observed::healed);
  h.add(observed::end_asked, a, b);
  h.add(observed::actor_started, b, a);
  h.pass(11s);
  stir(h);
  EXPECT_EQ(h.judged(), none);
  h.pass(2s);
  stir(h);
  EXPECT_EQ(h.judged(), promises{"G7"});
}

TEST(G7Kill, AKillUnderFaultsMayBeLost) {
  history h;
  h.add(observed::end_asked, a, b);
  h.add(observed::actor_started, b, a);
  h.add(observed::healed);
  h.pass(20s);
  stir(h);
  EXPECT_EQ(h.judged(), none);
}

/// A proc launched that of `b`, who owns `c`; the first crashes, alone or with its host.
history parted(bool with_host) {
  history h;
  h.add(observed::healed);
  h.add(observed::proc_started, {b.proc, 0}, {a.proc, 0});
  h.add(observed::actor_started, c, b);
  h.add(observed::proc_crashed, {a.proc, 0}).flag = with_host;
  h.pass(5s);
  return h;
}

TEST(G7Launch, WhoIsOwnedFromAProcEndsWithTheLauncherOfThat) {
  auto h = parted(false);
  h.handle(c, callback);
  EXPECT_EQ(h.judged({.cleanup_bound = 3s}), none);
  EXPECT_EQ(h.judged({.cleanup_bound = 1s}), promises{"G7"});
}

TEST(G7Launch, AHostThatCrashesIsSilent) {
  auto h = parted(true);
  h.handle(c, callback);
  EXPECT_EQ(h.judged({.cleanup_bound = 1s}), none);
}

/// `a` has done something, watches `b`, and is idle for `after` since `b` ended; all faults are over.
history unaware(nanoseconds after = 5s, bool linked = false) {
  history h;
  h.add(observed::healed);
  h.add(observed::actor_started, a, c);
  h.start(a, callback);
  h.add(observed::watch_started, a, b).flag = linked;
  h.end(a, callback);
  h.add(observed::actor_ended, b).outcome = errc::actor_killed;
  h.pass(after);
  return h;
}

TEST(G8Notice, WhoIsIdleIsToldOfAnEndWithinTheBound) {
  auto h = unaware();
  EXPECT_EQ(h.judged(), none);
  stir(h);
  EXPECT_EQ(h.judged(), none);  // It may have begun to end.
  h.start(a, callback);
  EXPECT_EQ(h.judged(), promises{"G8"});
}

TEST(G8Notice, WhoMayHaveBegunToEndHasTheTimeOfACleanupMore) {
  auto h = unaware(6s);
  stir(h);
  EXPECT_EQ(h.judged({.cleanup_bound = 3s}), none);
  EXPECT_EQ(h.judged({.cleanup_bound = 1s}), promises{"G8"});
}

TEST(G8Notice, WhoIsBusyIsToldLater) {
  auto h = unaware();
  h.all()[4].what = observed::healed;  // The handler has not ended.
  stir(h);
  EXPECT_EQ(h.judged(), none);
}

TEST(G8Link, NothingStartsInWhoWasToldOfTheFailureOfItsLink) {
  auto h = unaware(1ms, true);
  h.start(a, callback);
  h.add(observed::notice, a, b).outcome = errc::actor_killed;
  h.end(a, callback);
  EXPECT_EQ(h.judged(), none);
  h.start(a, callback);
  EXPECT_EQ(h.judged(), promises{"G8"});
}

TEST(G8Link, AnEarlierWatchOfTheSameActorIsToldFirst) {
  auto h = unaware(1ms);
  h.add(observed::watch_started, a, b).flag = true;
  h.add(observed::notice, a, b).outcome = errc::actor_killed;
  h.handle(a, callback);
  EXPECT_EQ(h.judged(), none);
  h.add(observed::notice, a, b).outcome = errc::actor_killed;
  h.handle(a, callback);
  EXPECT_EQ(h.judged(), promises{"G8"});
}

TEST(G8Link, ALaterWatchOfWhatHadStoppedIsToldLast) {
  auto h = unaware(1ms, true);
  h.add(observed::watch_started, a, b);
  h.add(observed::notice, a, b).outcome = errc::actor_stopped;
  h.add(observed::notice, a, b).outcome = errc::proc_failed;
  h.handle(a, callback);
  EXPECT_EQ(h.judged(), none);
}

TEST(G8Link, TheEndOfALinkThatStoppedIsNoFailure) {
  auto h = unaware(1ms, true);
  h.add(observed::notice, a, b).outcome = errc::actor_stopped;
  h.start(a, callback);
  EXPECT_EQ(h.judged(), none);
}

TEST(G8Link, OneWhoseNoticeHasComeDoesNotBindALaterWatch) {
  auto h = unaware(1ms, true);
  h.add(observed::notice, a, b).outcome = errc::actor_stopped;
  h.add(observed::watch_started, a, b);
  h.add(observed::notice, a, b).outcome = errc::proc_failed;
  h.start(a, callback);
  EXPECT_EQ(h.judged(), none);
}

TEST(G8Calm, WhereNothingBreaksNobodyHearsOfAFailedProcThatLives) {
  history h;
  h.tell(a, h.send(a, b));
  h.all().back().why = errc::proc_failed;
  EXPECT_EQ(h.judged({.calm = true}), none);  // It was never seen to start.
  h.all().insert(h.all().begin(), observation{.what = observed::proc_started, .actor = {b.proc, 0}});
  EXPECT_EQ(h.judged(), none);
  EXPECT_EQ(h.judged({.calm = true}), promises{"G8"});
  h.all().insert(h.all().begin() + 1, observation{.what = observed::proc_crashed, .actor = {b.proc, 0}});
  EXPECT_EQ(h.judged({.calm = true}), none);
}

/// `a` sends a value to a port of `b`.
void lend(history& h) { h.add(observed::value_sent, a, {b.proc, 2}); }

TEST(G10Port, CreditBoundsTheValuesOfAPort) {
  history h;
  for (int times = 0; times < 5; ++times) lend(h);
  EXPECT_EQ(h.judged({.credit_messages = 4}), none);
  lend(h);
  EXPECT_EQ(h.judged({.credit_messages = 4}), promises{"G10"});
}

TEST(G10Port, ValuesThatAreReceivedOrComeBackTakeNoRoom) {
  history h;
  for (int times = 0; times < 20; ++times) {
    lend(h);
    h.add(observed::value_received, b, {b.proc, 2}).key = {hash_of(a)};
    lend(h);
    h.add(observed::value_back, a, {b.proc, 2});
  }
  EXPECT_EQ(h.judged({.credit_messages = 4}), none);
}

TEST(G10Port, AClosedPortHoldsNothing) {
  history h;
  for (int rounds = 0; rounds < 3; ++rounds) {
    for (int times = 0; times < 4; ++times) lend(h);
    h.add(observed::port_closed, b, {b.proc, 2});
  }
  EXPECT_EQ(h.judged({.credit_messages = 4}), none);
}

}  // namespace
}  // namespace roost::sim::check
