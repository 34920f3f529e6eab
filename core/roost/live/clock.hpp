#pragma once
// The kernel's clocks, and timers in a heap that the executor's loop looks at.

#include <roost/base/unique_function.hpp>
#include <roost/platform/clock.hpp>

#include <atomic>
#include <cstddef>
#include <utility>
#include <vector>

namespace roost {

class live_clock final : public clock {
 public:
  live_clock() noexcept : clock(last_) {}
  instant now() const override;
  instant boot() const override;
  std::int64_t wall() const override;
  void arm(timer& t, instant when) override;
  void disarm(timer& t) override;

  /// Reads the clock, and runs timers that are due, at most `limit` of them; true when any ran. In order of time, then of arming.
  bool run_due(std::size_t limit);
  /// `told` is called whenever a timer is armed that is due before all others.
  void on_sooner(unique_function<void()> told) { sooner_ = std::move(told); }
  /// When the next timer is due, or `never`.
  instant next_due() const noexcept { return heap_.empty() ? never : heap_.front().when; }

 private:
  struct entry {
    instant when;
    std::uint64_t number;
    timer* what;
    bool operator<(entry const& other) const noexcept { return when != other.when ? when < other.when : number < other.number; }
  };
  void place(std::size_t at, entry const& e) noexcept;
  void sift(std::size_t at, entry const& e) noexcept;

  std::vector<entry> heap_;  // A timer's slot is its index here plus one.
  std::uint64_t armed_ = 0;
  unique_function<void()> sooner_;
  mutable std::atomic<instant> last_{};  // What `now` said last.
};

}  // namespace roost
