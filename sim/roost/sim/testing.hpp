#pragma once
// GoogleTest for programs of actors: a test's body is the root actor of a simulated cluster, run under many seeds with every
// checker on. Only for tests: it needs GoogleTest, and the test links roost::mesh, roost::sim and roost::interpose.
//
//   ROOST_SIM_TEST(Team, plays, "team.toml") {
//     auto const team = hosts.spawn_procs(gpu = 2).spawn<Player>("team");
//     EXPECT_EQ(team.at_rank(0)->ping.call_one().get(), 1);
//   }

#include <roost/mesh/main.hpp>
#include <roost/sim/run.hpp>
#include <roost/sim/scenario.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace roost::sim {

/// Two hosts of four procs and a network that now and then loses, repeats and reorders; no other faults. Knobs are drawn.
scenario calm();
/// The same under partitions, resets, crashes, pauses, slow hosts, noise and skewed clocks within the first 200 ms.
scenario stormy();

/// A scenario as a test names it: a file beside the test's source (or by absolute path), or a value.
result<scenario> test_scenario(std::string_view file, std::string_view source);
inline result<scenario> test_scenario(scenario what, std::string_view) { return what; }

/// `from` to `to`, or the one that the environment variable ROOST_SEED names, as the command line takes it. Throws
/// `errc::bad_argument` when that is no seed, and when there are none.
std::vector<std::uint64_t> test_seeds(std::uint64_t from, std::uint64_t to);
/// "seed 7: repeat with ROOST_SEED=7 and --gtest_filter=Team.plays".
std::string repeat_line(std::uint64_t seed, std::string_view test, scenario const& what);
/// Empty when the run held; else the promise that broke, what was seen, who waited for whom, and how to repeat it.
std::string test_failure(run_result const& run, std::uint64_t seed, std::string_view test, scenario const& what);

/// Runs `program` once for each seed, and fails the current test at the first seed that breaks a promise or an expectation.
/// Names that the scenario requires (`sometimes`) must have been seen by one seed. Gives the results so far.
inline std::vector<run_result> expect_held(result<scenario> const& what, std::vector<std::uint64_t> const& seeds,
                                           proc_program& program) {
  std::vector<run_result> results;
  if (!what) {
    ADD_FAILURE() << what.failure().where << ": " << what.failure().what;
    return results;
  }
  auto const* info = ::testing::UnitTest::GetInstance()->current_test_info();
  auto const test = info == nullptr ? std::string("*") : std::string(info->test_suite_name()) + "." + info->name();
  for (auto const seed : seeds) {
    SCOPED_TRACE(repeat_line(seed, test, *what));
    run_options options;
    options.seed = seed;
    results.push_back(run(*what, options, program));
    if (auto const text = test_failure(results.back(), seed, test, *what); !text.empty()) ADD_FAILURE() << text;
    if (::testing::Test::HasFailure()) return results;
  }
  if (seeds.size() == 1) return results;
  for (auto const& name : what->sometimes) {
    std::uint64_t seen = 0;
    for (auto const& run : results) {
      if (auto const at = run.sometimes.find(name); at != run.sometimes.end()) seen += at->second;
    }
    EXPECT_GT(seen, 0U) << "no seed saw \"" << name << "\"";
  }
  return results;
}

}  // namespace roost::sim

/// A GoogleTest test whose body runs as the root actor, with `hosts` (roost::hosts), once for each seed from `first` to `last`.
/// `what` is the name of a scenario file or a roost::sim::scenario. Stops at the first seed that fails.
#define ROOST_SIM_TEST_SEEDS(Suite, Name, what, first, last)                                                                 \
  static void roost_sim_body_##Suite##_##Name(::roost::hosts hosts);                                                         \
  TEST(Suite, Name) {                                                                                                        \
    ::roost::program roost_program(                                                                                          \
        [](::roost::hosts all, ::std::vector<::std::string> const&) { roost_sim_body_##Suite##_##Name(::std::move(all)); }); \
    (void)::roost::sim::expect_held(::roost::sim::test_scenario(what, __FILE__), ::roost::sim::test_seeds(first, last),      \
                                    roost_program);                                                                          \
  }                                                                                                                          \
  static void roost_sim_body_##Suite##_##Name([[maybe_unused]] ::roost::hosts hosts)

/// The same for 20 seeds.
#define ROOST_SIM_TEST(Suite, Name, what) ROOST_SIM_TEST_SEEDS(Suite, Name, what, 1, 20)
