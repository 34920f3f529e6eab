#pragma once
// The clocks of one simulated host: where they began, how fast they run, how wrong the wall clock is.

#include <roost/base/units.hpp>
#include <roost/sim/event_queue.hpp>
#include <roost/sim/scenario.hpp>

#include <cstdint>

namespace roost::sim {

/// Turns true virtual time into what a host's clocks show, and back. Integers only.
class host_clocks {
 public:
  host_clocks() = default;
  /// Draws start, drift and skew for the host of `key`.
  host_clocks(scenario const& what, std::uint64_t seed, entity_key key);

  instant monotonic_at(moment now) const noexcept { return instant(nanoseconds(start_ + scaled(now))); }
  instant boot_at(moment now) const noexcept { return instant(nanoseconds(start_ + before_monotonic_ + scaled(now))); }
  std::int64_t wall_at(moment now) const noexcept { return wall_start_ + scaled(now); }
  /// The first moment at which the monotonic clock shows `when` or later; never less than 0.
  moment when_monotonic_is(instant when) const noexcept;
  /// The wall clock jumps by `amount`.
  void step_wall(nanoseconds amount) noexcept { wall_start_ += amount.count(); }

 private:
  std::int64_t scaled(moment now) const noexcept {
    if (drift_ppm_ == 0) return now;
    return now + now / 1'000'000 * drift_ppm_ + now % 1'000'000 * drift_ppm_ / 1'000'000;
  }

  std::int64_t start_ = 0;
  std::int64_t before_monotonic_ = 0;
  std::int64_t wall_start_ = 0;
  std::int64_t drift_ppm_ = 0;
};

}  // namespace roost::sim
