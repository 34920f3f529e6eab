#include <roost/sim/clocks.hpp>

#include <roost/base/keyed.hpp>

namespace roost::sim {

host_clocks::host_clocks(scenario const& what, std::uint64_t seed, entity_key key) {
  constexpr std::int64_t year_2026 = 1'767'225'600'000'000'000;
  keyed_stream draws(seed, draw_domain::clocks, key);
  // No two hosts agree on when time began, so that an instant that leaves its host is found out.
  start_ = draws.between(1'000'000'000, 1'000'000'000'000);
  before_monotonic_ = draws.between(0, 1'000'000'000);
  std::int64_t const skew = what.faults.clock_skew_max.count();
  wall_start_ = year_2026 + draws.between(-skew, skew);
  auto const drift = static_cast<std::int64_t>(what.faults.clock_drift_ppm);
  drift_ppm_ = draws.between(-drift, drift);
}

moment host_clocks::when_monotonic_is(instant when) const noexcept {
  std::int64_t const shown = when.time_since_epoch().count() - start_;
  if (shown <= 0) return 0;
  // Drift is small, so a few corrections by what is missing come within a nanosecond or two.
  moment now = shown;
  for (std::int64_t missing = shown - scaled(now); missing > 1 || missing < -1; missing = shown - scaled(now)) now += missing;
  while (now > 0 && scaled(now - 1) >= shown) --now;
  while (scaled(now) < shown) ++now;
  return now;
}

}  // namespace roost::sim
