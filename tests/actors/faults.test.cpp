// What callers, owners and watchers see when procs die and paths part.

#include "stage.test.hpp"

#include <roost/sim/testing_rapidcheck.hpp>

#include <rapidcheck/gtest.h>

#include <new>

using namespace stage;
using roost::sim::fault_kind;

namespace faults {

struct Shop : roost::actor {
  int buy(std::int64_t milliseconds) {
    roost::sleep(std::chrono::milliseconds(milliseconds));
    return ++sold_;
  }
  int ask(roost::actor_mesh<Shop> other, std::int64_t milliseconds);
  void look(roost::actor_id who) { roost::watch(who); }
  void down(roost::actor_id, roost::error const& why) override { write("told " + std::string(to_string(why.code))); }
  void cleanup(roost::error const*) override { write("cleanup"); }

 private:
  int sold_ = 0;
};
ROOST_EXPORT(Shop, buy, ask, look)
int Shop::ask(roost::actor_mesh<Shop> other, std::int64_t milliseconds) {
  return static_cast<int>(other->buy.call_one(milliseconds).wait().has_value());
}

ROOST_SIM_TEST(faults, a_caller_of_a_crashed_proc_is_told_within_the_bound,
               stage::with_fault(fault_kind::crash_proc, 10s, "host1/p1")) {
  as_keeper([&](Keeper& self) {
    auto const shops = hosts.spawn_procs(gpu = 1).spawn<Shop>("shops");
    auto const start = roost::now();
    auto const results = shops->buy.call(20'000).get();
    EXPECT_TRUE(results.at(0).has_value());
    EXPECT_EQ(results.at(1).has_value(), false);
    EXPECT_LT(roost::now() - start, 35s);
    auto const& why = results.at(1).failure();
    EXPECT_TRUE(why.code == errc::unknown || why.code == errc::proc_failed || why.code == errc::not_handled) << why.describe();
    EXPECT_TRUE(mentions(why, errc::proc_failed)) << why.describe();
    roost::sleep(15s);
    ASSERT_EQ(self.failures.size(), 1U);
    EXPECT_EQ(self.failures[0].rank(), 1U);
    EXPECT_TRUE(mentions(self.failures[0].why(), errc::proc_failed));
  });
}

ROOST_SIM_TEST(faults, a_call_to_a_proc_that_has_failed_is_not_handled,
               stage::with_fault(fault_kind::crash_proc, 10s, "host1/p1")) {
  as_keeper([&](Keeper& self) {
    auto const shop = hosts.spawn_procs(gpu = 1).spawn<Shop>("shops").at_rank(1);
    roost::sleep(30s);
    auto const start = roost::now();
    EXPECT_EQ(shop->buy.call_one(0).wait().failure().code, errc::not_handled);
    EXPECT_EQ(roost::now(), start);
    shop->buy.broadcast(0);
    EXPECT_EQ(code_of([&] { (void)shop->buy.choose(0); }), errc::unavailable);
    roost::after(1s, [&self] { write("receipts " + std::to_string(self.receipts.size())); });
  });
  roost::sleep(5s);
  EXPECT_EQ(lines("receipts 1"), 1U);
}

struct Hoarder : roost::actor {
  void hoard() { throw std::bad_alloc(); }
  void misjudge() { throw std::bad_array_new_length(); }
};
ROOST_EXPORT(Hoarder, hoard, misjudge)

ROOST_SIM_TEST(faults, a_proc_that_is_out_of_memory_ends_and_its_owner_hears_why, roost::sim::calm()) {
  as_keeper([&](Keeper& self) {
    auto const procs = hosts.spawn_procs(gpu = 1);
    auto const shops = procs.spawn<Shop>("shops");
    auto const hoarder = procs.at(host = 1).spawn<Hoarder>("hoarder").at_rank(0);
    EXPECT_EQ(code_of([&] { hoarder->misjudge.call_one().get(); }), errc::handler_threw);
    auto const why = hoarder->hoard.call_one().wait().failure();
    EXPECT_TRUE(why.code == errc::unknown || why.code == errc::proc_failed) << why.describe();
    EXPECT_TRUE(mentions(why, errc::proc_failed)) << why.describe();
    roost::sleep(5s);
    EXPECT_EQ(shops->buy.call(0).get().at(1).has_value(), false);
    EXPECT_TRUE(shops.at_rank(0)->buy.call_one(0).wait().has_value());
    EXPECT_EQ(self.failures.size(), 2U);
    for (auto const& each : self.failures) EXPECT_TRUE(mentions(each.why(), "out of memory in")) << each.why().describe();
  });
}

ROOST_SIM_TEST(faults, choose_leaves_out_a_rank_that_has_failed, stage::with_fault(fault_kind::crash_proc, 10s, "host1/p1")) {
  as_keeper([&](Keeper&) {
    auto const shops = hosts.spawn_procs(gpu = 1).spawn<Shop>("shops");
    roost::sleep(30s);
    for (int i = 0; i != 10; ++i) EXPECT_EQ(shops->buy.choose(0).get(), i + 1);
  });
}

ROOST_SIM_TEST(faults, a_proc_that_crashed_runs_no_cleanup, stage::with_fault(fault_kind::crash_proc, 10s, "host1/p1")) {
  as_keeper([&](Keeper&) {
    auto const shops = hosts.spawn_procs(gpu = 1).spawn<Shop>("shops");
    roost::sleep(30s);
    EXPECT_EQ(lines("cleanup"), 0U);
    shops.stop();
    (void)end_of(shops.id(0));
    EXPECT_EQ(lines("cleanup"), 1U);
  });
}

ROOST_SIM_TEST(faults, a_watcher_gets_one_notice_of_a_proc_that_crashed,
               stage::with_fault(fault_kind::crash_proc, 10s, "host1/p1")) {
  as_keeper([&](Keeper&) {
    auto const shops = hosts.spawn_procs(gpu = 1).spawn<Shop>("shops");
    shops.at_rank(0)->look.call_one(shops.id(1)).get();
    EXPECT_TRUE(mentions(end_of(shops.id(1)), errc::proc_failed));
    roost::sleep(30s);
    EXPECT_EQ(journal, (std::vector<std::string>{"told proc_failed"}));
    shops.at_rank(0)->look.call_one(shops.id(1)).get();
    roost::sleep(5s);
    EXPECT_EQ(lines("told proc_failed"), 2U);
  });
}

ROOST_SIM_TEST(faults, a_sibling_that_waits_for_a_crashed_proc_is_told,
               stage::with_fault(fault_kind::crash_proc, 10s, "host1/p1")) {
  as_keeper([&](Keeper&) {
    auto const shops = hosts.spawn_procs(gpu = 1).spawn<Shop>("shops");
    auto const start = roost::now();
    EXPECT_EQ(shops.at_rank(0)->ask.call_one(shops.at_rank(1), 3'600'000).get(), 0);
    EXPECT_LT(roost::now() - start, 40s);
  });
}

ROOST_SIM_TEST(faults, a_paused_proc_goes_on_with_what_it_was_asked,
               stage::with_fault(fault_kind::pause_proc, 10s, "host1/p1", 50ms)) {
  auto const shop = hosts.spawn_procs(gpu = 1).spawn<Shop>("shops").at_rank(1);
  EXPECT_EQ(shop->buy.call_one(10'010).get(), 1);
  EXPECT_EQ(shop->buy.call_one(0).get(), 2);
}

ROOST_SIM_TEST(faults, a_lost_path_between_living_procs_ends_their_waits_and_nobody_fails, parted(40s)) {
  as_keeper([&](Keeper& self) {
    auto const shops = hosts.spawn_procs(gpu = 1).spawn<Shop>("shops");
    (void)shops->buy.call(0).get();
    roost::sleep(12s);  // They are parted now.
    EXPECT_EQ(shops.at_rank(1)->ask.call_one(shops.at_rank(2), 0).get(35s), 0);
    EXPECT_TRUE(self.failures.empty());
    EXPECT_EQ(shops.at_rank(1)->buy.call_one(0).get(), 2);
  });
}

ROOST_SIM_TEST(faults, a_caller_that_is_cut_off_from_who_owes_its_answer_is_told, parted(100s)) {
  as_keeper([&](Keeper& self) {
    auto const shops = hosts.spawn_procs(gpu = 1).spawn<Shop>("shops");
    auto const start = roost::now();
    EXPECT_EQ(shops.at_rank(1)->ask.call_one(shops.at_rank(2), 3'600'000).get(), 0);
    EXPECT_LT(roost::now() - start, 40s);
    EXPECT_TRUE(self.failures.empty());
  });
}

ROOST_SIM_TEST(faults, a_short_partition_is_not_noticed_by_anyone, [] {
  auto s = parted(50ms);
  s.knobs["link.path_bound"] = 3'000'000'000;
  return s;
}()) {
  auto const shops = hosts.spawn_procs(gpu = 1).spawn<Shop>("shops");
  EXPECT_EQ(shops.at_rank(1)->ask.call_one(shops.at_rank(2), 10'010).get(), 1);
}

ROOST_SIM_TEST(faults, the_actors_of_a_lost_owner_end, [] {
  auto s = with_fault(fault_kind::crash_proc, 10s, "host1/p1");
  s.expect_fault_at_root = true;
  return s;
}()) {
  as_keeper([&](Keeper&) {
    auto const procs = hosts.spawn_procs(gpu = 1);
    auto const other = procs.at(host = 0).spawn<Shop>("other");
    EXPECT_TRUE(mentions(end_of(procs.at(host = 1).spawn<Shop>("owner").id()), errc::proc_failed));
    EXPECT_EQ(other->buy.call_one(0).get(), 1);
  });
}

ROOST_SIM_TEST(faults, a_class_that_an_executable_does_not_have_fails_at_its_owner, roost::sim::calm()) {
  as_keeper([&](Keeper& self) {
    auto& cell = *roost::detail::require_frame("the test").cell;
    auto const where = hosts.spawn_procs(gpu = 1).id(1);
    auto const id = cell.home().new_actor_id(cell, where);
    cell.add_child_away({id, "ghosts", roost::point()});
    roost::detail::spawn_body body;
    body.local = id.local;
    body.owner = cell.id();
    body.class_name = "Ghost";
    body.name = "ghosts";
    cell.home().spawn_there(body, where);
    roost::sleep(10s);
    ASSERT_EQ(self.failures.size(), 1U);
    EXPECT_TRUE(mentions(self.failures[0].why(), errc::bad_argument));
    EXPECT_TRUE(mentions(self.failures[0].why(), "Ghost"));
    EXPECT_EQ(end_of(id).code, errc::bad_argument);
  });
}

ROOST_SIM_TEST(faults, constructor_arguments_that_no_constructor_takes_fail_at_the_owner, roost::sim::calm()) {
  as_keeper([&](Keeper& self) {
    auto& cell = *roost::detail::require_frame("the test").cell;
    auto const where = hosts.spawn_procs(gpu = 1).id(1);
    auto const id = cell.home().new_actor_id(cell, where);
    cell.add_child_away({id, "shops", roost::point()});
    roost::detail::spawn_body body;
    body.local = id.local;
    body.owner = cell.id();
    body.class_name = "Shop";
    body.name = "shops";
    body.fingerprint = 12345;
    cell.home().spawn_there(body, where);
    roost::sleep(10s);
    ASSERT_EQ(self.failures.size(), 1U);
    EXPECT_TRUE(mentions(self.failures[0].why(), errc::fingerprint_mismatch));
  });
}

ROOST_SIM_TEST(faults, spawn_procs_refuses_sizes_that_are_none, roost::sim::calm()) {
  EXPECT_EQ(code_of([&] { (void)hosts.spawn_procs(gpu = 0); }), errc::bad_argument);
  EXPECT_EQ(code_of([&] { (void)hosts.spawn_procs(gpu = roost::range(0, 2)); }), errc::bad_argument);
}

ROOST_SIM_TEST(faults, a_proc_that_cannot_be_launched_fails_its_actors, roost::sim::calm()) {
  as_keeper([&](Keeper& self) {
    auto const nowhere = roost::hosts({roost::host_id{99}}).spawn_procs(gpu = 1).spawn<Shop>("shops");
    auto const answer = nowhere->buy.call(0).get(60s).at(0);
    EXPECT_FALSE(answer.has_value());
    roost::sleep(30s);
    EXPECT_EQ(self.failures.size(), 1U);
  });
}

/// Buys everywhere and owns what it buys from; whatever breaks, every call ends.
void shopping(roost::hosts hosts, std::vector<std::string> const&) {
  as_keeper([&](Keeper&) {
    auto const shops = hosts.spawn_procs(gpu = 2).spawn<Shop>("shops");
    for (int round = 0; round != 10; ++round) {
      auto const results = shops->buy.call(5).get();
      EXPECT_EQ(results.size(), 4U);
      shops->buy.broadcast(1);
    }
  });
}

ROOST_SIM_TEST_SEEDS(faults, every_call_ends_in_a_storm, roost::sim::stormy(), 1, 40) { shopping(hosts, {}); }

RC_GTEST_PROP(faults, every_call_ends_under_any_plan, ()) {
  roost::program program(shopping);
  auto const run = roost::sim::check_seeds(roost::sim::stormy(), program);
  RC_ASSERT(run.messages > 0U);
}

}  // namespace faults
