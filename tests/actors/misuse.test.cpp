// What cannot work says so at once and names what was expected; nothing hangs, and nothing ends the process.

#include "stage.test.hpp"

using namespace stage;

namespace misuse {

struct bulk {
  std::string bytes;
};
constexpr std::size_t too_much = std::size_t{80} << 20;  ///< More than a frame may have on any simulated transport.

/// A request that another actor answers.
struct errand {
  roost::reply_port<bulk> to;
};

/// Nested as deep as its maker likes.
struct tree {
  int value = 0;
  std::vector<tree> kids;
};
tree of_depth(int depth) {
  tree t;
  for (int i = 1; i != depth; ++i) {
    tree outer;
    outer.kids.push_back(std::move(t));
    t = std::move(outer);
  }
  return t;
}

struct Source : roost::actor {
  int ping() { return 1; }
  int height(tree t) { return 1 + (t.kids.empty() ? 0 : height(t.kids.front())); }
  void grow(roost::port<tree> into, int depth) { into.send(of_depth(depth)); }
  void fail_well(roost::reply_port<int> to) {
    write(std::string(to_string(code_of([&] { to.fail(roost::error(errc::ok, "fine")); }))));
    to.send(7);
  }
  int throw_well() { throw roost::exception(roost::error(errc::ok, "fine")); }
  bulk give(std::size_t size) { return {std::string(size, 'b')}; }
  roost::task<bulk> give_later(std::size_t size) { co_return bulk{std::string(size, 'b')}; }
  void owe(roost::reply_port<bulk> to, std::size_t size) { to.send({std::string(size, 'b')}); }
  void pass(roost::reply_port<bulk> to, std::size_t size);
  void fulfil(errand e, std::size_t size) { e.to.send({std::string(size, 'b')}); }
  void set_next(roost::actor_mesh<Source> next);
  void fill_once(roost::once_port<bulk> to, std::size_t size) { to.send({std::string(size, 'b')}); }
  bool fill(roost::port<bulk> to, std::size_t size) {
    return code_of([&] { to.send({std::string(size, 'b')}); }) == errc::too_large;
  }
  roost::task<int> one() { co_return 1; }
  roost::task<int> many(int count) {
    int sum = 0;
    for (int i = 0; i != count; ++i) sum += co_await one();
    co_return sum;
  }

 private:
  std::unique_ptr<roost::actor_mesh<Source>> next_;
};
ROOST_EXPORT(Source, ping, height, grow, fail_well, throw_well, give, give_later, owe, pass, fulfil, set_next, fill_once, fill,
             many)

struct Sized : roost::actor {
  explicit Sized(int size) : size_(size) {}
  int size() { return size_; }

