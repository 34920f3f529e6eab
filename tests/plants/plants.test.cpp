// Every planted bug of this build is caught, by the promise that it breaks; and the same seeds are clean without it.

#include <roost/base/plant.hpp>
#include <tests/properties/campaign.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>

namespace roost::workload {
namespace {

constexpr std::uint64_t most_seeds = 200;

/// What stands beside the plant's own promise, and how its runs differ from the workload's.
struct terms {
  std::vector<std::string> also;  ///< Promises that may be seen first,
  std::string reason;             ///< because of this.
  std::vector<std::string> settings;
};

std::map<std::string, terms, std::less<>> const& table() {
  static std::map<std::string, terms, std::less<>> const entries{};
  return entries;
}

/// The promise that a violation names: "G2" of "G2 (workload): ...".
std::string promise_of(sim::run_result const& done) {
  if (done.violations.empty()) return "none";
  auto const& name = done.violations.front().promise;
  return name.substr(0, name.find(' '));
}

class Plants : public testing::TestWithParam<std::string> {};

TEST_P(Plants, IsCaughtByThePromiseThatItBreaks) {
  auto* const planted = find_plant(GetParam());
  ASSERT_NE(planted, nullptr);
  auto const known = table().find(GetParam());
  terms const here = known == table().end() ? terms{} : known->second;
  campaign run(here.settings);
  planted->arm(true);
  sim::run_result done;
  std::uint64_t seed = 1;
  for (; seed <= most_seeds && done.outcome == sim::verdict::held; ++seed) done = run.seed(seed);
  planted->arm(false);
  ASSERT_EQ(done.outcome, sim::verdict::violated) << GetParam() << " was not caught: " << first_of(done);
  auto const promise = promise_of(done);
  std::printf("%-28s %-4s after %llu seeds\n", GetParam().c_str(), promise.c_str(), static_cast<unsigned long long>(seed - 1));
  bool const fitting =
      promise == planted->definition().promise || std::find(here.also.begin(), here.also.end(), promise) != here.also.end();
  EXPECT_TRUE(fitting) << GetParam() << " breaks " << planted->definition().promise << ", and was caught by " << first_of(done);
  auto const clean = run.seed(seed - 1);
  EXPECT_EQ(clean.outcome, sim::verdict::held) << "without the plant: " << first_of(clean);
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (auto const* planted : all_plants()) all.emplace_back(planted->definition().name);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Build, Plants, testing::ValuesIn(names()), [](auto const& of) {
  auto name = of.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace roost::workload
