#include <roost/sim/fault_check.hpp>
#include <roost/sim/fault_text.hpp>
#include <roost/sim/target.hpp>
#include <roost/sim/toy.test.hpp>

#include <gtest/gtest.h>

namespace roost::sim {
namespace {

/// Procs are killed and stopped, often.
scenario murderous() {
  scenario s;
  s.hosts = 3;
  s.procs_per_host = 2;
  s.fault_window = 200ms;
  s.faults.mode = fault_mode::swarm;
  s.faults.crash_proc = {10ms, 0ms, 0ms, 0};
  s.faults.pause_proc = {10ms, 1ms, 5ms, 0};
  return s;
}

/// How often the plans of some seeds name each proc.
std::map<target, int> named(scenario const& s) {
  std::map<target, int> all;
  for (std::uint64_t seed = 1; seed != 40; ++seed) {
    for (auto const& operation : draw_plan(s, seed)) ++all[parse_target(operation.group_a.front()).value()];
  }
  return all;
}

TEST(draw_plan, names_the_procs_that_the_scenario_has) {
  auto const all = named(murderous());
  EXPECT_EQ(all.size(), 6U);
  for (auto const& [who, times] : all) EXPECT_TRUE(*who.ordinal == 1 || *who.ordinal == 2) << *who.ordinal;
}

TEST(draw_plan, names_the_root_where_it_is_not_spared) {
  auto s = murderous();
  s.faults.spare_root = false;
  auto const all = named(s);
  EXPECT_EQ(all.size(), 7U);
  EXPECT_TRUE(all.contains({0, 0}));
}

TEST(draw_plan, leaves_somebody_on_the_other_side_of_a_cut) {
  scenario s;
  s.faults.mode = fault_mode::swarm;
  s.faults.partition = {1ms, 1ms, 5ms, 0};
  for (std::uint32_t const hosts : {2U, 3U}) {
    s.hosts = hosts;
    for (std::uint64_t seed = 1; seed != 60; ++seed) {
      for (auto const& operation : draw_plan(s, seed)) {
        EXPECT_FALSE(operation.group_b.empty() && names_all_hosts(operation.group_a, hosts)) << to_string(operation);
        EXPECT_EQ(impossible(operation, s, {}), "") << to_string(operation);
      }
    }
  }
}

TEST(draw_plan, draws_no_fault_that_strikes_nobody) {
  auto s = murderous();
  s.faults.crash_host = {10ms, 0ms, 0ms, 0};
  s.faults.reset = {10ms, 0ms, 0ms, 0};
  s.faults.slow_host = {10ms, 1ms, 5ms, 0};
  s.faults.noise = {1ms, 1ms, 5ms, 0};
  s.faults.loss_ppm = s.faults.corrupt_ppm = 100'000;
  s.faults.clock_skew_max = 200ms;
  for (std::uint64_t seed = 1; seed != 60; ++seed) {
    for (auto const& operation : draw_plan(s, seed)) EXPECT_EQ(impossible(operation, s, {}), "") << to_string(operation);
  }
}

TEST(fault_check, says_why_a_fault_strikes_nobody) {
  scenario s;
  s.hosts = 2;
  s.procs_per_host = 2;
  s.time_limit = 100s;
  std::vector<std::string> const endpoints{"Player.ping"};
  auto const why = [&](std::string_view text) {
    auto const read = parse_fault(text);
    return read ? impossible(*read, s, endpoints) : read.failure().what;
  };
  EXPECT_EQ(why("kill_proc host9/p1 at 5ms"), "there is no host9/p1, the hosts are host0 to host1");
  EXPECT_EQ(why("kill_proc host0/p3 at 5ms"), "there is no host0/p3, the procs of a host are p0 to p2");
  EXPECT_EQ(why("kill_proc host0/p1 when Player.pong >= 3"),
            "the program has no endpoint 'Player.pong', did you mean 'Player.ping'?");
  for (auto const* text : {"kill_proc HOST0/p1 at 5ms",
                           "kill_proc proc(gpu=1) at 5ms",
                           "kill_proc host0/p1",
                           "kill_proc at 1ms",
                           "kill_proc host0 at 1ms",
                           "kill_proc host0/p1,host1/p1 at 1ms",
                           "kill_host host0/p1 at 1ms",
                           "kill_proc host0/p1 at -5ms",
                           "kill_proc host0/p1 at 101s",
                           "kill_proc host0/p1 when Player.ping >= 0",
                           "slow_host host0 at 1ms for 1ms factor 0%",
                           "slow_host host0 at 1ms factor 200%",
                           "noise * at 1ms for 1ms",
                           "noise * at 1ms for 1ms loss 2000000ppm",
                           "clock_step host0 at 1ms",
                           "clock_step host0 at 1ms by 999999h",
                           "partition host0 | host1 at 1ms",
                           "partition host0 at 1ms for -1s",
                           "partition host0,host1 at 1ms for 1s",
                           "reset host0 | host0/p1 at 1ms",
                           "heal * at 1ms"}) {
    EXPECT_NE(why(text), "") << text;
  }
  for (auto const* text :
       {"kill_proc host0/p1 at never", "kill_proc host1/p2 when Player.ping >= 3", "kill_host host1 at 1s",
        "partition host0 | host1 at 1ms for 1s", "partition * at 1ms for 1s", "half_open host0 at 1ms", "reset * at 1ms",
        "heal at 1ms", "clock_step host0 at 1ms by -1s", "noise * at 1ms for 1s loss 5ppm"}) {
    EXPECT_EQ(why(text), "") << text;
  }
}

TEST(fault_runner, strikes_nobody_where_the_drawn_target_is_not_there_and_says_so) {
  toy::program p;  // Its procs have other numbers than the scenario's.
  auto const s = murderous();
  run_options options;
  options.seed = 1;
  std::size_t struck = 0, missed = 0;
  options.trace = [&](trace_event const& e) {
    struck += e.text.ends_with(" crashes") ? 1 : 0;
    missed += e.text.ends_with(": nobody is there") ? 1 : 0;
  };
  EXPECT_EQ(run(s, options, p).outcome, verdict::held);
  EXPECT_EQ(struck, 0U);
  EXPECT_GT(missed, 0U);
}

TEST(fault_runner, strikes_the_one_that_is_named) {
  toy::settings longer;
  longer.rounds = 5'000;
  toy::program p(longer);
  fault_operation kill;
  kill.kind = fault_kind::crash_proc;
  kill.at = instant(20ms);
  kill.group_a = {"host0/p10"};
  run_options options;
  options.plan = {kill};
  std::vector<std::string> crashed;
  options.trace = [&](trace_event const& e) {
    if (e.text.ends_with(" crashes")) crashed.push_back(e.text);
  };
  static_cast<void>(run(toy::quiet(), options, p));
  EXPECT_EQ(crashed, std::vector<std::string>{"h0/p10.1 crashes"});
}

}  // namespace
}  // namespace roost::sim
