// Handlers of one actor: one at a time, what they know of themselves, how they answer.

#include "stage.test.hpp"

#include <map>
#include <optional>

using namespace stage;

namespace handlers {

struct Desk : roost::actor {
  int busy(std::int64_t milliseconds) { return work(milliseconds); }
  int shared(std::int64_t milliseconds) { return work(milliseconds); }
  int most() { return most_; }

 private:
  int work(std::int64_t milliseconds) {
    most_ = std::max(most_, ++inside_);
    roost::sleep(std::chrono::milliseconds(milliseconds));
    return inside_--;
  }
  int inside_ = 0;
  int most_ = 0;
};
ROOST_CONCURRENT(Desk, shared, 3)
ROOST_EXPORT(Desk, busy, shared, most)

ROOST_SIM_TEST(handlers, an_exclusive_handler_that_waits_lets_nobody_in, stage::with_knob("link.credit_messages", 64)) {
  auto const desk = hosts.spawn_procs(gpu = 1).spawn<Desk>("desk").at_rank(1);
  std::vector<roost::future<int>> all;
  for (int i = 0; i != 5; ++i) all.push_back(desk->busy.call_one(100));
  roost::wait_all(all);
  EXPECT_EQ(desk->most.call_one().get(), 1);
}

ROOST_SIM_TEST(handlers, concurrent_ones_interleave_up_to_their_limit, stage::with_knob("link.credit_messages", 64)) {
  auto const desk = hosts.spawn_procs(gpu = 1).spawn<Desk>("desk").at_rank(1);
  std::vector<roost::future<int>> all;
  for (int i = 0; i != 7; ++i) all.push_back(desk->shared.call_one(5'000));
  roost::wait_all(all);
  EXPECT_EQ(desk->most.call_one().get(), 3);
}

ROOST_SIM_TEST(handlers, an_exclusive_handler_waits_for_the_concurrent_ones, stage::with_knob("link.credit_messages", 64)) {
  auto const desk = roost::spawn<Desk>("desk");
  auto const first = desk->shared.call_one(1'000);
  auto const second = desk->busy.call_one(10);
  auto const third = desk->shared.call_one(10);
  EXPECT_EQ(second.get(), 1);  // Alone inside.
  EXPECT_EQ(third.get(), 1);
  EXPECT_EQ(first.get(), 1);
}

/// Answers a question in another handler, or never.
struct Oracle : roost::actor {
  void ask(roost::reply_port<int> reply, int question) { open_[question] = std::move(reply); }
  void answer(int question, int value) {
    open_[question].send(value);
    open_[question].send(value + 1);  // The first counts.
  }
  void refuse(int question) { open_[question].fail(roost::error(errc::unavailable, "the oracle sleeps")); }
  void forget(int question) { open_.erase(question); }
  void throw_it(roost::reply_port<int>) { throw std::runtime_error("no more"); }
  void nothing(roost::reply_port<void> reply) { reply.send(); }

 private:
  std::map<int, roost::reply_port<int>> open_;
};
ROOST_EXPORT(Oracle, ask, answer, refuse, forget, throw_it, nothing)

ROOST_SIM_TEST(handlers, a_reply_port_is_answered_from_another_handler, roost::sim::calm()) {
  auto const oracles = hosts.spawn_procs(gpu = 1).spawn<Oracle>("oracle");
  auto const answers = oracles->ask.call(1);
  roost::sleep(1s);
  EXPECT_FALSE(answers.ready());
  oracles->answer.broadcast(1, 42);
  for (auto const& [at, value] : answers.get()) EXPECT_EQ(value.value(), 42);
}

ROOST_SIM_TEST(handlers, a_reply_port_that_is_dropped_ends_the_call_with_no_reply, roost::sim::calm()) {
  auto const oracles = hosts.spawn_procs(gpu = 1).spawn<Oracle>("oracle");
  auto const answers = oracles->ask.call(1);
  oracles->forget.broadcast(1);
  for (auto const& [at, value] : answers.get()) EXPECT_EQ(value.failure().code, errc::no_reply);
}

ROOST_SIM_TEST(handlers, a_reply_port_can_answer_with_an_error, roost::sim::calm()) {
  auto const oracle = hosts.spawn_procs(gpu = 1).spawn<Oracle>("oracle").at_rank(1);
  auto const answer = oracle->ask.call_one(1);
  oracle->refuse.broadcast(1);
  EXPECT_EQ(code_of([&] { answer.get(); }), errc::unavailable);
  oracle->nothing.call_one().get();
}

ROOST_SIM_TEST(handlers, reply_ports_of_an_actor_that_ends_are_unanswered, roost::sim::calm()) {
  auto const oracle = hosts.spawn_procs(gpu = 1).spawn<Oracle>("oracle").at_rank(1);
  auto const answer = oracle->ask.call_one(1);
  roost::sleep(2s);
  oracle.stop();
  EXPECT_EQ(code_of([&] { answer.get(); }), errc::no_reply);
}

ROOST_SIM_TEST(handlers, a_handler_that_took_the_reply_port_and_throws_fails_the_actor, roost::sim::calm()) {
  as_keeper([&](Keeper& self) {
    auto const oracle = hosts.spawn_procs(gpu = 1).spawn<Oracle>("oracle").at_rank(1);
    EXPECT_EQ(code_of([&] { oracle->throw_it.call_one().get(); }), errc::no_reply);
    EXPECT_EQ(end_of(oracle.id()).code, errc::actor_failed);
    roost::sleep(1s);
    ASSERT_EQ(self.failures.size(), 1U);
    EXPECT_TRUE(mentions(self.failures[0].why(), "no more"));
  });
}

struct Teller : roost::actor {
  std::vector<std::string> me() {
    auto const h = roost::here();
    return {h.name(), to_string(h.self()), to_string(h.proc()), to_string(h.caller()), to_string(h.point())};
  }
  std::int64_t left() { return (roost::here().deadline() - roost::now()).count(); }
  bool unbounded() { return roost::here().deadline() == roost::never; }
};
ROOST_EXPORT(Teller, me, left, unbounded)

ROOST_SIM_TEST(handlers, here_tells_name_ids_point_and_caller, roost::sim::calm()) {
  auto const procs = hosts.spawn_procs(gpu = 2);
  auto const tellers = procs.spawn<Teller>("tell");
  auto const said = tellers.at_rank(3)->me.call_one().get();
  EXPECT_EQ(said, (std::vector<std::string>{"tell", to_string(tellers.id(3)), to_string(procs.id(3)),
                                            to_string(roost::here().self()), to_string(roost::point(procs.extent(), 3))}));
  EXPECT_EQ(roost::here().name(), "root");
  EXPECT_EQ(roost::here().caller(), roost::actor_id{});
}

ROOST_SIM_TEST(handlers, a_handler_knows_its_deadline, roost::sim::calm()) {
  auto const teller = hosts.spawn_procs(gpu = 1).spawn<Teller>("tell").at_rank(1);
  EXPECT_TRUE(teller->unbounded.call_one().get());
  auto const left = teller->left.with(30s).call_one().get();
  EXPECT_GT(left, 0);
  EXPECT_LE(left, 30'000'000'000);
}

ROOST_SIM_TEST(handlers, sleep_takes_exactly_its_time, roost::sim::calm()) {
  auto const start = roost::now();
  roost::sleep(1234us);
  EXPECT_EQ(roost::now() - start, 1234us);
}

struct Reader : roost::actor {
  int read(std::int64_t milliseconds) {
    return roost::offload(std::chrono::milliseconds(milliseconds), [] { return 5; });
  }
  void fail() {
    roost::offload(3ms, [] { throw std::runtime_error("no disk"); });
  }
  int quick() { return 1; }
  int compute(std::int64_t milliseconds) {
    roost::spend(std::chrono::milliseconds(milliseconds));
    return 6;
  }
};
ROOST_EXPORT(Reader, read, fail, quick, compute)

struct Dedicated : Reader {
  static constexpr bool dedicated = true;
  int done() { return 2; }
};
ROOST_EXPORT_DERIVED(Dedicated, (Reader), done)

ROOST_SIM_TEST(handlers, offload_takes_its_time_and_gives_what_the_code_gave_or_threw, roost::sim::calm()) {
  auto const start = roost::now();
  EXPECT_EQ(roost::offload(3ms, [] { return 5; }), 5);
  EXPECT_EQ(roost::now() - start, 3ms);
  EXPECT_TRUE(mentions(roost::spawn<Reader>("reader")->fail.call_one().wait().failure(), "no disk"));
  EXPECT_GE(roost::now() - start, 6ms);
}

ROOST_SIM_TEST(handlers, offload_keeps_its_actor_busy_and_nobody_else, roost::sim::calm()) {
  auto const procs = hosts.spawn_procs(gpu = 1);
  auto const reader = procs.at(host = 1).spawn<Reader>("reader");
  auto const other = procs.at(host = 1).spawn<Reader>("other");
  EXPECT_EQ(reader->quick.call_one().get() + other->quick.call_one().get(), 2);
  auto const read = reader->read.call_one(20'000);
  auto const next = reader->quick.call_one();
  EXPECT_EQ(other->quick.call_one().get(), 1);
  roost::sleep(5s);
  EXPECT_EQ(other->quick.call_one().get(), 1);
  EXPECT_FALSE(read.ready() || next.ready());
  EXPECT_EQ(read.get(), 5);
  EXPECT_EQ(next.get(), 1);
}

ROOST_SIM_TEST(handlers, what_is_offloaded_runs_past_the_deadline_of_the_handler, roost::sim::calm()) {
  auto const reader = roost::spawn<Reader>("reader");
  EXPECT_EQ(code_of([&] { reader->read.with(1s).call_one(10'000).get(); }), errc::timeout);
  auto const start = roost::now();
  EXPECT_EQ(reader->quick.call_one().get(), 1);
  EXPECT_GE(roost::now() - start, 8s);
}

ROOST_SIM_TEST(handlers, offloaded_code_is_out_of_reach_of_the_runtime_unless_it_is_a_foreign_thread,
               stage::with_knob("link.credit_messages", 10)) {
  auto [port, arriving] = roost::channel<int>();
  auto const access = roost::open_to_threads("offloaded");
  roost::offload(3ms, [&, to = port] {
    EXPECT_EQ(code_of([&] { to.send(0); }), errc::bad_argument);
    EXPECT_EQ(code_of([&] { (void)roost::here(); }), errc::bad_argument);
    roost::foreign_thread me(access);
    for (int i = 0; i != 9; ++i) to.send(i);
    EXPECT_EQ(code_of([&] { me.blocking_get([] { return 7; }); }), errc::would_block);
    EXPECT_EQ(code_of([&] { to.send(9); }), errc::would_block) << "nobody looks at what it asked for before it is over";
    EXPECT_EQ(code_of([&] { roost::foreign_thread const again(access); }), errc::bad_argument);
  });
  for (int i = 0; i != 9; ++i) EXPECT_EQ(arriving.recv(1s), i);
  EXPECT_EQ(code_of([&] { roost::foreign_thread const in_handler(access); }), errc::bad_argument);
}

/// What any function of the runtime would do that forgot to enter it.
void stop_without_entering() {
  roost::program forgetful(
      [](roost::hosts, std::vector<std::string> const&) { roost::detail::require_frame("a test").cell->stop(); });
  (void)roost::sim::expect_held(roost::sim::calm(), {1}, forgetful);
}

TEST(HandlersDeathTest, CodeThatReachesTheRuntimeWithoutEnteringItIsSeen) {
  EXPECT_DEATH(stop_without_entering(), "is used outside the runtime");
}

roost::sim::scenario with_workers(std::int64_t count) {
  auto s = roost::sim::calm();
  s.knobs["sim.workers"] = count;
  return s;
}

ROOST_SIM_TEST(handlers, a_dedicated_actor_keeps_nobody_of_its_proc_waiting, with_workers(1)) {
  auto const procs = hosts.spawn_procs(gpu = 1);
  auto const other = procs.at(host = 1).spawn<Reader>("other");
  auto const shared = procs.at(host = 1).spawn<Reader>("shared");
  auto const alone = procs.at(host = 1).spawn<Dedicated>("alone");
  EXPECT_EQ(other->quick.call_one().get() + shared->quick.call_one().get() + alone->done.call_one().get(), 4);
  for (bool const dedicated : {true, false}) {
    auto const computed = dedicated ? alone->compute.call_one(20'000) : shared->compute.call_one(20'000);
    roost::sleep(5s);
    auto const start = roost::now();
    (void)other->quick.call_one().get();
    if (dedicated) {
      EXPECT_LT(roost::now() - start, 8s);
    } else {
      EXPECT_GE(roost::now() - start, 8s);
    }
    EXPECT_EQ(computed.get(), 6);
  }
}

/// How long six actors of one proc take to begin to compute for a second each: an answer is sent before its time is over.
std::chrono::nanoseconds six_seconds_of_work(roost::hosts const& hosts) {
  auto const procs = hosts.spawn_procs(gpu = 1).at(host = 1);
  std::vector<roost::actor_mesh<Reader>> readers;
  for (int i = 0; i != 6; ++i) readers.push_back(procs.spawn<Reader>("reader" + std::to_string(i)));
  for (auto const& each : readers) EXPECT_EQ(each->quick.call_one().get(), 1);
  auto const start = roost::now();
  std::vector<roost::future<int>> computed;
  for (auto const& each : readers) computed.push_back(each->compute.call_one(1'000));
  for (auto& each : computed) EXPECT_EQ(each.get(), 6);
  return roost::now() - start;
}

ROOST_SIM_TEST(handlers, of_one_worker_take_turns, with_workers(1)) { EXPECT_GE(six_seconds_of_work(hosts), 5s); }

ROOST_SIM_TEST_SEEDS(handlers, of_several_workers_overlap, with_workers(4), 1, 10) {
  auto const took = six_seconds_of_work(hosts);
  EXPECT_GE(took, 1s);
  EXPECT_LE(took, 3s) << "idle workers left others to wait";
}

ROOST_SIM_TEST(handlers, dedicated_actors_come_and_go_beside_several_workers, with_workers(3)) {
  auto const shared = roost::spawn<Reader>("shared");
  for (int round = 0; round != 5; ++round) {
    auto const alone = roost::spawn<Dedicated>("alone");
    EXPECT_EQ(alone->read.call_one(1).get() + shared->quick.call_one().get(), 6);
    alone.stop();
    EXPECT_EQ(end_of(alone.id()).code, errc::actor_stopped);
  }
}

ROOST_SIM_TEST(handlers, dedicated_actors_come_and_go, roost::sim::calm()) {
  for (int round = 0; round != 5; ++round) {
    auto const alone = roost::spawn<Dedicated>("alone");
    EXPECT_EQ(alone->read.call_one(1).get(), 5);
    alone.stop();
    EXPECT_EQ(end_of(alone.id()).code, errc::actor_stopped);
  }
}

TEST(handlers, here_outside_a_handler_throws) {
  EXPECT_EQ(code_of([] { (void)roost::here(); }), errc::bad_argument);
}

struct Ticker : roost::actor {
  void start(roost::port<std::int64_t> to) {
    roost::every(100ms, [to] { to.send(roost::now().time_since_epoch().count()); });
  }
  void once(roost::port<std::int64_t> to) {
    auto const start = roost::now();
    roost::after(50ms, [to, start] { to.send((roost::now() - start).count()); });
  }
  /// As many as that, the last first, and one that never comes.
  void many(std::int64_t count, roost::port<std::int64_t> to) {
    roost::after(roost::nanoseconds::max(), [to] { to.send(-1); });
    for (std::int64_t i = count; i != 0; --i) {
      roost::after(std::chrono::milliseconds(i % 2 == 0 ? i : 1'000 + i), [to, i] { to.send(i); });
    }
  }
  void once_busy(roost::port<std::int64_t> to) {
    auto const start = roost::now();
    roost::after(50ms, [to, start] { to.send((roost::now() - start).count()); });
    roost::sleep(2s);
  }
};
ROOST_EXPORT(Ticker, start, once, many, once_busy)

ROOST_SIM_TEST(handlers, after_runs_once_and_not_early, roost::sim::calm()) {
  auto [port, receiver] = roost::channel<std::int64_t>();
  roost::spawn<Ticker>("ticker")->once.call_one(port).get();
  auto const waited = receiver.recv(10s);
  EXPECT_GE(waited, 50'000'000);
  EXPECT_LT(waited, 1'000'000'000);
  EXPECT_EQ(code_of([&, &r = receiver] { (void)r.recv(2s); }), errc::timeout);
}

ROOST_SIM_TEST(handlers, after_waits_for_the_handler_that_is_suspended, roost::sim::calm()) {
  auto [port, receiver] = roost::channel<std::int64_t>();
  roost::spawn<Ticker>("ticker")->once_busy.call_one(port).get();
  EXPECT_GE(receiver.recv(10s), 2'000'000'000);
}

ROOST_SIM_TEST(handlers, every_repeats_until_the_actor_ends, roost::sim::calm()) {
  auto [port, receiver] = roost::channel<std::int64_t>();
  auto const ticker = roost::spawn<Ticker>("ticker");
  ticker->start.call_one(port).get();
  auto const first = receiver.recv(10s);
  for (int i = 1; i != 5; ++i) EXPECT_GE(receiver.recv(10s), first + i * 100'000'000 - 1'000'000);
  ticker.stop();
  EXPECT_EQ(end_of(ticker.id()).code, errc::actor_stopped);
  while (!receiver.empty()) (void)receiver.recv(1s);
  EXPECT_EQ(code_of([&, &r = receiver] { (void)r.recv(1s); }), errc::timeout);
}

ROOST_SIM_TEST(handlers, many_timers_of_one_actor_each_ring_once_in_the_order_of_time, roost::sim::calm()) {
  auto [port, receiver] = roost::channel<std::int64_t>();
  auto const ticker = roost::spawn<Ticker>("ticker");
  constexpr std::int64_t count = 40;
  ticker->many.call_one(count, port).get();
  for (std::int64_t i = 2; i <= count; i += 2) EXPECT_EQ(receiver.recv(10s), i);
  for (std::int64_t i = 1; i <= 9; i += 2) EXPECT_EQ(receiver.recv(10s), i);
  ticker.stop();
  EXPECT_EQ(end_of(ticker.id()).code, errc::actor_stopped);
  while (!receiver.empty()) EXPECT_GT(receiver.recv(1s), 9);
  EXPECT_EQ(code_of([&, &r = receiver] { (void)r.recv(3s); }), errc::timeout);
}

ROOST_SIM_TEST(handlers, every_refuses_a_period_of_nothing, roost::sim::calm()) {
  EXPECT_EQ(code_of([] { roost::every(0s, [] {}); }), errc::bad_argument);
}

roost::proc_local<int> counted;

struct Counter : roost::actor {
  int count() { return ++*counted; }
};
ROOST_EXPORT(Counter, count)

ROOST_SIM_TEST(handlers, proc_local_values_are_shared_in_a_proc_and_not_between_procs, roost::sim::calm()) {
  auto const procs = hosts.spawn_procs(gpu = 2);
  auto const a = procs.spawn<Counter>("a");
  auto const b = procs.spawn<Counter>("b");
  for (auto const& [at, n] : a->count.call().get()) EXPECT_EQ(n.value(), 1);
  for (auto const& [at, n] : b->count.call().get()) EXPECT_EQ(n.value(), 2);
  EXPECT_EQ(++*counted, 1);
}

roost::proc_local<std::optional<roost::receiver<std::int64_t>>> kept;

struct Holder : roost::actor {
  void hold() { kept->emplace(roost::channel<std::int64_t>().second); }
};
ROOST_EXPORT(Holder, hold)

ROOST_SIM_TEST(handlers, a_receiver_may_outlive_the_actor_that_opened_it, roost::sim::calm()) {
  auto const procs = hosts.spawn_procs(gpu = 2);
  for (auto const& [at, held] : procs.spawn<Holder>("holder")->hold.call().get()) EXPECT_TRUE(held);
  kept->emplace(roost::channel<std::int64_t>().second);
}

}  // namespace handlers
