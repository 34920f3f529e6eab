#include <gtest/gtest.h>

#include <roost/sim/check/history.hpp>

namespace roost::sim::check {
namespace {

using promises = std::vector<std::string>;
promises const none;

actor_id const a = history::actor(1, 1);
actor_id const b = history::actor(2, 2);
actor_id const c = history::actor(3, 3);

/// `a` waits for the answer of `b`, until `deadline`; all faults are over.
history asked(message_stamp& request, instant deadline = never) {
  history h;
  h.add(observed::healed);
  h.start(a, {});
  request = h.send(a, b, true);
  h.wait(a, 1, b, deadline);
  h.all().back().stamp = request;
  return h;
}

/// `c` does something, which lets the checkers look.
void stir(history& h) {
  h.wait(c, 1, c, never, wait_kind::sleep);
  h.go_on(c, 1);
}

TEST(G4Answer, AWaitDoesNotExpireWhoseAnswerHadCome) {
  message_stamp request;
  auto h = asked(request, instant(2s));
  h.handle(b, request);
  h.reply(b, a, request);
  h.pass(2s);
  h.go_on(a, 1, errc::timeout);
  EXPECT_EQ(h.judged(), promises{"G4"});
}

TEST(G4Answer, AnAnswerThatComesWithTheDeadlineMayMissIt) {
  message_stamp request;
  auto h = asked(request, instant(2s));
  h.handle(b, request);
  h.pass(2s - 10ms);
  h.reply(b, a, request);
  h.pass(10ms);
  h.go_on(a, 1, errc::timeout);
  EXPECT_EQ(h.judged(), none);
}

TEST(G4Answer, AWaitEndsWithinTheBoundOfItsAnswer) {
  message_stamp request;
  auto h = asked(request);
  h.handle(b, request);
  h.reply(b, a, request);
  h.pass(2s);
  stir(h);
  EXPECT_EQ(h.judged(), none);
  h.pass(2s);
  stir(h);
  EXPECT_EQ(h.judged(), promises{"G4"});
}

TEST(G4Answer, AWaitEndsWithinTheBoundOfWordThatThereIsNoAnswer) {
  message_stamp request;
  auto h = asked(request);
  h.tell(a, request);
  h.pass(4s);
  stir(h);
  EXPECT_EQ(h.judged(), promises{"G4"});
}

TEST(G4Answer, OneWaitIsComplainedOfOnce) {
  message_stamp request;
  auto h = asked(request);
  h.tell(a, request);
  for (int times = 0; times < 3; ++times) {
    h.pass(4s);
    stir(h);
  }
  h.go_on(a, 1);
  EXPECT_EQ(h.judged(), promises{"G4"});
}

TEST(G4Answer, ASuperviseMayKeepWhoWaits) {
  message_stamp request;
  auto h = asked(request);
  h.add(observed::supervise_started, a, c);
  h.tell(a, request);
  h.pass(4s);
  stir(h);
  h.add(observed::supervise_ended, a, c).flag = true;
  h.go_on(a, 1);
  EXPECT_EQ(h.judged(), none);
}

TEST(G4Answer, TimeInSuperviseDoesNotCount) {
  history h;
  h.add(observed::healed);
  h.start(a, {});
  h.wait(a, 1, b, h.now() + 1s);
  h.add(observed::supervise_started, a, c);
  h.pass(9s);
  h.add(observed::supervise_ended, a, c).flag = true;
  h.go_on(a, 1, errc::timeout);
  EXPECT_EQ(h.judged(), none);
}

TEST(G4Answer, AWaitDoesNotEndWellWithoutIt) {
  message_stamp request;
  auto h = asked(request);
  h.handle(b, request);
  auto lost = h;
  lost.go_on(a, 1);
  EXPECT_EQ(lost.judged(), promises{"G4"});
  h.reply(b, a, request);
  h.go_on(a, 1);
  EXPECT_EQ(h.judged(), none);
}

TEST(G4Answer, AWaitEndsWithoutItAtADeadlineOrWithItsActor) {
  for (errc const outcome : {errc::timeout, errc::ended}) {
    message_stamp request;
    auto h = asked(request, instant(2s));
    h.pass(2s);
    h.go_on(a, 1, outcome);
    EXPECT_EQ(h.judged(), none);
  }
  message_stamp request;
  auto h = asked(request);
  for (auto& one : h.all()) {
    if (one.what == observed::sent) one.deadline = instant(2s + 10ms);  // Read a little later than the wait's own.
  }
  h.pass(2s);
  h.go_on(a, 1);
  EXPECT_EQ(h.judged(), none);
}

TEST(G4Answer, WhoLooksAfterItOnceMoreHasIt) {
  message_stamp request;
  auto h = asked(request, instant(1s));
  h.pass(1s);
  h.go_on(a, 1, errc::timeout);
  h.handle(b, request);
  h.reply(b, a, request);
  h.wait(a, 2, b);
  h.all().back().stamp = request;
  h.go_on(a, 2);
  EXPECT_EQ(h.judged(), none);
}

TEST(G4Open, NoWaitIsLeftWhereNothingRuns) {
  message_stamp request;
  auto h = asked(request);
  h.end(a, {});
  EXPECT_EQ(h.judged(), promises{"G4"});

  history kept;
  kept.start(a, {});
  kept.wait(a, 1, b);
  kept.add(observed::supervise_started, a, c);
  kept.wait(a, 2, c, never, wait_kind::sleep);
  kept.add(observed::supervise_ended, a, c).flag = true;
  EXPECT_EQ(kept.judged(), none);
  kept.end(a, {});
  EXPECT_EQ(kept.judged(), promises{"G4"});
}

TEST(G4Open, OneOfSeveralHandlersMayGoOnWaiting) {
  history h;
  auto const first = h.send(b, a);
  auto const second = h.send(b, a);
  h.start(a, first, true);
  h.wait(a, 1, c);
  h.start(a, second, true);
  h.end(a, second);
  EXPECT_EQ(h.judged(), none);
  h.end(a, first);
  EXPECT_EQ(h.judged(), promises{"G4"});
}

TEST(G4Target, AWaitThatIsOpenLongAfterItsTargetEndedIsCaught) {
  message_stamp request;
  auto h = asked(request);
  h.add(observed::proc_crashed, {b.proc, 0});
  h.pass(4s);
  stir(h);
  EXPECT_EQ(h.judged(), promises{"G4"});
}

/// `a` waits for room at `b`, which has started all that was sent; all faults are over.
history full(instant deadline = never) {
  history h;
  h.add(observed::healed);
  auto const first = h.send(a, b);
  h.wait(a, 1, b, deadline, wait_kind::credit);
  h.handle(b, first);
  return h;
}

TEST(G4Room, AWaitForRoomEndsWithinTheBoundOfAllBeingHandled) {
  auto h = full();
  h.pass(2s);
  stir(h);
  EXPECT_EQ(h.judged(), none);
  h.pass(2s);
  stir(h);
  EXPECT_EQ(h.judged(), promises{"G4"});
}

TEST(G4Room, AWaitForRoomDoesNotExpireWhereThereIsSome) {
  auto h = full(instant(1s));
  h.pass(1s);
  h.go_on(a, 1, errc::timeout);
  EXPECT_EQ(h.judged(), none);
  h.pass(3s);
  h.wait(a, 2, b, h.now() + 1s, wait_kind::credit);
  h.pass(1s);
  h.go_on(a, 2, errc::timeout);
  EXPECT_EQ(h.judged(), promises{"G4"});
}

TEST(G4Room, AWaitForRoomAtAPortIsAnother) {
  auto h = full();
  for (auto& one : h.all()) one.flag = one.flag || one.what == observed::wait_started;
  h.pass(4s);
  stir(h);
  EXPECT_EQ(h.judged(), none);
}

TEST(G4Room, WhatIsSentMeanwhileTakesRoom) {
  auto h = full();
  (void)h.send(a, b);
  h.pass(3500ms);
  stir(h);
  EXPECT_EQ(h.judged(), none);
}

TEST(G4End, AnActorWhoseHandlersAreEndedIsGoneWithinTheBound) {
  history h;
  h.add(observed::healed);
  h.add(observed::actor_started, b, a);
  h.start(b, h.send(a, b));
  h.wait(b, 1, b, never, wait_kind::sleep);
  h.go_on(b, 1, errc::ended);
  h.end(b, {hash_of(a), 1});
  h.pass(11s);
  stir(h);
  EXPECT_EQ(h.judged(), none);
  h.pass(2s);
  stir(h);
  EXPECT_EQ(h.judged(), promises{"G4"});
  h.all().insert(h.all().begin() + 7, observation{.what = observed::actor_ended, .actor = b});
  EXPECT_EQ(h.judged(), none);
}

}  // namespace
}  // namespace roost::sim::check
