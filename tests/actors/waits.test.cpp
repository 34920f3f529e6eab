// Waits that can never end end with an error: cycles, chains, deadlines, credit.

#include "stage.test.hpp"

using namespace stage;

namespace waits {

struct Node : roost::actor {
  int visit(std::vector<roost::actor_mesh<Node>> path);
  int visit_any(roost::actor_mesh<Node> next, std::vector<roost::actor_mesh<Node>> path);
  int flood(roost::actor_mesh<Node> to, int count);
  void note(std::string) { ++notes_; }
  int notes() { return notes_; }
  void nap(std::int64_t milliseconds) { roost::sleep(std::chrono::milliseconds(milliseconds)); }
  std::int64_t left() { return (roost::here().deadline() - roost::now()).count(); }
  std::int64_t left_there(roost::actor_mesh<Node> other);
  void nap_there(roost::actor_mesh<Node> other, std::int64_t milliseconds);
  bool room(roost::actor_mesh<Node> other);

 private:
  int notes_ = 0;
};
ROOST_EXPORT(Node, visit, visit_any, flood, note, notes, nap, left, left_there, nap_there, room)

using nodes = std::vector<roost::actor_mesh<Node>>;

int Node::visit(nodes path) {
  if (path.empty()) return 1;
  auto const next = path.front();
  path.erase(path.begin());
  return next->visit.call_one(std::move(path)).get() + 1;
}
int Node::visit_any(roost::actor_mesh<Node> next, nodes path) {
  auto const one = next->visit.call_one(std::move(path));
  return static_cast<int>(roost::wait_any(one)) + one.get();
}
int Node::flood(roost::actor_mesh<Node> to, int count) {
  for (int i = 0; i != count; ++i) to->note.broadcast("water");
  return count;
}
std::int64_t Node::left_there(roost::actor_mesh<Node> other) { return other->left.call_one().get(); }
void Node::nap_there(roost::actor_mesh<Node> other, std::int64_t milliseconds) { other->nap.call_one(milliseconds).get(); }
bool Node::room(roost::actor_mesh<Node> other) { return other->note.try_broadcast("x"); }

nodes far(roost::hosts const& hosts, int count) {
  auto const procs = hosts.spawn_procs(gpu = 1);
  nodes made;
  for (int i = 0; i != count; ++i) made.push_back(procs.at(host = i % 2).spawn<Node>("n" + std::to_string(i)));
  return made;
}
nodes near(int count) {
  nodes made;
  for (int i = 0; i != count; ++i) made.push_back(roost::spawn<Node>("n" + std::to_string(i)));
  return made;
}

ROOST_SIM_TEST(waits, a_call_back_to_a_waiting_caller_is_a_deadlock, roost::sim::calm()) {
  auto const n = near(2);
  EXPECT_EQ(code_of([&] { n[0]->visit.call_one({n[1], n[0]}).get(); }), errc::deadlock);
  EXPECT_EQ(n[0]->visit.call_one({n[1]}).get(), 2);  // Both live on.
}

ROOST_SIM_TEST(waits, a_call_of_an_actor_to_itself_is_a_deadlock, roost::sim::calm()) {
  auto const n = near(1);
  EXPECT_EQ(code_of([&] { n[0]->visit.call_one({n[0]}).get(); }), errc::deadlock);
  auto const f = far(hosts, 2);
  EXPECT_EQ(code_of([&] { f[1]->visit.call_one({f[1]}).get(); }), errc::deadlock);
}

ROOST_SIM_TEST(waits, a_cycle_across_procs_is_a_deadlock, roost::sim::calm()) {
  auto const n = far(hosts, 3);
  EXPECT_EQ(code_of([&] { n[0]->visit.call_one({n[1], n[0]}).get(); }), errc::deadlock);
  EXPECT_EQ(code_of([&] { n[0]->visit.call_one({n[1], n[2], n[1]}).get(); }), errc::deadlock);
  EXPECT_EQ(n[0]->visit.call_one({n[1], n[2]}).get(), 3);
}

ROOST_SIM_TEST(waits, a_cycle_through_a_wait_on_several_is_a_deadlock, roost::sim::calm()) {
  auto const n = far(hosts, 2);
  EXPECT_EQ(code_of([&] { n[0]->visit_any.call_one(n[1], {n[0]}).get(); }), errc::deadlock);
}

ROOST_SIM_TEST(waits, a_busy_callee_is_no_deadlock, roost::sim::calm()) {
  auto const n = far(hosts, 2);
  n[1]->nap.broadcast(20'000);
  EXPECT_EQ(n[0]->visit.call_one({n[1]}).get(), 2);
}

ROOST_SIM_TEST_SEEDS(waits, a_chain_of_32_callers_is_the_longest, roost::sim::calm(), 1, 5) {
  auto const n = far(hosts, 33);
  EXPECT_EQ(n[0]->visit.call_one(nodes(n.begin() + 1, n.begin() + 32)).get(), 32);
  EXPECT_EQ(code_of([&] { n[0]->visit.call_one(nodes(n.begin() + 1, n.end())).get(); }), errc::too_deep);
}

ROOST_SIM_TEST(waits, the_deadline_of_a_call_travels_through_every_hop, roost::sim::calm()) {
  auto const n = far(hosts, 2);
  EXPECT_LE(n[0]->left_there.with(30s).call_one(n[1]).get(), 30'000'000'000);
  EXPECT_GT(n[0]->left_there.with(30s).call_one(n[1]).get(), 0);
}

ROOST_SIM_TEST(waits, what_a_handler_waits_for_ends_at_the_deadline_of_its_caller, roost::sim::calm()) {
  auto const n = far(hosts, 2);
  auto const start = roost::now();
  EXPECT_EQ(code_of([&] { n[0]->nap_there.with(20s).call_one(n[1], 3'600'000).get(); }), errc::timeout);
  EXPECT_LT(roost::now() - start, 25s);
  EXPECT_EQ(n[0]->visit.call_one({n[1]}).get(), 2);  // Nobody sleeps on.
}

ROOST_SIM_TEST(waits, a_call_with_a_deadline_ends_there_though_the_callee_is_busy, roost::sim::calm()) {
  auto const n = far(hosts, 2);
  n[1]->nap.broadcast(60'000);
  roost::sleep(5s);
  auto const start = roost::now();
  EXPECT_EQ(code_of([&] { n[1]->notes.with(10s).call_one().get(); }), errc::timeout);
  EXPECT_EQ(roost::now() - start, 10s);
}

ROOST_SIM_TEST(waits, a_collective_call_with_a_deadline_ends_there, roost::sim::calm()) {
  auto const procs = hosts.spawn_procs(gpu = 1);
  auto const n = procs.spawn<Node>("n");
  n.at_rank(1)->nap.broadcast(60'000);
  roost::sleep(5s);
  auto const start = roost::now();
  auto const all = n->notes.with(10s).call().get();
  EXPECT_EQ(roost::now() - start, 10s);
  EXPECT_EQ(all.at(0).value(), 0);
  EXPECT_EQ(all.at(1).failure().code, errc::timeout);
}

ROOST_SIM_TEST(waits, try_broadcast_gives_false_where_there_is_no_room, stage::with_knob("link.credit_messages", 2)) {
  auto const n = near(1);
  EXPECT_TRUE(n[0]->note.try_broadcast("1"));
  EXPECT_TRUE(n[0]->note.try_broadcast("2"));
  EXPECT_FALSE(n[0]->note.try_broadcast("3"));
  roost::sleep(1s);
  EXPECT_EQ(n[0]->notes.call_one().get(), 2);
  EXPECT_TRUE(n[0]->note.try_broadcast("3"));
}

ROOST_SIM_TEST(waits, try_broadcast_to_another_proc_gives_false_where_there_is_no_room,
               stage::with_knob("link.credit_messages", 2)) {
  auto const n = far(hosts, 2);
  n[1]->nap.call_one(0).get();
  n[1]->nap.broadcast(20'000);
  roost::sleep(5s);
  EXPECT_TRUE(n[1]->note.try_broadcast("1"));
  EXPECT_TRUE(n[1]->note.try_broadcast("2"));
  EXPECT_FALSE(n[1]->note.try_broadcast("3"));
  EXPECT_EQ(n[1]->notes.call_one().get(), 2);
}

ROOST_SIM_TEST(waits, a_sender_without_room_waits_and_nothing_is_lost, stage::with_knob("link.credit_messages", 2)) {
  for (auto const& to : {near(1)[0], far(hosts, 2)[1]}) {
    to->nap.broadcast(10'000);
    auto const start = roost::now();
    for (int i = 0; i != 10; ++i) to->note.broadcast("x");
    EXPECT_GE(roost::now() - start, 9s);
    EXPECT_EQ(to->notes.call_one().get(), 10);
  }
}

ROOST_SIM_TEST(waits, the_wait_for_room_ends_at_the_deadline, stage::with_knob("link.credit_messages", 1)) {
  auto const n = far(hosts, 2);
  n[1]->nap.call_one(0).get();
  n[1]->nap.broadcast(60'000);
  roost::sleep(5s);
  n[1]->note.broadcast("fills the room");
  auto const start = roost::now();
  EXPECT_EQ(code_of([&] { n[1]->note.with(3s).broadcast("too much"); }), errc::timeout);
  EXPECT_EQ(roost::now() - start, 3s);
}

ROOST_SIM_TEST(waits, a_sender_that_fills_its_own_mailbox_is_a_deadlock, stage::with_knob("link.credit_messages", 1)) {
  auto const n = near(1);
  EXPECT_EQ(code_of([&] { n[0]->flood.call_one(n[0], 3).get(); }), errc::deadlock);
}

ROOST_SIM_TEST(waits, a_cycle_of_suspended_senders_is_a_deadlock, stage::with_knob("link.credit_messages", 1)) {
  auto const n = near(2);
  auto const one = n[0]->flood.call_one(n[1], 5);
  auto const other = n[1]->flood.call_one(n[0], 5);
  auto const a = one.wait();
  auto const b = other.wait();
  if (!a) {
    EXPECT_EQ(a.failure().code, errc::deadlock);
  }
  if (!b) {
    EXPECT_EQ(b.failure().code, errc::deadlock);
  }
  EXPECT_TRUE(a.has_value() || b.has_value());
}

ROOST_SIM_TEST(waits, a_cycle_of_suspended_senders_across_procs_is_a_deadlock, stage::with_knob("link.credit_messages", 1)) {
  auto const n = far(hosts, 2);
  auto const one = n[0]->flood.call_one(n[1], 5);
  auto const other = n[1]->flood.call_one(n[0], 5);
  auto const a = one.wait(60s);
  auto const b = other.wait(60s);
  if (!a) {
    EXPECT_EQ(a.failure().code, errc::deadlock);
  }
  if (!b) {
    EXPECT_EQ(b.failure().code, errc::deadlock);
  }
  EXPECT_TRUE(a.has_value() || b.has_value());
}

}  // namespace waits
