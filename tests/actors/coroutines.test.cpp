// Coroutine endpoints: they wait in their own frames, and in everything else behave as other handlers do.

#include "stage.test.hpp"

#include <roost/actor/proc_runtime.hpp>

#include <malloc.h>

using namespace stage;

namespace coroutines {

/// Opens once, for all who asked.
struct Gate : roost::actor {
  void enter(roost::reply_port<int> port) { waiting_.push_back(std::move(port)); }
  void open() {
    for (auto& port : waiting_) port.send(1);
  }
  std::uint64_t waiting() { return waiting_.size(); }

 private:
  std::vector<roost::reply_port<int>> waiting_;
};
ROOST_EXPORT(Gate, enter, open, waiting)

/// Writes when it is destroyed.
struct leaving {
  explicit leaving(std::string what) : line(std::move(what)) {}
  leaving(leaving const&) = delete;
  leaving& operator=(leaving const&) = delete;
  ~leaving() { write(line); }
  std::string line;
};

struct Faller : roost::actor {
  void fail() {
    roost::sleep(10ms);  // Meanwhile its owner begins to wait.
    throw std::runtime_error("fell");
  }
};
ROOST_EXPORT(Faller, fail)

struct Visitor : roost::actor {
  roost::task<int> visit(roost::actor_mesh<Gate> gate);
  roost::task<int> visit_twice(roost::actor_mesh<Gate> gate);
  roost::task<int> shared(roost::actor_mesh<Gate> gate);
  roost::task<void> swallow(roost::actor_mesh<Gate> gate);
  roost::task<int> call_back(roost::actor_mesh<Visitor> other, roost::actor_mesh<Visitor> back);
  roost::task<int> blocking(roost::actor_mesh<Gate> gate);
  roost::task<int> own_callback(roost::actor_mesh<Gate> gate);
  roost::task<std::uint64_t> late(roost::actor_mesh<Gate> gate);
  roost::task<int> misused();
  int seen() { return seen_; }
  void bear(roost::actor_mesh<Gate> gate);
  bool supervise(roost::failure const&) override;

 private:
  roost::task<int> part(roost::actor_mesh<Gate> gate);
  roost::task<int> one() { co_return 1; }
  int seen_ = 0;
  int inside_ = 0;
  int most_ = 0;
};
ROOST_CONCURRENT(Visitor, shared, 3)
ROOST_EXPORT(Visitor, visit, visit_twice, shared, swallow, call_back, blocking, own_callback, misused, seen, bear, late)

roost::task<int> Visitor::part(roost::actor_mesh<Gate> gate) { co_return co_await gate->enter.call_one(); }
roost::task<int> Visitor::visit(roost::actor_mesh<Gate> gate) {
  leaving const guard("left");
  co_return seen_ += co_await gate->enter.call_one();
}
roost::task<int> Visitor::visit_twice(roost::actor_mesh<Gate> gate) {
  int const once = co_await part(gate);
  co_return once + co_await part(gate);
}
roost::task<int> Visitor::shared(roost::actor_mesh<Gate> gate) {
  most_ = std::max(most_, ++inside_);
  (void)co_await gate->enter.call_one();
  --inside_;
  co_return most_;
}
roost::task<void> Visitor::swallow(roost::actor_mesh<Gate> gate) {
  for (int tries = 0; tries != 3; ++tries) {
    try {
      (void)co_await gate->enter.call_one();
    } catch (roost::ended const&) {
      write("ended");
    }
  }
  write("ran on");
}
roost::task<int> Visitor::call_back(roost::actor_mesh<Visitor> other, roost::actor_mesh<Visitor> back) {
  if (!other.valid()) co_return 1;
  co_return 1 + co_await other->call_back.call_one(back, {});
}
roost::task<int> Visitor::blocking(roost::actor_mesh<Gate> gate) {
  int const first = gate->enter.call_one().get();
  roost::sleep(1ms);
  co_return first + co_await gate->enter.call_one();
}
roost::task<int> Visitor::own_callback(roost::actor_mesh<Gate> gate) {
  co_return co_await gate->enter.call_one().then([](int v) { return v; });
}
roost::task<int> Visitor::misused() {
  int refused = 0;
  auto const count = [&](roost::exception const& e) { refused += e.code() == errc::bad_argument ? 1 : 100; };
  try {
    (void)co_await roost::future<int>();
  } catch (roost::exception const& e) {
    count(e);
  }
  auto task = one();
  EXPECT_EQ(co_await task, 1);
  try {
    (void)co_await task;
  } catch (roost::exception const& e) {
    count(e);
  }
  auto const moved = std::move(task);
  try {
    (void)co_await task;
  } catch (roost::exception const& e) {
    count(e);
  }
  co_return refused;
}
/// Awaits as if the answer had come on another worker, right after the coroutine was told that it has to wait.
struct told_to_wait {
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> who) { return answer.await_suspend(who); }
  std::uint64_t await_resume() { return answer.await_resume(); }
  roost::future_awaiter<std::uint64_t> answer;
};
roost::task<std::uint64_t> Visitor::late(roost::actor_mesh<Gate> gate) {
  auto const answer = gate->waiting.call_one();
  (void)answer.get();
  co_return 5 + co_await told_to_wait{roost::future_awaiter(answer)};
}
void Visitor::bear(roost::actor_mesh<Gate>) { roost::spawn<Faller>("child")->fail.broadcast(); }
bool Visitor::supervise(roost::failure const&) {
  write("supervise starts");
  roost::sleep(2s);
  write("supervise ends");
  return true;
}

