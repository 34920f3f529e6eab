#include <roost/sim/run.hpp>

#include <roost/sim/toy.test.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace roost::sim {
namespace {

run_options seeded(std::uint64_t seed) {
  run_options options;
  options.seed = seed;
  return options;
}

scenario stormy() {
  scenario s;
  s.hosts = 3;
  s.fault_window = 200ms;
  s.faults.mode = fault_mode::swarm;
  s.faults.partition = {50ms, 1ms, 40ms, 0};
  s.faults.reset = {20ms, 0ms, 0ms, 0};
  s.faults.pause_proc = {40ms, 1ms, 20ms, 0};
  s.faults.slow_host = {40ms, 1ms, 20ms, 0};
  s.faults.noise = {40ms, 1ms, 40ms, 0};
  s.faults.loss_ppm = 100'000;
  s.faults.duplicate_ppm = 100'000;
  s.faults.reorder_ppm = 100'000;
  s.faults.clock_skew_max = 1s;
  s.faults.clock_drift_ppm = 200;
  return s;
}

TEST(run, plays_all_rounds) {
  toy::program p;
  auto const result = run(toy::quiet(), seeded(1), p);
  EXPECT_EQ(result.outcome, verdict::held) << (result.violations.empty() ? "" : result.violations.front().what);
  EXPECT_EQ(result.frames, 2U * 2 * 20);
  EXPECT_GT(result.end.time_since_epoch(), 20 * 2 * 2us);
}

TEST(run, gives_the_same_digest_for_the_same_seed_whatever_ran_before) {
  toy::program p;
  auto const s = stormy();
  auto const first = run(s, seeded(7), p);
  auto const other = run(s, seeded(8), p);
  auto const again = run(s, seeded(7), p);
  EXPECT_EQ(first.digest, again.digest);
  EXPECT_EQ(first.events, again.events);
  EXPECT_NE(first.digest, other.digest);
}

TEST(run, gives_the_same_digest_with_and_without_a_trace) {
  toy::program p;
  auto traced = seeded(3);
  std::uint64_t lines = 0;
  traced.trace = [&](trace_event const&) { ++lines; };
  EXPECT_EQ(run(stormy(), seeded(3), p).digest, run(stormy(), traced, p).digest);
  EXPECT_GT(lines, 100U);
}

TEST(run, finishes_under_every_drawn_storm) {
  toy::settings longer;
  longer.rounds = 500;
  longer.patience = 5ms;
  toy::program p(longer);
  std::uint64_t hits = 0;
  for (std::uint64_t seed = 1; seed != 100; ++seed) {
    auto const result = run(stormy(), seeded(seed), p);
    ASSERT_EQ(result.outcome, verdict::held) << seed << ": " << (result.violations.empty() ? "" : result.violations.front().what);
    hits += result.faults_hitting_sessions != 0 ? 1 : 0;
  }
  EXPECT_GT(hits, 40U);
}

TEST(run, stops_at_the_event_asked_for) {
  toy::program p;
  auto options = seeded(1);
  options.until_event = 50;
  EXPECT_EQ(run(toy::quiet(), options, p).events, 50U);
}

fault_operation operation(fault_kind kind, nanoseconds at, std::vector<target_name> a, std::vector<target_name> b = {}) {
  fault_operation op;
  op.kind = kind;
  op.at = instant(at);
  op.group_a = std::move(a);
  op.group_b = std::move(b);
  return op;
}

// Pairs 0 and 2 live on hosts 0 and 1 and 2 and 3; the plan strikes the second.
scenario four_hosts(std::uint64_t seed) {
  scenario s = toy::quiet(4);
  s.policy = schedule_policy::uniform;
  s.net.loss_ppm = 20'000;
  s.net.bits_per_second = 0;  // A busy port relates all procs of its host.
  s.fault_window = 100ms;
  s.faults.mode = seed % 2 == 0 ? fault_mode::off : fault_mode::fixed;
  return s;
}

toy::program three_pairs() {
  toy::settings t;
  t.pairs = 3;
  t.hosts = 4;
  t.rounds = 300;
  t.patience = 5ms;
  return toy::program(t);
}

TEST(run, takes_a_fault_away_without_touching_unrelated_decisions) {
  auto p = three_pairs();
  std::vector<std::string> const unrelated{"h0/p10.1", "h1/p10000.1"};
  for (std::uint64_t seed = 1; seed != 20; ++seed) {
    auto struck = seeded(seed);
    struck.plan =
        fault_plan{operation(fault_kind::reset, 6ms, {"host3"}), operation(fault_kind::crash_proc, 7ms, {"host3/p10002"}),
                   operation(fault_kind::partition, 8ms, {"host2"}, {"host3"})};
    auto spared = struck;
    spared.plan->erase(spared.plan->begin() + 1);
    auto with = toy::decisions(four_hosts(seed), struck, p, unrelated);
    auto without = toy::decisions(four_hosts(seed), spared, p, unrelated);
    ASSERT_GT(with.size(), 1'000U);
    // The one program ends earlier than the other.
    auto const both = std::min(with.size(), without.size());
    EXPECT_LT(std::max(with.size(), without.size()) - both, 10U);
    with.resize(both);
    without.resize(both);
    ASSERT_EQ(with, without) << seed;
  }
}

TEST(run, adds_an_idle_host_without_touching_unrelated_decisions) {
  auto p = three_pairs();
  for (std::uint64_t seed = 1; seed != 20; ++seed) {
    auto const s = four_hosts(seed);
    auto wider = s;
    ++wider.hosts;
    ASSERT_EQ(toy::decisions(s, seeded(seed), p, {"h"}), toy::decisions(wider, seeded(seed), p, {"h"})) << seed;
  }
}

TEST(run, follows_other_schedules_for_other_policies) {
  toy::program p;
  auto s = toy::quiet();
  s.policy = schedule_policy::per_seed;
  std::set<std::string> seen;
  for (std::uint64_t seed = 1; seed != 20; ++seed) seen.insert(run(s, seeded(seed), p).policy);
  EXPECT_EQ(seen, (std::set<std::string>{"in_order", "priorities", "uniform"}));
}

TEST(run, draws_the_same_plan_but_for_what_strikes_the_further_host) {
  auto s = stormy();
  s.hosts = 8;
  auto wider = s;
  ++wider.hosts;
  for (std::uint64_t seed = 1; seed != 50; ++seed) {
    auto const plan = draw_plan(s, seed);
    auto const other = draw_plan(wider, seed);
    ASSERT_EQ(plan.size(), other.size());
    for (std::size_t i = 0; i != plan.size(); ++i) {
      EXPECT_EQ(plan[i].kind, other[i].kind);
      EXPECT_EQ(plan[i].at, other[i].at);
      EXPECT_EQ(plan[i].duration, other[i].duration);
      bool const named = to_string(other[i]).find("host8") != std::string::npos;
      if (!named) {
        EXPECT_EQ(to_string(plan[i]), to_string(other[i]));
      }
    }
  }
}

}  // namespace
}  // namespace roost::sim