 private:
  int size_;
};
ROOST_EXPORT(Sized, size)

using sources = roost::actor_mesh<Source>;
void Source::set_next(sources next) { next_ = std::make_unique<sources>(std::move(next)); }
void Source::pass(roost::reply_port<bulk> to, std::size_t size) { (*next_)->fulfil.broadcast(errand{std::move(to)}, size); }

ROOST_SIM_TEST_SEEDS(misuse, an_answer_that_is_too_large_to_travel_is_told_to_who_waits_for_it, roost::sim::calm(), 1, 3) {
  as_keeper([&](Keeper&) {
    auto const procs = hosts.spawn_procs(gpu = 2);
    auto const far = procs.at(host = 1, gpu = 1).spawn<Source>("source");
    auto const between = procs.at(host = 0, gpu = 1).spawn<Source>("between");
    between->set_next.call_one(far).get();
    EXPECT_EQ(code_of([&] { (void)far->give.call_one(too_much).get(); }), errc::too_large);
    EXPECT_EQ(code_of([&] { (void)far->give_later.call_one(too_much).get(); }), errc::too_large);
    EXPECT_EQ(code_of([&] { (void)far->owe.call_one(too_much).get(); }), errc::too_large);
    EXPECT_EQ(code_of([&] { (void)between->pass.call_one(too_much).get(); }), errc::too_large);
    auto [once, value] = roost::once_channel<bulk>();
    value.link(far.id());
    far->fill_once.call_one(once, too_much).get();
    EXPECT_EQ(code_of([&, &from = value] { (void)from.recv(); }), errc::too_large);
    auto [many, values] = roost::channel<bulk>();
    EXPECT_TRUE(far->fill.call_one(many, too_much).get());
    EXPECT_EQ(far->ping.call_one().get(), 1);
    EXPECT_EQ(far->give.call_one(1000).get().bytes.size(), 1000U);
  });
}

ROOST_SIM_TEST(misuse, what_names_nobody_is_refused_at_once, roost::sim::calm()) {
  as_keeper([&](Keeper& self) {
    roost::actor_id const nobody;
    EXPECT_EQ(code_of([&] { roost::watch(nobody); }), errc::bad_argument);
    EXPECT_EQ(code_of([&] { roost::link_to(nobody); }), errc::bad_argument);
    EXPECT_EQ(code_of([&] { roost::kill(nobody); }), errc::bad_argument);
    EXPECT_EQ(code_of([&] { roost::stop(nobody); }), errc::bad_argument);
    EXPECT_EQ(code_of([&] { roost::port<int>().send(1); }), errc::bad_argument);
    EXPECT_EQ(code_of([&] { (void)roost::port<int>().try_send(1); }), errc::bad_argument);
    EXPECT_EQ(code_of([&] { roost::once_port<int>().send(1); }), errc::bad_argument);
    auto opened = roost::channel<int>();
    EXPECT_EQ(code_of([&] { opened.second.link(nobody); }), errc::bad_argument);
    EXPECT_EQ(code_of([&] { (void)sources()->ping.call_one(); }), errc::bad_argument);
    roost::future<int> const nothing;
    EXPECT_EQ(code_of([&] { (void)nothing.get(); }), errc::bad_argument);
    EXPECT_EQ(code_of([&] { (void)nothing.wait(1s); }), errc::bad_argument);
    EXPECT_EQ(code_of([&] { (void)nothing.ready(); }), errc::bad_argument);
    EXPECT_EQ(code_of([&] { (void)nothing.then([](int) {}); }), errc::bad_argument);
    EXPECT_EQ(code_of([&] { (void)roost::wait_any(nothing); }), errc::bad_argument);
    EXPECT_EQ(code_of([&] { (void)roost::random_below(0); }), errc::bad_argument);
    roost::sleep(20s);  // Nothing was sent to nobody, so nobody's silence is noticed.
    EXPECT_TRUE(self.failures.empty());
  });
}

ROOST_SIM_TEST(misuse, what_is_nested_too_deep_to_travel_is_refused_where_it_is_sent, roost::sim::calm()) {
  auto const near = roost::spawn<Source>("source");
  auto const far = hosts.spawn_procs(gpu = 1).spawn<Source>("source");
  EXPECT_EQ(near->height.call_one(of_depth(50)).get(), 50);
  EXPECT_EQ(far.at_rank(0)->height.call_one(of_depth(31)).get(), 31);  // A tree is two levels, and the arguments are one.
  try {
    (void)far.at_rank(0)->height.call_one(of_depth(32));
    ADD_FAILURE();
  } catch (roost::exception const& e) {
    EXPECT_EQ(e.code(), errc::too_large);
    EXPECT_TRUE(mentions(e.why(), "nested deeper than max_nesting, which is 64")) << e.why().describe();
    EXPECT_TRUE(mentions(e.why(), "height"));
  }
  EXPECT_EQ(code_of([&] { far.at_rank(0)->height.broadcast(of_depth(50)); }), errc::too_large);
  for (auto const& [at, height] : far->height.call(of_depth(50)).get()) EXPECT_EQ(height.failure().code, errc::too_large);
  auto [port, receiver] = roost::channel<tree>();
  far.at_rank(1)->grow.call_one(port, 32).get();
  EXPECT_TRUE(receiver.recv(20s).kids.size() == 1);
  EXPECT_EQ(code_of([&, &p = port] { far.at_rank(1)->grow.call_one(p, 33).get(); }), errc::too_large);
  far.at_rank(1)->grow.call_one(port, 1).get();
  EXPECT_TRUE(receiver.recv(20s).kids.empty());
}

ROOST_SIM_TEST(misuse, an_error_that_says_ok_is_no_answer, roost::sim::calm()) {
  journal.clear();
  for (auto const& source : {roost::spawn<Source>("source"), hosts.spawn_procs(gpu = 1).spawn<Source>("source").at_rank(1)}) {
    EXPECT_EQ(source->fail_well.call_one().get(), 7);
    EXPECT_EQ(code_of([&] { (void)source->throw_well.call_one().get(); }), errc::handler_threw);
  }
  EXPECT_EQ(journal, (std::vector<std::string>{"bad_argument", "bad_argument"}));
}

ROOST_SIM_TEST(misuse, a_receiver_that_was_moved_from_is_refused, roost::sim::calm()) {
  auto opened = roost::channel<int>();
  auto& from = opened.second;
  auto const to = std::move(opened.second);
  EXPECT_EQ(code_of([&] { (void)from.empty(); }), errc::bad_argument);
  EXPECT_EQ(code_of([&] { (void)from.recv(); }), errc::bad_argument);
  EXPECT_EQ(code_of([&] { (void)from.recv(1s); }), errc::bad_argument);
  EXPECT_EQ(code_of([&] { from.link(hosts.spawn_procs(gpu = 1).spawn<Source>("source").id()); }), errc::bad_argument);
  EXPECT_TRUE(to.empty());
}

ROOST_SIM_TEST(misuse, a_receive_that_could_wait_for_ever_is_refused_at_once, roost::sim::calm()) {
  auto receiver = roost::channel<int>().second;
  EXPECT_EQ(code_of([&] { (void)receiver.recv(); }), errc::unbounded_wait);
  EXPECT_EQ(code_of([&] { (void)receiver.recv(roost::nanoseconds::max()); }), errc::unbounded_wait);
  EXPECT_EQ(code_of([&] { (void)receiver.recv(roost::nanoseconds::max() - 1ns); }), errc::unbounded_wait);
  receiver.link(roost::here().self());
  EXPECT_EQ(code_of([&] { (void)receiver.recv(); }), errc::unbounded_wait);
}

ROOST_SIM_TEST(misuse, hosts_and_procs_that_are_not_there_are_refused_at_once, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    EXPECT_EQ(code_of([&] { (void)hosts.id(2); }), errc::bad_argument);
    EXPECT_EQ(code_of([&] { (void)hosts.slice(1, 3); }), errc::bad_argument);
    EXPECT_EQ(code_of([&] { (void)hosts.slice(2, 1); }), errc::bad_argument);
    EXPECT_EQ(code_of([&] { (void)hosts.spawn_procs(gpu = 4096); }), errc::bad_argument);
    EXPECT_EQ(hosts.slice(1, 1).size(), 0U);
    roost::proc_mesh const none;
    EXPECT_EQ(none.size(), 0U);
    EXPECT_EQ(code_of([&] { (void)none.id(0); }), errc::bad_argument);
    EXPECT_EQ(code_of([&] { (void)none.spawn<Source>("none"); }), errc::bad_argument);
    auto const two = hosts.spawn_procs(gpu = 1);
    EXPECT_EQ(code_of([&] { (void)two.spawn<Sized>("sized", roost::value_mesh<int>(roost::extent({{"gpu", 1}}), {1})); }),
              errc::bad_argument);
    EXPECT_EQ(
        code_of([&] { (void)two.spawn<Sized>("sized", roost::value_mesh<int>(roost::extent({{"z", 9}}), std::vector<int>(9))); }),
        errc::bad_argument);
    EXPECT_EQ(two.spawn<Sized>("sized", roost::value_mesh<int>(two.extent(), {4, 5})).at_rank(1)->size.call_one().get(), 5);
  });
}

