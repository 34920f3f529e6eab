#pragma once
// Latencies drawn from tables of 1,024 quantiles, computed in integers alone: every compiler and machine draws the same.

#include <roost/sim/scenario.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace roost::sim {

/// One distribution, ready to be sampled.
class latency_table {
 public:
  explicit latency_table(latency_model const& model);
  /// The value at the place that a uniformly drawn word names; linear between two quantiles.
  std::int64_t sample(std::uint64_t random) const noexcept {
    std::size_t const place = random >> 54;
    auto const between = static_cast<std::int64_t>((random >> 38) & 0xffff);
    return quantiles_[place] + (((quantiles_[place + 1] - quantiles_[place]) * between) >> 16);
  }
  /// The least value that `sample` gives.
  std::int64_t least() const noexcept { return quantiles_.front(); }

 private:
  std::array<std::int64_t, 1025> quantiles_{};
};

/// log2 of `value` (at least 1) with 32 binary places.
std::int64_t log2_q32(std::uint64_t value) noexcept;
/// 2 to the power of `exponent` (32 binary places, below 62), rounded down.
std::uint64_t exp2_q32(std::int64_t exponent) noexcept;
/// The standard normal distribution's value at probability `place` / 2048, in 16 binary places. `place` is 1 to 2047.
std::int64_t normal_quantile_q16(std::uint32_t place) noexcept;

}  // namespace roost::sim