std::size_t parked_fibers() { return roost::detail::require_home("a test").seams().executor->fibers().parked_count(); }

/// Spawns `count` actors in this proc whose coroutines wait at the gate, and waits until all do.
std::vector<roost::actor_mesh<Visitor>> crowd(roost::actor_mesh<Gate> const& gate, std::uint64_t count) {
  std::vector<roost::actor_mesh<Visitor>> visitors;
  visitors.reserve(count);
  for (std::uint64_t i = 0; i != count; ++i) {
    visitors.push_back(roost::spawn<Visitor>("visitor"));
    visitors.back()->visit.broadcast(gate);
  }
  while (gate->waiting.call_one().get() != count) roost::sleep(1ms);
  return visitors;
}

ROOST_SIM_TEST(coroutines, one_that_waits_holds_no_fiber, roost::sim::calm()) {
  auto const gate = roost::spawn<Gate>("gate");
  auto const before = parked_fibers();
  auto const visitors = crowd(gate, 200);
  EXPECT_EQ(parked_fibers(), before);
  gate->open.call_one().get();
  for (auto const& visitor : visitors) EXPECT_EQ(visitor->seen.call_one().get(), 1);
}

ROOST_SIM_TEST_SEEDS(coroutines, a_hundred_thousand_wait_in_little_memory, roost::sim::calm(), 1, 2) {
  auto const gate = roost::spawn<Gate>("gate");
  auto const before = ::mallinfo2().uordblks;
  // Sanitizers have a heap of their own, of which this tells nothing.
  std::size_t const count = before == 0 ? 10'000 : 100'000;
  auto const visitors = crowd(gate, count);
  auto const each = (::mallinfo2().uordblks - before) / count;
  ::testing::Test::RecordProperty("bytes_each", static_cast<int>(each));
  EXPECT_LT(each, 4096U) << "the simulator's own records included";
  gate->open.call_one().get();
  EXPECT_EQ(visitors.back()->seen.call_one().get(), 1);
}

ROOST_SIM_TEST(coroutines, one_that_waits_lets_nobody_in, roost::sim::calm()) {
  auto const gate = hosts.spawn_procs(gpu = 1).spawn<Gate>("gate").at_rank(1);
  auto const visitor = roost::spawn<Visitor>("visitor");
  auto const visit = visitor->visit.call_one(gate);
  auto const seen = visitor->seen.call_one();
  roost::sleep(2s);
  EXPECT_FALSE(seen.ready());
  gate->open.call_one().get();
  EXPECT_EQ(visit.get(), 1);
  EXPECT_EQ(seen.get(), 1);
}

ROOST_SIM_TEST(coroutines, concurrent_ones_interleave_up_to_their_limit, stage::with_knob("link.credit_messages", 64)) {
  auto const procs = hosts.spawn_procs(gpu = 1);
  auto const gate = procs.at(host = 0).spawn<Gate>("gate");
  auto const visitor = procs.at(host = 1).spawn<Visitor>("visitor");
  std::vector<roost::future<int>> all;
  for (int i = 0; i != 5; ++i) all.push_back(visitor->shared.call_one(gate));
  while (!std::all_of(all.begin(), all.end(), [](auto const& f) { return f.ready(); })) {
    roost::sleep(10ms);
    gate->open.call_one().get();
  }
  EXPECT_EQ(std::max(all[3].get(), all[4].get()), 3);
}

ROOST_SIM_TEST(coroutines, one_whose_answer_comes_while_it_begins_to_wait_goes_on, roost::sim::calm()) {
  EXPECT_EQ(roost::spawn<Visitor>("visitor")->late.call_one(roost::spawn<Gate>("gate")).get(), 5U);
}

ROOST_SIM_TEST(coroutines, parts_of_one_are_awaited_too, roost::sim::calm()) {
  auto const gate = roost::spawn<Gate>("gate");
  auto const twice = roost::spawn<Visitor>("visitor")->visit_twice.call_one(gate);
  while (!twice.ready()) {
    roost::sleep(1ms);
    gate->open.broadcast();
  }
  EXPECT_EQ(twice.get(), 2);
}

