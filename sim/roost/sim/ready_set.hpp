#pragma once
// Who of the ready runs next: first come first served, or by ranks drawn from the seed.

#include <roost/platform/executor.hpp>
#include <roost/sim/scenario.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace roost::sim {

/// The policy that a seed draws for a scenario; never `per_seed`.
schedule_policy draw_policy(scenario const& what, std::uint64_t seed);
char const* to_string(schedule_policy policy);

/// The ready runnables of one lane. A rank depends on the seed, the runnable's key and its own steps, and on nothing else:
/// uniform draws a fresh one for each step; priorities keeps it until the runnable's own next change point.
class ready_set {
 public:
  ready_set(schedule_policy policy, std::uint64_t seed) : policy_(policy), seed_(seed) {}

  bool empty() const noexcept { return first_ == nullptr && ranked_.empty(); }
  /// `r` must not be queued anywhere.
  void push(runnable& r);
  /// The next to run; the set must not be empty. Does not mark it as taken.
  runnable& pop();
  void remove(runnable& r);
  /// From now on first come first served; who is ready now keeps the order of the ranks.
  void make_fair();

 private:
  struct ranked {
    std::uint64_t rank;
    std::uint64_t arrival;
    runnable* who;
  };

  std::uint64_t rank_of(runnable const& r) const noexcept;
  void push_ranked(runnable& r);
  static bool later(ranked const& a, ranked const& b) noexcept;

  schedule_policy policy_;
  std::uint64_t seed_;
  std::uint64_t arrivals_ = 0;
  runnable* first_ = nullptr;  ///< In order: all. Otherwise: the only one, which needs no rank.
  runnable* last_ = nullptr;
  std::vector<ranked> ranked_;
};

}  // namespace roost::sim
