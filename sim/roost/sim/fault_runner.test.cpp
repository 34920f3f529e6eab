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
