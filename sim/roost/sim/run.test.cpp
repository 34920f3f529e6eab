#include <roost/sim/run.hpp>

#include <roost/sim/toy.test.hpp>

#include <gtest/gtest.h>

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
  toy::program p;
  std::uint64_t hits = 0;
  for (std::uint64_t seed = 1; seed != 200; ++seed) {
    auto const result = run(stormy(), seeded(seed), p);
    ASSERT_EQ(result.outcome, verdict::held) << seed << ": " << (result.violations.empty() ? "" : result.violations.front().what);
    hits += result.faults_hitting_sessions != 0 ? 1 : 0;
  }
  EXPECT_GT(hits, 50U);
}

TEST(run, stops_at_the_event_asked_for) {
  toy::program p;
  auto options = seeded(1);
  options.until_event = 50;
  EXPECT_EQ(run(toy::quiet(), options, p).events, 50U);
}

}  // namespace
}  // namespace roost::sim
