// Failures and their owners.

#include "stage.test.hpp"

using namespace stage;

namespace supervision {

enum class policy : std::uint8_t { handle, refuse, rethrow };

struct Child : roost::actor {
  explicit Child(bool good = true) {
    if (!good) throw std::runtime_error("never began");
  }
  void fail() { throw std::runtime_error("the first cause"); }
  int ping() { return 1; }
};
ROOST_EXPORT(Child, fail, ping)

/// Owns children and does with their failures what it was told to.
struct Boss : roost::actor {
  explicit Boss(policy p) : policy_(p) {}
  roost::actor_mesh<Child> hire(roost::proc_mesh procs) { return procs.spawn<Child>("children"); }
  roost::actor_mesh<Boss> found(policy p) { return roost::spawn<Boss>("middle", p); }
  int wait_long() {
    roost::sleep(30s);
    write("waited");
    return count_;
  }
  int count() { return count_; }
  bool supervise(roost::failure const& f) override {
    ++count_;
    write("supervise " + f.mesh() + " " + std::to_string(f.rank()));
    if (slow_) roost::sleep(1s);
    write("supervised");
    if (policy_ == policy::rethrow) throw std::runtime_error("the second cause");
    return policy_ == policy::handle;
  }
  void slow() { slow_ = true; }
  void cleanup(roost::error const* why) override { write(why == nullptr ? "boss ok" : "boss failed"); }

 private:
  policy policy_;
  int count_ = 0;
  bool slow_ = false;
};
ROOST_EXPORT(Boss, hire, found, wait_long, count, slow)

ROOST_SIM_TEST(supervision, true_stops_a_failure_and_the_others_go_on, roost::sim::calm()) {
  as_keeper([&](Keeper& self) {
    auto const children = hosts.spawn_procs(gpu = 1).spawn<Child>("children");
    children.at_rank(1)->fail.broadcast();
    roost::sleep(5s);
    ASSERT_EQ(self.failures.size(), 1U);
    auto const& f = self.failures[0];
    EXPECT_EQ(f.mesh(), "children");
    EXPECT_EQ(f.rank(), 1U);
    EXPECT_EQ(f.actor(), children.id(1));
    EXPECT_EQ(f.why().code, errc::actor_failed);
    EXPECT_TRUE(mentions(f.why(), "the first cause"));
    EXPECT_TRUE(mentions(f.why(), "Child.fail"));
    EXPECT_EQ(children.at_rank(0)->ping.call_one().get(), 1);
  });
}

ROOST_SIM_TEST(supervision, a_constructor_that_throws_fails_its_actor, roost::sim::calm()) {
  as_keeper([&](Keeper& self) {
    auto const children = hosts.spawn_procs(gpu = 1).spawn<Child>("children", false);
    auto const near = roost::spawn<Child>("near", false);
    EXPECT_EQ(end_of(children.id(1)).code, errc::actor_failed);
    for (auto const& [at, r] : children->ping.call().get()) {
      EXPECT_EQ(r.failure().code, errc::not_handled);
      EXPECT_TRUE(mentions(r.failure(), errc::actor_failed));
    }
    roost::sleep(5s);
    EXPECT_EQ(self.failures.size(), 3U);
    for (auto const& f : self.failures) EXPECT_TRUE(mentions(f.why(), "never began"));
  });
}

ROOST_SIM_TEST(supervision, false_fails_the_supervisor_and_keeps_the_chain, roost::sim::calm()) {
  as_keeper([&](Keeper& self) {
    auto const boss = roost::spawn<Boss>("boss", policy::refuse);
    boss->hire.call_one(hosts.spawn_procs(gpu = 1)).get().at_rank(1)->fail.broadcast();
    EXPECT_EQ(end_of(boss.id()).code, errc::actor_failed);
    roost::sleep(5s);
    ASSERT_EQ(self.failures.size(), 1U);
    EXPECT_EQ(self.failures[0].actor(), boss.id());
    EXPECT_TRUE(mentions(self.failures[0].why(), "the first cause"));
    EXPECT_TRUE(mentions(self.failures[0].why(), "did not handle the failure of children"));
    EXPECT_EQ(lines("boss failed"), 1U);
  });
}

ROOST_SIM_TEST(supervision, throwing_chains_the_new_error_to_the_old, roost::sim::calm()) {
  as_keeper([&](Keeper& self) {
    auto const boss = roost::spawn<Boss>("boss", policy::rethrow);
    boss->hire.call_one(hosts.spawn_procs(gpu = 1)).get().at_rank(0)->fail.broadcast();
    EXPECT_EQ(end_of(boss.id()).code, errc::actor_failed);
    roost::sleep(5s);
    ASSERT_EQ(self.failures.size(), 1U);
    auto const text = self.failures[0].why().describe();
    EXPECT_LT(text.find("the second cause"), text.find("the first cause"));
    EXPECT_NE(text.find("the first cause"), std::string::npos);
  });
}

ROOST_SIM_TEST(supervision, a_failure_climbs_until_someone_handles_it, roost::sim::calm()) {
  as_keeper([&](Keeper& self) {
    auto const top = roost::spawn<Boss>("top", policy::handle);
    auto const middle = top->found.call_one(policy::refuse).get();
    middle->hire.call_one(hosts.spawn_procs(gpu = 1)).get().at_rank(1)->fail.broadcast();
    EXPECT_EQ(end_of(middle.id()).code, errc::actor_failed);
    roost::sleep(5s);
    EXPECT_EQ(top->count.call_one().get(), 1);
    EXPECT_TRUE(self.failures.empty());
    EXPECT_EQ(lines("supervise middle 0"), 1U);
  });
}

ROOST_SIM_TEST(supervision, a_failure_is_supervised_while_the_owner_waits, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const boss = roost::spawn<Boss>("boss", policy::handle);
    auto const children = boss->hire.call_one(hosts.spawn_procs(gpu = 1)).get();
    auto const waited = boss->wait_long.call_one();
    children.at_rank(1)->fail.broadcast();
    EXPECT_EQ(waited.get(), 1);
    EXPECT_EQ(journal, (std::vector<std::string>{"supervise children 1", "supervised", "waited"}));
  });
}

