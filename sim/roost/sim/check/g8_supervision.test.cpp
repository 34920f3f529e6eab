#include <gtest/gtest.h>

#include <roost/sim/check/history.hpp>

namespace roost::sim::check {
namespace {

using promises = std::vector<std::string>;
promises const none;

actor_id const root = history::actor(1, 1);
actor_id const owner = history::actor(1, 2);
actor_id const child = history::actor(2, 3);
message_stamp const callback{};

/// `owner` has handled a message and waits in its next; its child's proc has crashed, and all faults are over.
history lost_child() {
  history h;
  h.add(observed::actor_started, root);
  h.add(observed::actor_started, owner, root);
  h.handle(owner, h.send(root, owner));
  h.add(observed::actor_started, child, owner);
  h.start(owner, h.send(root, owner));
  h.wait(owner, 1, root);
  h.add(observed::proc_crashed, {child.proc, 0});
  h.add(observed::healed);
  return h;
}

TEST(G8Bound, AnOwnerThatGoesOnAfterTheBoundMustHaveBeenToldOfALostProc) {
  auto h = lost_child();
  h.pass(4s);
  h.go_on(owner, 1);
  EXPECT_EQ(h.judged(), promises{"G8"});
}

TEST(G8Bound, AnOwnerThatStartsAHandlerAfterTheBoundMustHaveBeenTold) {
  auto h = lost_child();
  h.go_on(owner, 1);
  h.end(owner, {hash_of(root), 2});
  h.pass(4s);
  h.handle(owner, h.send(root, owner));
  EXPECT_EQ(h.judged(), promises{"G8"});
}

TEST(G8Bound, AFailureOfTheChildItselfCountsLikeALostProc) {
  history h;
  h.add(observed::healed);
  h.add(observed::actor_started, root);
  h.add(observed::actor_started, child, root);
  h.add(observed::actor_ended, child).outcome = errc::actor_failed;
  h.pass(4s);
  h.start(root, callback);
  EXPECT_EQ(h.judged(), promises{"G8"});
}

TEST(G8Bound, AnOwnerThatDoesNothingIsDueWhenItCannotBeEndingAnyMore) {
  auto h = lost_child();
  h.pass(4s);
  h.handle(root, callback);
  EXPECT_EQ(h.judged(), none);
  h.pass(4s);
  h.handle(root, callback);
  EXPECT_EQ(h.judged(), promises{"G8"});
}

TEST(G8Bound, IsJudgedAtTheEndToo) {
  auto h = lost_child();
  h.pass(8s);
  h.add(observed::proc_started, {child.proc, 0});
  EXPECT_EQ(h.judged(), promises{"G8"});
}

TEST(G8Bound, CountsFromTheEndOfAllFaults) {
  auto h = lost_child();
  h.all().pop_back();
  h.pass(4s);
  h.add(observed::healed);
  h.go_on(owner, 1);
  EXPECT_EQ(h.judged(), none);
}

TEST(G8Bound, IsKeptByASuperviseBefore) {
  auto h = lost_child();
  h.add(observed::supervise_started, owner, child);
  h.add(observed::supervise_ended, owner, child).flag = true;
  h.pass(8s);
  h.go_on(owner, 1);
  EXPECT_EQ(h.judged(), none);
}

TEST(G8Bound, HoldsNobodyWhoIsBusyWithAnotherFailure) {
  auto h = lost_child();
  h.add(observed::supervise_started, owner, history::actor(3, 4));
  h.wait(owner, 2, root);
  h.pass(8s);
  h.go_on(owner, 2);
  h.add(observed::supervise_ended, owner, history::actor(3, 4)).flag = true;
  h.go_on(owner, 1);
  EXPECT_EQ(h.judged(), none);
}

TEST(G8Bound, HoldsNobodyWhoHasYetToHandleWhatTheLostOneSent) {
  auto h = lost_child();
  h.all().pop_back();
  h.all().pop_back();
  h.send(child, owner);
  h.add(observed::proc_crashed, {child.proc, 0});
  h.add(observed::healed);
  h.pass(8s);
  h.go_on(owner, 1);
  EXPECT_EQ(h.judged(), none);
}

TEST(G8Bound, HoldsNoConstructor) {
  history h;
  h.add(observed::actor_started, root);
  h.add(observed::actor_started, owner, root);
  h.start(owner, callback);
  h.add(observed::actor_started, child, owner);
  h.wait(owner, 1, root);
  h.add(observed::proc_crashed, {child.proc, 0});
  h.add(observed::healed);
  h.pass(8s);
  h.go_on(owner, 1);
  EXPECT_EQ(h.judged(), none);
}

TEST(G8Bound, HoldsNobodyWhoEnds) {
  auto h = lost_child();
  h.pass(4s);
  h.go_on(owner, 1, errc::ended);
  h.end(owner, {hash_of(root), 2});
  h.add(observed::cleanup_started, owner);
  h.wait(owner, 2, root);
  h.go_on(owner, 2);
  h.add(observed::cleanup_ended, owner);
  h.add(observed::actor_ended, owner);
  h.pass(8s);
  h.handle(root, callback);
  EXPECT_EQ(h.judged(), none);
}

TEST(G8Bound, IsNotKeptByAnOwnerThatEndsLongAfter) {
  auto h = lost_child();
  h.pass(8s);
  h.go_on(owner, 1, errc::ended);
  EXPECT_EQ(h.judged(), promises{"G8"});
}

TEST(G8Bound, IsNotKeptByAnIdleOwnerThatIsStoppedLongAfter) {
  auto h = lost_child();
  h.go_on(owner, 1);
  h.end(owner, {hash_of(root), 2});
  h.pass(8s);
  h.add(observed::cleanup_started, owner);
  EXPECT_EQ(h.judged(), promises{"G8"});
}

TEST(G8Bound, HoldsNoOwnerThatIsLostItself) {
  auto h = lost_child();
  h.add(observed::proc_crashed, {owner.proc, 0});
  h.pass(8s);
  h.add(observed::proc_started, {child.proc, 0});
  EXPECT_EQ(h.judged(), none);
}

}  // namespace
}  // namespace roost::sim::check
