// Waiting for values that come later: futures, receivers, coroutines.

#include "stage.test.hpp"

using namespace stage;

namespace futures {

struct Oven : roost::actor {
  int bake(int value, std::int64_t milliseconds) {
    roost::sleep(std::chrono::milliseconds(milliseconds));
    return value;
  }
  int burn() { throw std::runtime_error("burnt"); }
  void ring(roost::port<int> to, int value) { to.send(value); }
  roost::task<int> both(roost::actor_mesh<Oven> other);
  roost::task<void> spoilt(roost::actor_mesh<Oven> other);
  void fail() { throw std::runtime_error("fell apart"); }
};
ROOST_EXPORT(Oven, bake, burn, ring, both, spoilt, fail)

roost::task<int> Oven::both(roost::actor_mesh<Oven> other) {
  int const first = co_await other->bake.call_one(1, 2);
  int const second = co_await other->bake.call_one(first + 1, 2);
  co_return first + second;
}
roost::task<void> Oven::spoilt(roost::actor_mesh<Oven> other) { co_await other->burn.call_one(); }

roost::actor_mesh<Oven> remote(roost::hosts const& hosts) { return hosts.spawn_procs(gpu = 1).spawn<Oven>("oven").at_rank(1); }

/// Two observers of one future, by two handlers of one actor.
struct Pair : roost::actor {
  void start(roost::actor_mesh<Oven> oven) { shared_ = oven->bake.call_one(4, 50); }
  int wait() { return shared_.get(); }

