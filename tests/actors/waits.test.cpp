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
  int echo(int value) { return value; }
  std::vector<int> ask_all(roost::actor_mesh<Node> whom, int how);
  roost::task<std::vector<int>> co_ask_all(roost::actor_mesh<Node> whom);
  std::vector<int> ask_all_there(roost::actor_mesh<Node> other, roost::actor_mesh<Node> whom, int how);
  int begin(roost::actor_mesh<Node> other, roost::actor_mesh<Node> me, roost::actor_mesh<Node> slow, int how);

 private:
  int notes_ = 0;
};
ROOST_EXPORT(Node, visit, visit_any, flood, note, notes, nap, left, left_there, nap_there, room, echo, ask_all, co_ask_all,
             ask_all_there, begin)

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
/// Of each rank: 0, or the code of its error.
std::vector<int> codes_of(roost::value_mesh<roost::result<int>> const& all) {
  std::vector<int> codes;
  for (auto const& [at, one] : all) codes.push_back(one ? 0 : static_cast<int>(one.failure().code));
  return codes;
}
std::vector<int> Node::ask_all(roost::actor_mesh<Node> whom, int how) {
  if (how == 0) return codes_of(whom->echo.call(1).get());
  std::vector<int> codes(whom.size());
  auto answers = whom->echo.stream(1);
  while (auto const one = answers.next())
    codes.at(one->first.rank()) = one->second ? 0 : static_cast<int>(one->second.failure().code);
  return codes;
}
roost::task<std::vector<int>> Node::co_ask_all(roost::actor_mesh<Node> whom) { co_return codes_of(co_await whom->echo.call(1)); }
std::vector<int> Node::ask_all_there(roost::actor_mesh<Node> other, roost::actor_mesh<Node> whom, int how) {
  return other->ask_all.call_one(whom, how).get();
}
/// Asks `other`, which asks back, and waits for somebody else meanwhile.
int Node::begin(roost::actor_mesh<Node> other, roost::actor_mesh<Node> me, roost::actor_mesh<Node> slow, int how) {
  auto const asked = other->visit.call_one({me});
  asked.then([this](int depth) { notes_ += depth; }).detach();
  if (how == 0) roost::wait_all(std::vector{slow->nap.call_one(2'000)});
  if (how == 1) slow->nap.call(2'000).get();
  if (how == 2) {
    auto answers = slow->echo.stream(1);
    while (answers.next()) {
    }
  }
  if (how == 3) roost::sleep(2s);
  return 0;
}
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

ROOST_SIM_TEST(waits, a_rank_that_waits_for_its_own_mesh_is_a_deadlock_of_that_rank, roost::sim::calm()) {
  auto const team = hosts.spawn_procs(gpu = 2).spawn<Node>("team");
  auto const deadlock = static_cast<int>(errc::deadlock);
  std::vector<int> expected(team.size(), 0);
  expected[1] = deadlock;
  auto const me = team.at_rank(1);
  EXPECT_EQ(me->ask_all.with(60s).call_one(team, 0).get(), expected);
  EXPECT_EQ(me->ask_all.with(60s).call_one(team, 1).get(), expected);
  EXPECT_EQ(me->co_ask_all.with(60s).call_one(team).get(), expected);
  // Through another, which is of the mesh as well.
  expected[2] = deadlock;
  for (int const how : {0, 1}) EXPECT_EQ(me->ask_all_there.with(60s).call_one(team.at_rank(2), team, how).get(), expected) << how;
}

ROOST_SIM_TEST(waits, a_rank_that_is_stopped_while_it_waits_for_its_own_mesh_is_a_deadlock_too, roost::sim::calm()) {
  auto const team = hosts.spawn_procs(gpu = 1).spawn<Node>("team");
  (void)team->echo.call(0).get();
  team.at_rank(0)->nap.broadcast(20'000);
  auto const asked = team.at_rank(1)->ask_all.with(60s).call_one(team, 1);
  roost::sleep(5s);
  team.at_rank(1).stop();
  EXPECT_EQ(asked.get(), (std::vector<int>{0, static_cast<int>(errc::deadlock)}));
}

ROOST_SIM_TEST(waits, a_call_back_to_who_waits_for_somebody_else_is_no_deadlock, roost::sim::calm()) {
  auto const n = far(hosts, 3);
  for (int const how : {0, 1, 2, 3}) {
    n[0]->begin.call_one(n[1], n[0], n[2], how).get();
    roost::sleep(5s);
    EXPECT_EQ(n[0]->notes.call_one().get(), 2 * (how + 1)) << how;
  }
}

struct Shared {
  std::optional<roost::future<int>> future;
  std::optional<roost::result_stream<int>> stream;
  std::optional<roost::receiver<int>> receiver;
};
roost::proc_local<Shared> shared;

struct Sharer : roost::actor {
  int slow();
  void open(roost::actor_mesh<Sharer> whom);
  int wait(int how);
  roost::task<int> co_wait() { co_return co_await *shared->future; }
};
ROOST_EXPORT(Sharer, slow, open, wait, co_wait)

int Sharer::slow() {
  roost::sleep(1h);
  return 1;
}
void Sharer::open(roost::actor_mesh<Sharer> whom) {
  shared->future = whom->slow.call_one();
  shared->stream = whom->slow.stream();
  auto [port, receiver] = roost::channel<int>();
  receiver.link(whom.id());
  shared->receiver = std::move(receiver);
}
int Sharer::wait(int how) {
  if (how == 0) return shared->future->get();
  if (how == 1) return shared->stream->next()->second.value();
  return shared->receiver->recv();
}

struct Sharers : roost::actor {
  void end(bool kill) {
    auto const callee = roost::spawn<Sharer>("callee");
    auto const opener = roost::spawn<Sharer>("opener");
    opener->open.call_one(callee).get();
    std::vector<roost::actor_mesh<Sharer>> others;
    for (int i = 0; i != 4; ++i) others.push_back(roost::spawn<Sharer>("other"));
    std::vector<roost::future<int>> waits;
    for (int const how : {0, 1, 2}) waits.push_back(others[how]->wait.call_one(how));
    waits.push_back(others[3]->co_wait.call_one());
    roost::sleep(1s);
    if (kill) {
      opener.kill();
    } else {
      opener.stop();
    }
    auto const began = roost::now();
    for (auto& one : waits) {
      auto const ended = one.wait();
      ASSERT_FALSE(ended.has_value());
      EXPECT_NE(ended.failure().describe().find("which opened this, has ended"), std::string::npos) << ended.failure().describe();
    }
    EXPECT_LT(roost::now() - began, 1s);
  }
  bool supervise(roost::failure const&) override { return true; }
};
ROOST_EXPORT(Sharers, end)

ROOST_SIM_TEST(waits, what_others_wait_for_ends_with_who_opened_it, roost::sim::calm()) {
  auto const keeper = roost::spawn<Sharers>("keeper");
  for (bool const kill : {false, true}) keeper->end.call_one(kill).get();
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

/// Asks a reporter to report to it while it waits for that reporter's answer.
struct Reporter;
struct Commissioner : roost::actor {
  void progress(int) { ++seen_; }
  int seen() { return seen_; }
  errc ask(roost::actor_mesh<Reporter> reporter, roost::actor_mesh<Commissioner> self, int reports);
  errc ask_through(roost::actor_mesh<Commissioner> other, roost::actor_mesh<Reporter> reporter,
                   roost::actor_mesh<Commissioner> self, int reports);
  errc listen(roost::actor_mesh<Reporter> reporter, int values, bool receive);
  void idle(roost::actor_mesh<Reporter> beside);

 private:
  int seen_ = 0;
};
struct Reporter : roost::actor {
  int work(roost::actor_mesh<Commissioner> commissioner, int reports);
  int fill(roost::port<int> to, int values) {
    for (int i = 0; i != values; ++i) to.send(i);
    return values;
  }
  int echo(int x) { return x; }
  int nap(std::int64_t milliseconds) {
    roost::sleep(std::chrono::milliseconds(milliseconds));
    return 0;
  }
};
ROOST_EXPORT(Reporter, work, fill, echo, nap)
ROOST_EXPORT(Commissioner, progress, seen, ask, ask_through, listen, idle)

int Reporter::work(roost::actor_mesh<Commissioner> commissioner, int reports) {
  for (int i = 0; i != reports; ++i) commissioner->progress.broadcast(i);
  return reports;
}
void Commissioner::idle(roost::actor_mesh<Reporter> beside) { beside->nap.call_one(10'000).get(); }

errc Commissioner::ask(roost::actor_mesh<Reporter> reporter, roost::actor_mesh<Commissioner> self, int reports) {
  return code_of([&] { reporter->work.call_one(self, reports).get(); });
}
errc Commissioner::ask_through(roost::actor_mesh<Commissioner> other, roost::actor_mesh<Reporter> reporter,
                               roost::actor_mesh<Commissioner> self, int reports) {
  return other->ask.call_one(reporter, self, reports).get();
}
errc Commissioner::listen(roost::actor_mesh<Reporter> reporter, int values, bool receive) {
  auto [port, receiver] = roost::channel<int>();
  receiver.link(reporter.id());
  auto const filled = reporter->fill.call_one(port, values);
  for (int i = 0; receive && i != values; ++i) EXPECT_EQ(receiver.recv(), i);
  auto const answer = code_of([&] { reporter->echo.call_one(7).get(); });
  return answer == errc::ok ? code_of([&] { (void)filled.get(); }) : answer;
}

errc in_time(roost::future<errc> const& f) {
  auto const answer = f.wait(60s);
  return answer ? *answer : answer.failure().code;
}

roost::sim::scenario of_little_room() { return stage::with_knob("link.credit_messages", 4); }

ROOST_SIM_TEST_SEEDS(waits, a_caller_that_has_no_room_for_what_its_callee_reports_is_a_deadlock, of_little_room(), 1, 10) {
  auto const procs = hosts.spawn_procs(gpu = 1);
  auto const commissioner = procs.at(host = 0).spawn<Commissioner>("commissioner");
  auto const middle = procs.at(host = 1).spawn<Commissioner>("middle");
  for (auto const& where : {procs.at(host = 0), procs.at(host = 1)}) {
    auto const reporter = where.spawn<Reporter>("reporter");
    EXPECT_EQ(in_time(commissioner->ask.call_one(reporter, commissioner, 4)), errc::ok);
    EXPECT_EQ(in_time(commissioner->ask.call_one(reporter, commissioner, 5)), errc::deadlock);
    EXPECT_EQ(in_time(commissioner->ask_through.call_one(middle, reporter, commissioner, 5)), errc::deadlock);
    EXPECT_EQ(reporter->echo.call_one(1).get(), 1);
  }
  roost::sleep(5s);
  EXPECT_EQ(commissioner->seen.call_one().get(), 2 * (4 + 4 + 4));  // What had room is handled.
}

ROOST_SIM_TEST_SEEDS(waits, a_port_whose_owner_waits_for_its_sender_is_a_deadlock, of_little_room(), 1, 10) {
  auto const procs = hosts.spawn_procs(gpu = 1);
  auto const commissioner = procs.at(host = 0).spawn<Commissioner>("commissioner");
  for (auto const& where : {procs.at(host = 0), procs.at(host = 1)}) {
    auto const reporter = where.spawn<Reporter>("reporter");
    EXPECT_EQ(in_time(commissioner->listen.call_one(reporter, 4, false)), errc::ok);
    EXPECT_EQ(in_time(commissioner->listen.call_one(reporter, 100, true)), errc::ok);
    EXPECT_EQ(in_time(commissioner->listen.call_one(reporter, 5, false)), errc::deadlock);
  }
}

ROOST_SIM_TEST_SEEDS(waits, reports_to_a_boss_that_waits_for_somebody_else_are_only_late, of_little_room(), 1, 10) {
  auto const procs = hosts.spawn_procs(gpu = 1);
  auto const commissioner = procs.at(host = 0).spawn<Commissioner>("commissioner");
  auto const middle = procs.at(host = 1).spawn<Commissioner>("middle");
  auto const reporter = procs.at(host = 1).spawn<Reporter>("reporter");
  auto const beside = procs.at(host = 1).spawn<Reporter>("beside");
  auto const idle = commissioner->idle.call_one(beside);
  EXPECT_TRUE(reporter->work.call_one(commissioner, 50).wait(60s));
  EXPECT_TRUE(idle.wait(60s));
  auto const again = commissioner->idle.call_one(beside);
  EXPECT_EQ(in_time(middle->ask.call_one(reporter, commissioner, 50)), errc::ok);
  EXPECT_TRUE(again.wait(60s));
}

}  // namespace waits
