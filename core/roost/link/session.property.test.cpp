#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <roost/base/plant.hpp>
#include <roost/link/session_workload.test.hpp>

#include <cstdlib>

namespace roost::link::testing {
namespace {

std::uint64_t seeds_wanted(std::uint64_t standard) {
  auto const* text = std::getenv("ROOST_LINK_SEEDS");
  return text == nullptr ? standard : std::strtoull(text, nullptr, 10);
}

std::string text(verdict const& v) {
  std::string lines;
  for (auto const& b : v.broken) lines += "\n" + b;
  return lines;
}

TEST(session_property, holds_for_every_seed) {
  std::uint64_t messages = 0;
  std::uint64_t told = 0;
  std::uint64_t with_resets = 0;
  std::set<std::string> seen;
  auto const seeds = seeds_wanted(300);
  auto const* only = std::getenv("ROOST_LINK_SEED");
  for (std::uint64_t seed = only != nullptr ? std::strtoull(only, nullptr, 10) : 1; seed <= seeds; ++seed) {
    auto const v = run_workload(drawn_plan(seed));
    ASSERT_TRUE(v.holds()) << "seed " << seed << text(v);
    messages += v.messages;
    told += v.told;
    with_resets += v.resets != 0 ? 1 : 0;
    seen.insert(v.seen.begin(), v.seen.end());
  }
  std::cout << seeds << " seeds, " << with_resets << " with resets, " << messages << " messages, " << told << " told\n";
  for (auto const& s : seen) std::cout << "  seen " << s << "\n";
}

}  // namespace
}  // namespace roost::link::testing