 private:
  roost::future<int> shared_;
};
ROOST_CONCURRENT(Pair, wait, 4)
ROOST_EXPORT(Pair, start, wait)

/// Asks for what takes long, with a callback that holds something.
struct Patient : roost::actor {
  void ask(roost::actor_mesh<Oven> oven) {
    auto const held = std::make_shared<int>(1);
    held_by_callback = held;
    oven->bake.call_one(1, 60'000).then([held](int) {}).detach();
  }
  inline static std::weak_ptr<int> held_by_callback;
};
ROOST_EXPORT(Patient, ask)

ROOST_SIM_TEST(futures, a_callback_that_cannot_run_any_more_is_let_go,
               stage::with_fault(roost::sim::fault_kind::crash_proc, 10s, "host1/p1")) {
  as_keeper([&](Keeper&) {
    auto const procs = hosts.spawn_procs(gpu = 1);
    procs.spawn<Patient>("patient").at_rank(1)->ask.call_one(procs.spawn<Oven>("oven").at_rank(0)).get();
    EXPECT_FALSE(Patient::held_by_callback.expired());
    roost::sleep(30s);
    EXPECT_TRUE(Patient::held_by_callback.expired());
  });
}

ROOST_SIM_TEST(futures, get_gives_the_value, roost::sim::calm()) { EXPECT_EQ(remote(hosts)->bake.call_one(5, 1).get(), 5); }

ROOST_SIM_TEST(futures, get_throws_what_the_handler_threw, roost::sim::calm()) {
  EXPECT_EQ(code_of([&] { remote(hosts)->burn.call_one().get(); }), errc::handler_threw);
  auto const here = roost::spawn<Oven>("here");
  EXPECT_TRUE(mentions(here->burn.call_one().wait().failure(), "burnt"));
}

ROOST_SIM_TEST(futures, a_timeout_ends_at_the_deadline_and_does_not_poison, roost::sim::calm()) {
  auto const value = remote(hosts)->bake.call_one(5, 60'000);
  auto const start = roost::now();
  EXPECT_EQ(code_of([&] { value.get(2s); }), errc::timeout);
  EXPECT_EQ(roost::now() - start, 2s);
  EXPECT_EQ(value.get(), 5);
  EXPECT_EQ(value.get(), 5);
}

ROOST_SIM_TEST(futures, several_handlers_may_wait_for_one_future, roost::sim::calm()) {
  auto const pair = roost::spawn<Pair>("pair");
  pair->start.call_one(remote(hosts)).get();
  std::vector<roost::future<int>> waits;
  for (int i = 0; i != 4; ++i) waits.push_back(pair->wait.call_one());
  roost::wait_all(waits, 30s);
  for (auto const& w : waits) EXPECT_EQ(w.get(), 4);
}

ROOST_SIM_TEST(futures, then_runs_after_the_handler_and_never_while_it_waits, roost::sim::calm()) {
  as_keeper([&](Keeper& self) {
    auto const oven = roost::spawn<Oven>("oven");
    auto ran = std::make_shared<bool>(false);
    oven->bake.call_one(5, 1).then([ran](int) { *ran = true; }).detach();
    roost::sleep(1s);
    EXPECT_FALSE(*ran);
    roost::after(1ms, [ran] { write(*ran ? "then first" : "then late"); });
    (void)self;
  });
  for (int i = 0; i != 50 && journal.empty(); ++i) roost::sleep(10ms);
  EXPECT_EQ(lines("then first"), 1U);
}

/// Says by a port what `then` gave; the handler that asked has ended by then.
struct Chainer : roost::actor {
  void start(roost::actor_mesh<Oven> oven, roost::port<int> to) {
    oven->bake.call_one(5, 1).then([](int v) { return v * 2; }).then([to](int v) { to.send(v); }).detach();
    oven->burn.call_one().then([to](int) { to.send(-1); }).detach();
  }
};
ROOST_EXPORT(Chainer, start)

ROOST_SIM_TEST(futures, then_passes_its_result_on_and_errors_skip_it, roost::sim::calm()) {
  auto [port, receiver] = roost::channel<int>();
  roost::spawn<Chainer>("chainer")->start.call_one(remote(hosts), port).get();
  EXPECT_EQ(receiver.recv(10s), 10);
  EXPECT_EQ(code_of([&, &r = receiver] { (void)r.recv(10s); }), errc::timeout);
}

ROOST_SIM_TEST(futures, a_wait_for_a_callback_of_the_handlers_own_actor_is_a_deadlock, roost::sim::calm()) {
  auto const oven = remote(hosts);
  auto const baked = oven->bake.call_one(5, 1);
  auto const later = baked.then([](int v) { return v * 2; });
  auto const start = roost::now();
  EXPECT_EQ(code_of([&] { later.get(); }), errc::deadlock);
  EXPECT_EQ(later.wait(60s).failure().code, errc::deadlock);
  EXPECT_EQ(code_of([&] { roost::wait_all(baked, later); }), errc::deadlock);
  EXPECT_EQ(roost::now(), start);
  EXPECT_EQ(roost::wait_any(later, baked), 1U);  // One of them can come.
  EXPECT_EQ(code_of([&] { later.get(); }), errc::deadlock);
}

ROOST_SIM_TEST(futures, wait_any_ends_with_the_first_and_wait_n_with_the_nth, roost::sim::calm()) {
  auto const ovens = hosts.spawn_procs(gpu = 2).spawn<Oven>("ovens");
  std::vector<roost::future<int>> all;
  for (std::uint64_t rank = 0; rank != 4; ++rank)
    all.push_back(ovens.at_rank(rank)->bake.call_one(1, rank == 2 ? 1 : 20'000 * static_cast<std::int64_t>(rank + 1)));
  EXPECT_EQ(roost::wait_any(all), 2U);
  EXPECT_EQ(roost::wait_n(2, all), (std::vector<std::size_t>{0, 2}));
  EXPECT_FALSE(all[3].ready());
  roost::wait_all(all);
  EXPECT_TRUE(all[3].ready());
}

ROOST_SIM_TEST(futures, waits_on_many_have_deadlines_and_refuse_the_impossible, roost::sim::calm()) {
  std::vector<roost::future<int>> one{remote(hosts)->bake.call_one(1, 60'000)};
  EXPECT_EQ(code_of([&] { roost::wait_all(one, 1s); }), errc::timeout);
  EXPECT_EQ(code_of([&] { (void)roost::wait_n(2, one); }), errc::bad_argument);
  roost::wait_all(one);
  EXPECT_EQ(one[0].get(), 1);
}

ROOST_SIM_TEST(futures, an_error_counts_as_ready, roost::sim::calm()) {
  auto const oven = remote(hosts);
  auto const bad = oven->burn.call_one();
  auto const good = oven->bake.call_one(1, 20'000);
  EXPECT_EQ(roost::wait_any(good, bad), 1U);
  roost::wait_all(good, bad);
}

ROOST_SIM_TEST(futures, a_coroutine_endpoint_awaits_and_answers, roost::sim::calm()) {
  auto const ovens = hosts.spawn_procs(gpu = 1).spawn<Oven>("ovens");
  EXPECT_EQ(ovens.at_rank(0)->both.call_one(ovens.at_rank(1)).get(), 3);
}

ROOST_SIM_TEST(futures, an_error_that_a_coroutine_awaits_passes_to_its_caller, roost::sim::calm()) {
  auto const ovens = hosts.spawn_procs(gpu = 1).spawn<Oven>("ovens");
  auto const answer = ovens.at_rank(0)->spoilt.call_one(ovens.at_rank(1)).wait();
  ASSERT_FALSE(answer.has_value());
  EXPECT_TRUE(mentions(answer.failure(), "burnt"));
}

ROOST_SIM_TEST(futures, a_receive_without_link_or_deadline_is_refused_at_once, roost::sim::calm()) {
  auto [port, receiver] = roost::channel<int>();
  auto const start = roost::now();
  EXPECT_EQ(code_of([&, &r = receiver] { (void)r.recv(); }), errc::unbounded_wait);
  EXPECT_EQ(roost::now(), start);
  port.send(3);
  EXPECT_EQ(receiver.recv(), 3);  // What is there needs no wait.
}

ROOST_SIM_TEST(futures, a_receive_ends_at_its_deadline_and_the_receiver_goes_on, roost::sim::calm()) {
  auto [port, receiver] = roost::channel<int>();
  EXPECT_EQ(code_of([&, &r = receiver] { (void)r.recv(100ms); }), errc::timeout);
  remote(hosts)->ring.broadcast(port, 8);
  EXPECT_EQ(receiver.recv(30s), 8);
}

ROOST_SIM_TEST(futures, values_of_one_sender_come_in_order, stage::with_knob("link.credit_messages", 20)) {
  auto const oven = remote(hosts);
  auto [port, receiver] = roost::channel<int>();
  for (int i = 0; i != 20; ++i) oven->ring.broadcast(port, i);
  for (int i = 0; i != 20; ++i) EXPECT_EQ(receiver.recv(30s), i);
}

ROOST_SIM_TEST(futures, a_linked_receive_ends_when_the_linked_actor_stops, roost::sim::calm()) {
  auto const ovens = hosts.spawn_procs(gpu = 1).spawn<Oven>("ovens");
  for (std::uint64_t rank = 0; rank != 2; ++rank) {
    ovens.at_rank(rank).stop();
    EXPECT_EQ(end_of(ovens.id(rank)).code, errc::actor_stopped);
    EXPECT_EQ(end_of(ovens.id(rank)).code, errc::actor_stopped);  // Also for who links late.
  }
}

ROOST_SIM_TEST(futures, a_linked_receive_ends_when_the_linked_actor_fails, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const ovens = hosts.spawn_procs(gpu = 1).spawn<Oven>("ovens");
    ovens->fail.broadcast();
    EXPECT_EQ(end_of(ovens.id(0)).code, errc::actor_failed);
    EXPECT_TRUE(mentions(end_of(ovens.id(1)), "fell apart"));
  });
}

ROOST_SIM_TEST(futures, a_linked_receiver_gives_what_was_sent_before_the_end, roost::sim::calm()) {
  auto const oven = remote(hosts);
  auto [port, receiver] = roost::channel<int>();
  receiver.link(oven.id());
  oven->ring.call_one(port, 1).get();
  oven.stop();
  EXPECT_EQ(receiver.recv(), 1);
  EXPECT_EQ(code_of([&, &r = receiver] { (void)r.recv(); }), errc::actor_stopped);
}

/// Links a receiver to a neighbour, while that neighbour's proc closes many ports of its own.
struct Linker : roost::actor {
  int wait_for(roost::actor_mesh<Oven> other) { return static_cast<int>(end_of(other.id()).code); }
};
ROOST_EXPORT(Linker, wait_for)

/// Opens and closes one port after the other.
struct Busy : roost::actor {
  void work(roost::actor_mesh<Oven> oven) {
    for (int i = 0; i != 20; ++i) oven->bake.call_one(i, 0).get();
  }
};
ROOST_EXPORT(Busy, work)

ROOST_SIM_TEST(futures, a_link_from_afar_outlives_ports_of_the_same_number, roost::sim::calm()) {
  auto const procs = hosts.spawn_procs(gpu = 1);
  auto const oven = procs.at(host = 1).spawn<Oven>("oven");
  auto const ended = procs.at(host = 0).spawn<Linker>("linker")->wait_for.call_one(oven);
  roost::sleep(5s);
  procs.at(host = 1).spawn<Busy>("busy")->work.call_one(oven).get();
  oven.stop();
  EXPECT_EQ(ended.get(20s), static_cast<int>(errc::actor_stopped));
}

}  // namespace futures