ROOST_SIM_TEST(misuse, times_beyond_all_time_never_come, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    roost::after(roost::nanoseconds::max(), [] { write("after"); });
    roost::every(roost::nanoseconds::max(), [] { write("every"); });
    auto const waits = roost::spawn<Keeper>("sleeper");
    keeper_script = [](Keeper&) { roost::sleep(roost::nanoseconds::max()); };
    auto const asleep = waits->run.with(10s).call_one();
    EXPECT_EQ(code_of([&] { asleep.get(); }), errc::timeout);
    EXPECT_TRUE(journal.empty());
    waits.kill();
  });
}

ROOST_SIM_TEST_SEEDS(misuse, a_coroutine_that_awaits_many_tasks_needs_no_more_stack_than_for_one, roost::sim::calm(), 1, 2) {
  as_keeper([&](Keeper&) {
    auto const local = roost::spawn<Source>("source");
    EXPECT_EQ(local->many.call_one(100'000).get(), 100'000);
  });
}

/// Sends when it is destroyed.
struct parting_word {
  sources to;
  ~parting_word() {
    to->ping.broadcast();
    write("sent by a destructor");
  }
};

struct Talker : roost::actor {
  explicit Talker(sources to) : word_(std::make_unique<parting_word>(std::move(to))) {}
  void wait() {
    parting_word const at_end{word_->to};
    roost::sleep(100s);
  }
  ~Talker() override {
    write(std::string(to_string(code_of([] { roost::sleep(1s); }))));
  }

 private:
  std::unique_ptr<parting_word> word_;
};
ROOST_EXPORT(Talker, wait)

ROOST_SIM_TEST(misuse, destructors_send_and_never_wait, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const near = roost::spawn<Source>("source");
    auto const far = hosts.spawn_procs(gpu = 1).at(host = 1).spawn<Source>("source");
    for (auto const& whom : {near, far}) {
      journal.clear();
      auto const talker = roost::spawn<Talker>("talker", whom);
      talker->wait.broadcast();
      roost::sleep(1s);
      talker.kill();
      (void)end_of(talker.id());
      roost::sleep(1s);
      EXPECT_EQ(journal, (std::vector<std::string>{"sent by a destructor", "would_block", "sent by a destructor"}));
      EXPECT_EQ(whom->ping.call_one().get(), 1);
    }
  });
}

