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
  auto const seeds = seeds_wanted(200);
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

TEST(session_property, holds_under_every_fault_at_once) {
  auto const seeds = seeds_wanted(60);
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    auto plan = drawn_plan(seed);
    plan.faults = every_fault;
    auto const v = run_workload(plan);
    ASSERT_TRUE(v.holds()) << "seed " << seed << text(v);
  }
}

RC_GTEST_PROP(session_property, holds_for_drawn_plans, ()) {
  run_plan plan;
  plan.seed = *rc::gen::arbitrary<std::uint32_t>();
  plan.faults = *rc::gen::inRange<std::uint32_t>(0, every_fault + 1);
  plan.procs = *rc::gen::inRange<std::size_t>(2, 7);
  plan.senders = *rc::gen::inRange<std::size_t>(1, 41);
  plan.messages = *rc::gen::inRange<std::size_t>(1, 40);
  auto const v = run_workload(plan);
  if (!v.holds()) RC_FAIL(text(v));
}

TEST(session_property, gives_the_same_run_for_the_same_seed) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    auto const once = run_workload(drawn_plan(seed));
    run_workload(drawn_plan(seed + 1));
    EXPECT_EQ(run_workload(drawn_plan(seed)).digest, once.digest) << "seed " << seed;
  }
}

/// Arms a planted bug for a scope.
class armed {
 public:
  explicit armed(plant& p) : plant_(p) { plant_.arm(true); }
  ~armed() { plant_.arm(false); }
  armed(armed const&) = delete;
  armed& operator=(armed const&) = delete;

 private:
  plant& plant_;
};

class planted_bug : public ::testing::TestWithParam<char const*> {};

TEST_P(planted_bug, is_caught_by_the_judge_of_its_promise) {
  auto* bug = find_plant(GetParam());
  if (bug == nullptr) GTEST_SKIP() << "this build has no planted bugs";
  armed const now(*bug);
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    auto plan = drawn_plan(seed);
    if (seed % 2 == 0) plan.faults = every_fault;
    auto const v = run_workload(plan);
    if (!v.broke(bug->definition().promise)) continue;
    RecordProperty("seed", static_cast<int>(seed));
    auto const line = v.broken.front().substr(0, v.broken.front().find('\n'));
    std::cout << "caught by seed " << seed << ": " << line << "\n";
    return;
  }
  FAIL() << GetParam() << " was not caught";
}

INSTANTIATE_TEST_SUITE_P(all, planted_bug,
                         ::testing::Values("ack-before-custody", "credit-ignored", "credit-leak-on-reset", "control-behind-data",
                                           "duplicate-after-resume", "epoch-reused", "failed-peer-accepted", "lost-not-resent",
                                           "path-lost-not-told", "reorder", "resume-off-by-one", "room-forgotten",
                                           "sender-ended-told", "silence-trusted", "skip-lost", "stale-incarnation-accepted",
                                           "told-twice", "unknown-as-not-handled", "window-ignored"),
                         [](auto const& bug) {
                           std::string name = bug.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace roost::link::testing
