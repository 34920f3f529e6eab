// What becomes of procs whose launcher dies, of those who know them, and how they are numbered.

#include "stage.test.hpp"

#include <set>

using namespace stage;
using roost::sim::fault_kind;

namespace launchers {

struct Settler : roost::actor {
  int ping() { return 1; }
  void cleanup(roost::error const*) override { write("settler ended"); }
};
ROOST_EXPORT(Settler, ping)

/// Owns a settler on another proc.
struct Colonist : roost::actor {
  roost::actor_mesh<Settler> settle(roost::proc_mesh where) { return settlers_ = where.spawn<Settler>("settler"); }

 private:
  roost::actor_mesh<Settler> settlers_;
};
ROOST_EXPORT(Colonist, settle)

/// Launches procs of its own.
struct Pioneer : roost::actor {
  /// A proc beside this one, with a colonist who owns a settler on `where`.
  roost::actor_mesh<Settler> colonise(roost::proc_mesh where) {
    colonists_ = roost::this_host().spawn_procs(gpu = 1).spawn<Colonist>("colonist");
    return colonists_->settle.call_one(where).get();
  }
  /// Launches on the first host, and calls what is there.
  roost::proc_id go_to_first() {
    auto const procs = roost::hosts({roost::host_id{0}}).spawn_procs(gpu = 1);
    (void)procs.spawn<Settler>("settler")->ping.call_one().get();
    return procs.id(0);
  }
  /// Launches on the third host after a while.
  void leave_in(roost::nanoseconds patience) {
    roost::sleep(patience);
    (void)roost::hosts({roost::host_id{2}}).spawn_procs(gpu = 1);
  }

 private:
  roost::actor_mesh<Colonist> colonists_;
};
ROOST_EXPORT(Pioneer, colonise, go_to_first, leave_in)

/// Silence says nothing for seconds, so that only the launcher's verdict ends anything within one.
roost::sim::scenario long_silences(fault_kind kind) {
  auto s = stage::with_fault(kind, 10s, "host1/p1");
  s.hosts = 3;
  s.knobs["actor.lease"] = 6'000'000'000;
  s.knobs["link.path_bound"] = 10'000'000'000;
  return s;
}

ROOST_SIM_TEST(launchers, what_a_dead_proc_had_launched_is_declared_with_it, long_silences(fault_kind::crash_proc)) {
  as_keeper([&](Keeper& self) {
    auto const start = roost::now();
    auto const procs = hosts.spawn_procs(gpu = 1);
    auto const settler = procs.at(host = 1).spawn<Pioneer>("pioneer")->colonise.call_one(procs.at(host = 2)).get();
    EXPECT_EQ(settler->ping.call_one().get(), 1);
    EXPECT_TRUE(mentions(end_of(settler.id()), "which launched it"));
    EXPECT_LT(roost::now() - start, 11s);
    EXPECT_EQ(lines("settler ended"), 1U);
    EXPECT_EQ(self.failures.size(), 1U);  // The pioneer.
  });
}

TEST(launchers, what_a_proc_still_launches_that_was_declared_failed_never_runs) {
  auto what = long_silences(fault_kind::partition);
  what.events[0].group_a = {"host1"};
  what.events[0].group_b = {"host0"};
  what.events[0].duration = 30s;
  roost::program program([](roost::hosts all, std::vector<std::string> const&) {
    as_keeper([&](Keeper& self) {
      all.spawn_procs(gpu = 1).at(host = 1).spawn<Pioneer>("pioneer")->leave_in.broadcast(11s);
      roost::sleep(42s);  // The request came through at 40s.
      EXPECT_EQ(self.failures.size(), 1U);
    });
  });
  for (auto const& run : roost::sim::expect_held(what, roost::sim::test_seeds(1, 20), program)) {
    EXPECT_TRUE(run.sometimes.contains("actor: a proc that was declared failed launches another"));
    EXPECT_LT(run.end, roost::instant(44s));  // Else it lives for a lease.
  }
}

ROOST_SIM_TEST(launchers, procs_that_several_launch_on_one_host_are_told_apart, [] {
  auto s = roost::sim::calm();
  s.hosts = 3;
  return s;
}()) {
  as_keeper([&](Keeper&) {
    auto const pioneers = hosts.spawn_procs(gpu = 2).spawn<Pioneer>("pioneers");
    std::set<roost::proc_id> made;
    for (int times = 0; times != 2; ++times) {
      for (auto const& [at, id] : pioneers->go_to_first.call().get()) {
        ASSERT_TRUE(id.has_value()) << id.failure().describe();
        made.insert(*id);
      }
    }
    EXPECT_EQ(made.size(), 12U);
  });
}

}  // namespace launchers
