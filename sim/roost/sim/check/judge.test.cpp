#include <gtest/gtest.h>

#include <roost/sim/check/history.hpp>

namespace roost::sim::check {
namespace {

using promises = std::vector<std::string>;
promises const none;

actor_id const a = history::actor(1, 1);
actor_id const b = history::actor(2, 2);
actor_id const c = history::actor(3, 3);
message_stamp const callback{};

TEST(Judge, PassesAConversation) {
  history h;
  h.add(observed::actor_started, a);
  h.add(observed::actor_started, b, a);
  h.start(a, callback);
  auto const request = h.send(a, b, true);
  h.wait(a, 1, b);
  h.start(b, request);
  h.reply(b, a, request);
  h.end(b, request);
  h.go_on(a, 1);
  h.end(a, callback);
  h.settle();
  EXPECT_EQ(h.judged(), none);
}

TEST(Judge, CountsHandlersOfMessages) {
  judge seen{{}};
  history h;
  h.handle(b, h.send(a, b));
  h.handle(b, callback);
  for (observation const& one : h.all()) seen.see(one);
  EXPECT_EQ(seen.messages(), 1U);
  EXPECT_FALSE(seen.wants_stop());
}

TEST(Judge, SaysWhatFailedWhereAndWhen) {
  history h;
  h.handle(b, {hash_of(a), 1});
  judge seen{{}};
  for (observation const& one : h.all()) seen.see(one);
  ASSERT_TRUE(seen.wants_stop());
  EXPECT_EQ(seen.violations().front().what, "h0/p2.1/a2 started message 1, which nobody sent");
  EXPECT_EQ(seen.violations().front().event, 1U);
}

TEST(Judge, StopsCollectingWhenABrokenRunRepeatsItself) {
  history h;
  for (int times = 0; times < 1000; ++times) h.handle(b, {hash_of(a), 1});
  EXPECT_EQ(h.judged().size(), 100U);
}

// G1

TEST(G1, OneHandlerAtATime) {
  history h;
  auto const first = h.send(a, b);
  auto const second = h.send(a, b);
  h.start(b, first);
  h.start(b, second);
  EXPECT_EQ(h.judged(), promises{"G1"});
}

TEST(G1, NoReentryWhileAHandlerWaits) {
  history h;
  auto const first = h.send(a, b);
  h.start(b, first);
  h.wait(b, 1, c);
  h.start(b, callback);
  EXPECT_EQ(h.judged(), promises{"G1"});
}

TEST(G1, ConcurrentEndpointsOverlap) {
  history h;
  auto const first = h.send(a, b);
  auto const second = h.send(a, b);
  h.start(b, first);
  h.start(b, second, true);
  h.end(b, first);
  h.start(b, callback);
  h.end(b, callback);
  h.end(b, second);
  EXPECT_EQ(h.judged(), none);
}

TEST(G1, SuperviseRunsWhileAHandlerWaits) {
  history h;
  h.start(b, callback);
  h.wait(b, 1, a);
  h.add(observed::supervise_started, b, c);
  h.wait(b, 2, a);
  h.go_on(b, 2);
  h.add(observed::supervise_ended, b, c).flag = true;
  h.go_on(b, 1);
  h.end(b, callback);
  EXPECT_EQ(h.judged(), none);
}

TEST(G1, SuperviseDoesNotInterruptAHandler) {
  history h;
  h.start(b, callback);
  h.add(observed::supervise_started, b, c);
  EXPECT_EQ(h.judged(), promises{"G1"});
}

TEST(G1, SuperviseIsNeverNested) {
  history h;
  h.add(observed::supervise_started, b, c);
  h.add(observed::supervise_started, b, a);
  EXPECT_EQ(h.judged(), promises{"G1"});
}

TEST(G1, NoHandlerGoesOnWhileSuperviseRuns) {
  history h;
  h.start(b, callback);
  h.wait(b, 1, a);
  h.add(observed::supervise_started, b, c);
  h.go_on(b, 1);
  EXPECT_EQ(h.judged(), promises{"G1"});
}

TEST(G1, NoHandlerStartsWhileSuperviseRuns) {
  history h;
  h.add(observed::supervise_started, b, c);
  h.start(b, callback, true);
  EXPECT_EQ(h.judged(), promises{"G1"});
}

TEST(G1, CleanupComesAfterTheLastHandler) {
  history h;
  h.start(b, callback);
  h.add(observed::cleanup_started, b);
  EXPECT_EQ(h.judged(), promises{"G1"});
}

TEST(G1, NothingRunsAfterCleanup) {
  history h;
  h.add(observed::cleanup_started, b);
  h.add(observed::cleanup_ended, b);
  h.start(b, callback);
  EXPECT_EQ(h.judged(), promises{"G1"});
}

TEST(G1, NothingRunsAfterTheEnd) {
  history h;
  h.add(observed::actor_ended, b);
  h.start(b, callback);
  EXPECT_EQ(h.judged(), promises{"G1"});
}

TEST(G1, ACrashedProcIsNotHeardOfAgain) {
  history h;
  h.add(observed::actor_started, a);
  h.add(observed::proc_crashed, a);
  h.send(a, b);
  EXPECT_EQ(h.judged(), promises{"G1"});
}

// G2

TEST(G2, ReorderIsCaught) {
  history h;
  auto const first = h.send(a, b);
  auto const second = h.send(a, b);
  h.handle(b, second);
  h.handle(b, first);
  EXPECT_EQ(h.judged(), promises{"G2"});
}

TEST(G2, OtherPairsAreFree) {
  history h;
  auto const to_b = h.send(a, b);
  auto const to_c = h.send(a, c);
  auto const from_c = h.send(c, b);
  h.handle(c, to_c);
  h.handle(b, from_c);
  h.handle(b, to_b);
  EXPECT_EQ(h.judged(), none);
}

TEST(G2, WhatWasToldLeavesNoGap) {
  history h;
  auto const first = h.send(a, b);
  auto const second = h.send(a, b);
  h.handle(b, second);
  h.tell(a, first);
  h.settle();
  EXPECT_EQ(h.judged(), none);
}

// G3

TEST(G3, LostMessageIsCaughtOnceSettled) {
  history h;
  h.send(a, b);
  EXPECT_EQ(h.judged(), none);
  h.settle();
  EXPECT_EQ(h.judged(), promises{"G3"});
}

TEST(G3, NobodyIsToldWhenTheSenderHasEnded) {
  history h;
  h.send(a, b);
  h.send(c, b);
  h.add(observed::actor_ended, a);
  h.add(observed::proc_crashed, c);
  h.settle();
  EXPECT_EQ(h.judged(), none);
}

TEST(G3, HandledTwiceIsCaught) {
  history h;
  auto const stamp = h.send(a, b);
  h.handle(b, stamp);
  h.handle(b, stamp);
  EXPECT_EQ(h.judged(), promises{"G3"});
}

TEST(G3, HandledTwiceIsCaughtLongAfter) {
  history h;
  auto const stamp = h.send(a, b);
  h.handle(b, stamp);
  for (int more = 0; more < 5000; ++more) h.handle(b, h.send(a, b));
  h.handle(b, stamp);
  EXPECT_EQ(h.judged(), promises{"G3"});
}

TEST(G3, ToldTwiceIsCaught) {
  history h;
  auto const stamp = h.send(a, b);
  h.tell(a, stamp, errc::unknown);
  for (int more = 0; more < 5000; ++more) h.handle(b, h.send(a, b));
  h.tell(a, stamp, errc::unknown);
  EXPECT_EQ(h.judged(), promises{"G3"});
}

TEST(G3, ToldNotHandledAndHandledIsCaughtEitherWayRound) {
  history before;
  auto const first = before.send(a, b);
  before.tell(a, first);
  before.handle(b, first);
  EXPECT_EQ(before.judged(), promises{"G3"});
  history after;
  auto const second = after.send(a, b);
  after.handle(b, second);
  after.tell(a, second);
  EXPECT_EQ(after.judged(), promises{"G3"});
}

TEST(G3, UnknownMayHaveBeenHandledOrBeYet) {
  history h;
  auto const first = h.send(a, b);
  auto const second = h.send(a, b);
  h.handle(b, first);
  h.tell(a, first, errc::unknown);
  h.tell(a, second, errc::unknown);
  h.handle(b, second);
  h.settle();
  EXPECT_EQ(h.judged(), none);
}

TEST(G3, WrongReceiverIsCaught) {
  history h;
  h.handle(c, h.send(a, b));
  EXPECT_EQ(h.judged(), promises{"G3"});
}

TEST(G3, WrongEndpointIsCaught) {
  history h;
  auto const stamp = h.send(a, b);
  h.start(b, stamp).endpoint = {1};
  EXPECT_EQ(h.judged(), promises{"G3"});
}

TEST(G3, AnActorThatEndedHandlesNothing) {
  history h;
  auto const stamp = h.send(a, b);
  h.add(observed::actor_ended, b);
  h.start(b, stamp);
  EXPECT_EQ(h.judged(), promises{"G3"});
}

TEST(G3, SecondAnswerIsCaught) {
  history h;
  auto const stamp = h.send(a, b, true);
  h.handle(b, stamp);
  h.reply(b, a, stamp);
  for (int more = 0; more < 100; ++more) h.handle(b, h.send(a, b));
  h.reply(b, a, stamp);
  EXPECT_EQ(h.judged(), promises{"G3"});
}

TEST(G3, AnAnswerAndAFateAreTwoEnds) {
  history h;
  auto const stamp = h.send(a, b, true);
  h.handle(b, stamp);
  h.tell(a, stamp, errc::unknown);
  h.reply(b, a, stamp);
  EXPECT_EQ(h.judged(), promises{"G3"});
}

TEST(G3, AnswersOfManyOpenRequestsMayComeInAnyOrder) {
  history h;
  std::vector<message_stamp> stamps;
  for (int more = 0; more < 5000; ++more) h.handle(b, stamps.emplace_back(h.send(a, b, true)));
  for (auto stamp = stamps.rbegin(); stamp != stamps.rend(); ++stamp) h.reply(b, a, *stamp);
  h.settle();
  EXPECT_EQ(h.judged(), none);
  h.reply(b, a, stamps[17]);
  EXPECT_EQ(h.judged(), promises{"G3"});
}

TEST(G3, AStampIsUsedOnce) {
  history h;
  h.send(a, b);
  observation again = h.all().back();
  h.all().push_back(again);
  EXPECT_EQ(h.judged(), promises{"G3"});
}

TEST(G3, RecordsOfACrashedRealProcMayBeMissing) {
  history h;
  h.add(observed::proc_crashed, a);
  h.handle(b, {hash_of(a), 1});
  EXPECT_EQ(h.judged(), promises{"G3"});
  EXPECT_EQ(h.judged({.simulated = false}), none);
}

// G4

TEST(G4, AWaitThatNobodyEndsIsCaughtOnceSettled) {
  history h;
  h.wait(a, 1, b);
  EXPECT_EQ(h.judged(), none);
  h.settle();
  EXPECT_EQ(h.judged(), promises{"G4"});
}

TEST(G4, WaitsOfTheDeadEndWithThem) {
  history h;
  h.wait(a, 1, b);
  h.wait(c, 1, b);
  h.add(observed::actor_ended, a);
  h.add(observed::proc_crashed, c);
  h.settle();
  EXPECT_EQ(h.judged(), none);
}

TEST(G4, ALateEndAfterTheDeadlineIsCaught) {
  history h;
  h.add(observed::healed);
  h.wait(a, 1, b, h.now() + 1s);
  h.wait(c, 1, b, h.now() + 1s);
  h.pass(2s);
  h.go_on(c, 1, errc::timeout);
  EXPECT_EQ(h.judged(), none);
  h.pass(3s);
  h.go_on(a, 1, errc::timeout);
  EXPECT_EQ(h.judged(), promises{"G4"});
}

TEST(G4, TimeUnderFaultsDoesNotCount) {
  history h;
  h.wait(a, 1, b, h.now() + 1s);
  h.pass(9s);
  h.add(observed::healed);
  h.go_on(a, 1, errc::timeout);
  EXPECT_EQ(h.judged(), none);
}

TEST(G4, ALateEndAfterTheTargetsIsCaught) {
  history h;
  h.add(observed::healed);
  h.wait(a, 1, b);
  h.add(observed::actor_ended, b);
  h.pass(4s);
  h.go_on(a, 1, errc::actor_failed);
  EXPECT_EQ(h.judged(), promises{"G4"});
}

TEST(G4, ACallDoesNotOutliveTheCallItServes) {
  history h;
  auto const outer = h.send(a, b);
  h.all().back().deadline = instant(5s);
  h.start(b, outer);
  h.send(b, c);
  h.all().back().deadline = instant(5500ms);
  EXPECT_EQ(h.judged(), none);
  h.send(b, c);
  h.all().back().deadline = instant(8s);
  EXPECT_EQ(h.judged(), promises{"G4"});
}

TEST(G4, ACallWithoutADeadlineOutlivesTheCallItServes) {
  history h;
  auto const outer = h.send(a, b);
  h.all().back().deadline = instant(5s);
  h.start(b, outer);
  h.send(b, c);
  EXPECT_EQ(h.judged(), promises{"G4"});
}

TEST(G4, SlowSettlingIsCaught) {
  history h;
  h.add(observed::healed);
  h.pass(61s);
  h.add(observed::settled);
  EXPECT_EQ(h.judged(), promises{"G4"});
}

TEST(G4, TheGraphShowsWhoWaitsForWhom) {
  history h;
  h.wait(b, 1, a);
  h.wait(c, 7, a, instant(2s), wait_kind::credit);
  h.wait(a, 4, b);
  h.wait(a, 5, a, never, wait_kind::sleep);
  h.settle();
  judge seen{{}};
  for (observation const& one : h.all()) seen.see(one);
  seen.finish();
  EXPECT_EQ(seen.wait_graph(),
            "h0/p1.1/a1 waits for h0/p2.1/a2 (reply, since 2us) [cycle]\n"
            "h0/p1.1/a1 waits for no actor (sleep, since 3us)\n"
            "h0/p2.1/a2 waits for h0/p1.1/a1 (reply, since 0s) [cycle]\n"
            "h0/p3.1/a3 waits for h0/p1.1/a1 (credit, since 1us, until 2s)\n");
  ASSERT_EQ(seen.violations().size(), 1U);
  EXPECT_EQ(seen.violations().front().what,
            "no event is left and h0/p1.1/a1 waits for h0/p2.1/a2 (reply, since 2us), one of 4 open waits, 2 of them in cycles");
}

// G7 and G8

TEST(G7, CleanupOfChildrenComesFirst) {
  history h;
  actor_id const child = history::actor(1, 9);
  h.add(observed::actor_started, a);
  h.add(observed::actor_started, child, a);
  h.add(observed::cleanup_started, a);
  EXPECT_EQ(h.judged(), promises{"G7"});
}

TEST(G7, AChildThatStartsTwiceIsOneChild) {
  history h;
  auto const other = history::actor(2, 7);
  h.add(observed::actor_started, a, other);
  h.add(observed::actor_started, b, other);
  h.add(observed::actor_started, a, other);
  h.add(observed::actor_started, b, other);
  h.add(observed::cleanup_started, other);
  EXPECT_EQ(h.judged(), (promises{"G1", "G1", "G7"}));  // And comes to an end.
}

TEST(G7, NobodyOutlivesItsOwner) {
  history h;
  h.add(observed::actor_started, a);
  h.add(observed::actor_started, b, a);
  h.add(observed::proc_crashed, a);
  h.settle();
  EXPECT_EQ(h.judged(), promises{"G7"});
}

TEST(G7, AnOrphanStartsNothingAfterTheBound) {
  history h;
  h.add(observed::actor_started, a);
  h.add(observed::actor_started, b, a);
  h.add(observed::healed);
  h.add(observed::actor_ended, a);
  h.pass(6s);
  h.handle(b, callback);
  EXPECT_EQ(h.judged(), none);
  h.pass(2s);
  h.handle(b, callback);
  EXPECT_EQ(h.judged(), promises{"G7"});
}

TEST(G8, WhoDoesNotHandleAFailureStartsNothingMore) {
  history h;
  h.add(observed::actor_started, a);
  h.add(observed::actor_started, b, a);
  h.add(observed::actor_started, c, b);
  h.add(observed::supervise_started, b, c);
  h.add(observed::supervise_ended, b, c);
  h.start(b, callback);
  EXPECT_EQ(h.judged(), promises{"G8"});
}

TEST(G8, OneFailureIsSupervisedOnce) {
  history h;
  h.add(observed::actor_started, b, a);
  for (int times = 0; times < 2; ++times) {
    h.add(observed::supervise_started, a, b);
    h.add(observed::supervise_ended, a, b).flag = true;
  }
  EXPECT_EQ(h.judged(), promises{"G8"});
}

TEST(G8, OnlyTheOwnerSupervises) {
  history h;
  h.add(observed::actor_started, b, a);
  h.add(observed::supervise_started, c, b);
  EXPECT_EQ(h.judged(), promises{"G8"});
}

TEST(G8, AFailureIsNeverLost) {
  history h;
  h.add(observed::actor_started, a);
  h.add(observed::actor_started, b, a);
  h.add(observed::actor_ended, b).outcome = errc::handler_threw;
  h.settle();
  EXPECT_EQ(h.judged(), promises{"G8"});
}

TEST(G8, WhoDoesNotHandleAFailureFails) {
  history h;
  h.add(observed::actor_started, c);
  h.add(observed::actor_started, a, c);
  h.add(observed::actor_started, b, a);
  h.add(observed::actor_ended, b).outcome = errc::actor_failed;
  h.add(observed::supervise_started, a, b);
  h.add(observed::supervise_ended, a, b);
  h.settle();
  EXPECT_EQ(h.judged(), promises{"G8"});
}

TEST(G8, TheRootsHookRunsOnce) {
  history h;
  h.add(observed::unhandled_fault);
  h.add(observed::unhandled_fault);
  EXPECT_EQ(h.judged(), promises{"G8"});
}

TEST(G8, EachWatchGetsOneNotice) {
  history h;
  h.add(observed::watch_started, a, b);
  h.add(observed::actor_ended, b);
  h.settle();
  EXPECT_EQ(h.judged(), promises{"G8"});
  h.add(observed::notice, a, b);
  EXPECT_EQ(h.judged(), none);
  h.add(observed::notice, a, b);
  EXPECT_EQ(h.judged(), promises{"G8"});
}

// G10

TEST(G10, CreditInMessagesBoundsAPair) {
  history h;
  for (int sent = 0; sent < 5; ++sent) h.send(a, b);
  h.send(a, c);
  EXPECT_EQ(h.judged({.credit_messages = 4}), none);
  h.send(a, b);
  EXPECT_EQ(h.judged({.credit_messages = 4}), promises{"G10"});
}

TEST(G10, CreditComesBackWithAStartOrAFate) {
  history h;
  for (int sent = 0; sent < 100; ++sent) {
    auto const first = h.send(a, b);
    auto const second = h.send(a, b);
    h.handle(b, second);
    h.tell(a, first, errc::unknown);
  }
  EXPECT_EQ(h.judged({.credit_messages = 1}), none);
}

TEST(G10, CreditInBytesBoundsAPair) {
  history h;
  for (std::uint64_t const size : {600, 400, 2000}) h.send(a, b, false, size);
  EXPECT_EQ(h.judged({.credit_bytes = 1000}), none);
  h.send(a, b, false, 1);
  EXPECT_EQ(h.judged({.credit_bytes = 1000}), promises{"G10"});
}

TEST(G10, AnOversizeMessageGoesAlone) {
  history h;
  h.send(a, b, false, 5000);
  h.send(a, b, false, 3000);
  EXPECT_EQ(h.judged({.credit_bytes = 1000}), none);
  h.send(a, b, false, 10);
  EXPECT_EQ(h.judged({.credit_bytes = 1000}), promises{"G10"});
}

}  // namespace
}  // namespace roost::sim::check
