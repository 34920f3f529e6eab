// What becomes of actors whose owner dies or is cut off from them, and of a program whose root dies.

#include "stage.test.hpp"

using namespace stage;
using roost::sim::fault_kind;

namespace owners {

struct Ward : roost::actor {
  int ping() { return 1; }
  void cleanup(roost::error const*) override { write("ward ended"); }
};
ROOST_EXPORT(Ward, ping)

/// Owns a ward on another proc.
struct Guardian : roost::actor {
  roost::actor_mesh<Ward> adopt(roost::proc_mesh where) { return ward_ = where.spawn<Ward>("ward"); }
  bool supervise(roost::failure const& f) override {
    write("ward lost: " + std::string(to_string(f.why().code)));
    return true;
  }
  int ping() { return 1; }

 private:
  roost::actor_mesh<Ward> ward_;
};
ROOST_EXPORT(Guardian, adopt, ping)

/// Owns a guardian on another proc, which owns a ward on a third.
struct Elder : roost::actor {
  roost::actor_mesh<Ward> raise(roost::proc_mesh where, roost::proc_mesh for_its_ward) {
    guardian_ = where.spawn<Guardian>("guardian");
    return guardian_->adopt.call_one(for_its_ward).get();
  }

 private:
  roost::actor_mesh<Guardian> guardian_;
};
ROOST_EXPORT(Elder, raise)

/// A guardian on host1 and its ward on host2; the test's keeper owns the guardian.
struct family {
  roost::actor_mesh<Guardian> guardian;
  roost::actor_mesh<Ward> ward;
};
family settle_down(roost::hosts const& hosts) {
  auto const procs = hosts.spawn_procs(gpu = 1);
  auto const guardian = procs.at(host = 1).spawn<Guardian>("guardian");
  return {guardian, guardian->adopt.call_one(procs.at(host = 2)).get()};
}

roost::sim::scenario three_hosts(fault_kind kind, std::string target, roost::nanoseconds duration = {}) {
  auto s = stage::with_fault(kind, 10s, std::move(target), duration);
  s.hosts = 3;
  return s;
}
roost::sim::scenario cut_off(roost::nanoseconds duration, std::string from = "host2") {
  auto s = three_hosts(fault_kind::partition, "host1", duration);
  s.events[0].group_b = {std::move(from)};
  return s;
}

ROOST_SIM_TEST(owners, who_is_owned_ends_with_cleanup_when_its_owner_dies, three_hosts(fault_kind::crash_proc, "host1/p1")) {
  as_keeper([&](Keeper& self) {
    auto const f = settle_down(hosts);
    EXPECT_EQ(f.ward->ping.call_one().get(), 1);
    roost::sleep(30s);
    EXPECT_EQ(lines("ward ended"), 1U);
    EXPECT_EQ(f.ward->ping.call_one().wait().failure().code, errc::not_handled);
    ASSERT_EQ(self.failures.size(), 1U);  // The guardian's; its ward is not the keeper's to supervise.
    EXPECT_TRUE(mentions(self.failures[0].why(), errc::proc_failed));
  });
}

ROOST_SIM_TEST(owners, an_owner_that_is_cut_off_is_told_path_lost_and_what_it_owns_ends, cut_off(60s)) {
  as_keeper([&](Keeper& self) {
    auto const f = settle_down(hosts);
    EXPECT_EQ(f.ward->ping.call_one().get(), 1);
    roost::sleep(40s);  // Still parted; the keeper reaches both.
    EXPECT_EQ(lines("ward lost: path_lost"), 1U);
    EXPECT_EQ(lines("ward ended"), 1U);
    EXPECT_TRUE(self.failures.empty());
    EXPECT_EQ(f.guardian->ping.call_one().get(), 1);
    EXPECT_EQ(f.ward->ping.call_one().wait().failure().code, errc::not_handled);
  });
}

ROOST_SIM_TEST(owners, a_short_cut_is_not_noticed_by_owner_or_owned, [] {
  auto s = cut_off(50ms);
  s.knobs["link.path_bound"] = 3'000'000'000;
  return s;
}()) {
  as_keeper([&](Keeper& self) {
    auto const f = settle_down(hosts);
    roost::sleep(30s);
    EXPECT_EQ(f.ward->ping.call_one().get(), 1);
    EXPECT_TRUE(self.failures.empty());
    EXPECT_TRUE(journal.empty());
  });
}

ROOST_SIM_TEST(owners, a_proc_ends_when_its_launcher_is_out_of_reach_for_long, cut_off(60s, "host0")) {
  as_keeper([&](Keeper& self) {
    auto const wards = hosts.spawn_procs(gpu = 1).spawn<Ward>("wards");
    (void)wards->ping.call().get();
    roost::sleep(90s);  // Healed long since.
    ASSERT_EQ(self.failures.size(), 1U);
    EXPECT_EQ(self.failures[0].rank(), 1U);
    auto const answers = wards->ping.call().get();
    EXPECT_TRUE(answers.at(0).has_value());
    EXPECT_FALSE(answers.at(1).has_value());
    EXPECT_TRUE(answers.at(2).has_value());
  });
}

/// Paths are believed in for long, leases are short: 1.6 s after its owner's end nobody who is owned is left.
roost::sim::scenario short_leases(roost::sim::scenario s) {
  s.knobs["link.path_bound"] = 10'000'000'000;
  s.knobs["actor.lease"] = 500'000'000;
  s.knobs["actor.cleanup_bound"] = 100'000'000;
  return s;
}

ROOST_SIM_TEST(owners, who_is_owned_ends_with_the_lease_when_the_host_of_its_owner_dies,
               short_leases(three_hosts(fault_kind::crash_host, "host1"))) {
  as_keeper([&](Keeper& self) {
    auto const start = roost::now();
    auto const procs = hosts.spawn_procs(gpu = 1);
    // The keeper owns one on host1, which owns one on host2, which owns one on host0.
    auto const elder = procs.at(host = 1).spawn<Elder>("elder");
    auto const last = elder->raise.call_one(procs.at(host = 2), procs.at(host = 0)).get();
    EXPECT_EQ(last->ping.call_one().get(), 1);
    (void)end_of(last.id());
    EXPECT_LT(roost::now() - start, 11'600ms);
    EXPECT_EQ(lines("ward ended"), 1U);
    roost::sleep(30s);
    EXPECT_EQ(self.failures.size(), 1U);  // The elder's.
  });
}

ROOST_SIM_TEST(owners, who_is_owned_and_cut_off_ends_with_the_lease_and_its_owner_is_told_in_time, short_leases(cut_off(60s))) {
  as_keeper([&](Keeper& self) {
    auto const start = roost::now();
    auto const f = settle_down(hosts);
    (void)end_of(f.ward.id());
    EXPECT_LT(roost::now() - start, 11'600ms);
    EXPECT_EQ(lines("ward ended"), 1U);
    roost::sleep(15s);
    EXPECT_EQ(lines("ward lost: path_lost"), 1U);
    EXPECT_EQ(f.guardian->ping.call_one().get(), 1);
    EXPECT_TRUE(self.failures.empty());
  });
}

TEST(owners, every_proc_ends_within_the_lease_when_the_root_dies) {
  auto what = three_hosts(fault_kind::crash_proc, "host0/p0");
  what.expect_fault_at_root = true;
  roost::program program([](roost::hosts all, std::vector<std::string> const&) {
    auto const wards = all.spawn_procs(gpu = 1).spawn<Ward>("wards");
    (void)wards->ping.call().get();
    roost::sleep(60s);
  });
  for (auto const& run : roost::sim::expect_held(what, roost::sim::test_seeds(1, 20), program)) {
    EXPECT_LT(run.end, roost::instant(30s));
  }
}

}  // namespace owners