ROOST_SIM_TEST(coroutines, a_plain_wait_inside_one_is_a_wait_like_any_other, roost::sim::calm()) {
  auto const gate = hosts.spawn_procs(gpu = 1).spawn<Gate>("gate").at_rank(1);
  auto const visit = roost::spawn<Visitor>("visitor")->blocking.call_one(gate);
  while (!visit.ready()) {
    roost::sleep(10ms);
    gate->open.broadcast();
  }
  EXPECT_EQ(visit.get(), 2);
}

ROOST_SIM_TEST(coroutines, the_end_of_its_actor_is_thrown_at_its_await, roost::sim::calm()) {
  as_keeper([&](Keeper& self) {
    auto const procs = hosts.spawn_procs(gpu = 1);
    auto const gate = procs.at(host = 0).spawn<Gate>("gate");
    auto const visitor = procs.at(host = 1).spawn<Visitor>("visitor");
    auto const visit = visitor->visit.call_one(gate);
    roost::sleep(3s);
    visitor.kill();
    EXPECT_EQ(code_of([&] { visit.get(); }), errc::actor_killed);
    EXPECT_EQ(lines("left"), 1U);
    roost::sleep(1s);
    EXPECT_EQ(self.failures.size(), 1U);
  });
}

ROOST_SIM_TEST(coroutines, the_end_cannot_be_swallowed, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const gate = roost::spawn<Gate>("gate");
    auto const visitor = roost::spawn<Visitor>("visitor");
    visitor->swallow.broadcast(gate);
    roost::sleep(1s);
    visitor.kill();
    EXPECT_EQ(end_of(visitor.id()).code, errc::actor_killed);
    EXPECT_EQ(lines("ended"), 3U);
    EXPECT_EQ(lines("ran on"), 1U);
  });
}

ROOST_SIM_TEST(coroutines, its_waits_end_at_the_deadline_of_its_caller, roost::sim::calm()) {
  auto const procs = hosts.spawn_procs(gpu = 1);
  auto const gate = procs.at(host = 0).spawn<Gate>("gate");
  auto const visitor = procs.at(host = 1).spawn<Visitor>("visitor");
  auto const start = roost::now();
  EXPECT_EQ(code_of([&] { visitor->visit.with(20s).call_one(gate).get(); }), errc::timeout);
  EXPECT_EQ(roost::now() - start, 20s);
  EXPECT_EQ(visitor->seen.call_one().get(), 0);  // Nobody waits there any more.
}

ROOST_SIM_TEST(coroutines, one_does_not_go_on_while_supervise_waits, roost::sim::calm()) {
  journal.clear();
  auto const gate = roost::spawn<Gate>("gate");
  auto const visitor = roost::spawn<Visitor>("visitor");
  visitor->bear.call_one(gate).get();
  auto const visit = visitor->visit.call_one(gate);
  for (int i = 0; i != 1000 && lines("supervise starts") == 0; ++i) roost::sleep(1ms);
  gate->open.broadcast();
  (void)visit.get();
  EXPECT_EQ(journal, (std::vector<std::string>{"supervise starts", "supervise ends", "left"}));
}

ROOST_SIM_TEST(coroutines, a_call_back_to_one_that_waits_for_its_caller_is_a_deadlock, roost::sim::calm()) {
  auto const procs = hosts.spawn_procs(gpu = 1);
  auto const a = procs.at(host = 0).spawn<Visitor>("a");
  auto const b = procs.at(host = 1).spawn<Visitor>("b");
  EXPECT_EQ(code_of([&] { a->call_back.call_one(b, a).get(); }), errc::deadlock);
  EXPECT_EQ(a->call_back.call_one(b, {}).get(), 2);
}

ROOST_SIM_TEST(coroutines, an_await_of_its_own_callback_is_a_deadlock, roost::sim::calm()) {
  auto const visitor = roost::spawn<Visitor>("visitor");
  auto const start = roost::now();
  EXPECT_EQ(code_of([&] { visitor->own_callback.call_one(roost::spawn<Gate>("gate")).get(); }), errc::deadlock);
  EXPECT_LT(roost::now() - start, 1s);
}

ROOST_SIM_TEST(coroutines, a_crash_unwinds_those_that_wait,
               stage::with_fault(roost::sim::fault_kind::crash_proc, 20s, "host1/p1")) {
  as_keeper([&](Keeper&) {
    auto const procs = hosts.spawn_procs(gpu = 1);
    auto const gate = procs.at(host = 0).spawn<Gate>("gate");
    auto const visit = procs.at(host = 1).spawn<Visitor>("visitor")->visit.call_one(gate);
    EXPECT_EQ(code_of([&] { visit.get(); }), errc::proc_failed);
    EXPECT_EQ(lines("left"), 1U);
  });
}

ROOST_SIM_TEST(coroutines, nothing_is_awaited_that_is_not_there_or_over, roost::sim::calm()) {
  EXPECT_EQ(roost::spawn<Visitor>("visitor")->misused.call_one().get(), 3);
}

}  // namespace coroutines