ROOST_SIM_TEST(supervision, a_refusal_ends_the_waiting_handler_of_the_supervisor, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const boss = roost::spawn<Boss>("boss", policy::refuse);
    auto const children = boss->hire.call_one(hosts.spawn_procs(gpu = 1)).get();
    auto const waited = boss->wait_long.call_one();
    children.at_rank(1)->fail.broadcast();
    auto const start = roost::now();
    EXPECT_FALSE(waited.wait().has_value());
    EXPECT_LT(roost::now() - start, 30s);
    EXPECT_EQ(lines("waited"), 0U);
  });
}

ROOST_SIM_TEST(supervision, supervise_may_wait_and_is_never_nested, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const boss = roost::spawn<Boss>("boss", policy::handle);
    boss->slow.call_one().get();
    auto const children = boss->hire.call_one(hosts.spawn_procs(gpu = 2)).get();
    children->fail.broadcast();
    roost::sleep(20s);
    EXPECT_EQ(boss->count.call_one().get(), 4);
    ASSERT_EQ(journal.size(), 8U);
    for (std::size_t i = 0; i != 8; ++i) EXPECT_EQ(journal[i].starts_with("supervise "), i % 2 == 0) << journal[i];
  });
}

ROOST_SIM_TEST(supervision, no_handler_resumes_while_supervise_waits, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const boss = roost::spawn<Boss>("boss", policy::handle);
    boss->slow.call_one().get();
    auto const children = boss->hire.call_one(hosts.spawn_procs(gpu = 1)).get();
    auto const waited = boss->wait_long.call_one();
    roost::sleep(29'500ms);
    children.at_rank(0)->fail.broadcast();
    EXPECT_EQ(waited.get(), 1);
    EXPECT_EQ(journal.back(), "waited");
    EXPECT_EQ(lines("supervised"), 1U);
  });
}

TEST(supervision, a_failure_that_reaches_the_root_runs_the_hook_once_and_fails_the_program) {
  std::vector<std::string> seen;
  roost::program_options options;
  options.unhandled_fault_hook = [&](roost::error const& why) { seen.push_back(why.describe()); };
  roost::program program(
      [](roost::hosts hosts, std::vector<std::string> const&) {
        auto const boss = roost::spawn<Boss>("boss", policy::refuse);
        boss->hire.call_one(hosts.spawn_procs(gpu = 1)).get()->fail.broadcast();
        roost::sleep(1h);
      },
      options);
  for (std::uint64_t seed = 1; seed != 20; ++seed) {
    seen.clear();
    roost::sim::run_options run;
    run.seed = seed;
    auto const result = roost::sim::run(roost::sim::calm(), run, program);
    EXPECT_EQ(result.outcome, roost::sim::verdict::program_failed);
    EXPECT_TRUE(result.violations.empty()) << result.violations.front().what;
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_NE(seen[0].find("the first cause"), std::string::npos);
    EXPECT_NE(seen[0].find("boss"), std::string::npos);
  }
}

TEST(supervision, an_exception_of_the_body_fails_the_program) {
  roost::program program([](roost::hosts, std::vector<std::string> const&) { throw std::runtime_error("from the body"); });
  auto const result = roost::sim::run(roost::sim::calm(), {}, program);
  EXPECT_EQ(result.outcome, roost::sim::verdict::program_failed);
  EXPECT_TRUE(mentions(result.program_error, "from the body"));
}

}  // namespace supervision