ROOST_SIM_TEST(misuse, destructors_of_a_proc_that_crashes_do_nothing_to_others,
               stage::with_fault(roost::sim::fault_kind::crash_proc, 5s, "host1/p1")) {
  as_keeper([&](Keeper& self) {
    auto const near = roost::spawn<Source>("source");
    auto const far = hosts.spawn_procs(gpu = 1).at(host = 1).spawn<Talker>("talker", near);
    far->wait.broadcast();
    roost::sleep(20s);
    EXPECT_EQ(near->ping.call_one().get(), 1);
    EXPECT_EQ(self.failures.size(), 1U);
  });
}

// What stands on an abandoned stack is lost, which leak detection reports, rightly.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ROOST_TEST_FINDS_LEAKS
#endif
#endif
#if !defined(ROOST_TEST_FINDS_LEAKS)

/// Catches what would end its waits, and waits again.
struct Stubborn : roost::actor {
  explicit Stubborn(bool at_end) : at_end_(at_end) {}
  void wait() { wait_for_ever(); }
  roost::task<void> wait_in_coroutine(roost::actor_mesh<Stubborn> on);
  int ping() { return 1; }
  void cleanup(roost::error const*) override {
    write("cleanup");
    if (at_end_) wait_for_ever();
  }

 private:
  static void wait_for_ever() {
    for (;;) {
      try {
        roost::sleep(1s);
      } catch (...) {
        sometimes_caught();
      }
    }
  }
  static void sometimes_caught() { roost::sometimes(true, "misuse: a handler catches what would end it"); }
  bool at_end_;
};
ROOST_EXPORT(Stubborn, wait, wait_in_coroutine, ping)

roost::task<void> Stubborn::wait_in_coroutine(roost::actor_mesh<Stubborn> on) {
  for (;;) {
    try {
      co_await on->wait.call_one();
    } catch (...) {
      sometimes_caught();
    }
  }
}

ROOST_SIM_TEST(misuse, who_does_not_let_itself_be_ended_is_abandoned, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const procs = hosts.spawn_procs(gpu = 1);
    auto const good = procs.spawn<Stubborn>("good", false);
    for (std::uint64_t rank = 0; rank != 2; ++rank) {
      journal.clear();
      auto const one = procs.spawn<Stubborn>("waits", false).at_rank(rank);
      auto const two = procs.spawn<Stubborn>("cleans up", true).at_rank(rank);
      auto const three = procs.spawn<Stubborn>("coroutine", false).at_rank(rank);
      for (auto const& each : {one, two, three}) EXPECT_EQ(each->ping.call_one().get(), 1);
      auto const asked = one->wait.call_one();
      three->wait_in_coroutine.broadcast(one);
      roost::sleep(100ms);
      for (auto const& each : {three, two, one}) each.kill();
      EXPECT_FALSE(asked.wait(20s).has_value());
      for (auto const& each : {one, two, three}) EXPECT_EQ(end_of(each.id()).code, errc::actor_killed);
      EXPECT_EQ(lines("cleanup"), 3U);
      EXPECT_EQ(good.at_rank(rank)->ping.call_one().get(), 1);
    }
  });
}

ROOST_SIM_TEST(misuse, who_does_not_let_itself_be_ended_ends_with_its_proc,
               stage::with_fault(roost::sim::fault_kind::crash_proc, 5s, "host1/p1")) {
  as_keeper([&](Keeper& self) {
    auto const far = hosts.spawn_procs(gpu = 1).at(host = 1).spawn<Stubborn>("stubborn", true);
    far->wait.broadcast();
    roost::sleep(20s);
    EXPECT_EQ(self.failures.size(), 1U);
  });
}

#endif

ROOST_SIM_TEST(misuse, a_program_that_takes_long_is_no_hang_where_nothing_breaks, [] {
  auto s = roost::sim::calm();
  s.settle_limit = 1s;
  return s;
}()) {
  roost::sleep(30s);
}

struct Spender : roost::actor {
  void spend() {
    roost::spend(roost::nanoseconds::max());
    roost::spend(roost::nanoseconds::max());
  }
  int after() { return 1; }
};
ROOST_EXPORT(Spender, spend, after)

ROOST_SIM_TEST(misuse, spending_more_than_all_time_keeps_the_worker_busy_for_good, roost::sim::calm()) {
  auto const far = hosts.spawn_procs(gpu = 1).at(host = 1).spawn<Spender>("spender");
  EXPECT_EQ(far->after.call_one().get(), 1);
  far->spend.broadcast();
  EXPECT_EQ(code_of([&] { far->after.with(60s).call_one().get(); }), errc::timeout);
}

}  // namespace misuse
