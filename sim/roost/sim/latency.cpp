#include <roost/sim/latency.hpp>

#include <roost/base/keyed.hpp>

#include <algorithm>
#include <bit>

namespace roost::sim {
namespace {

constexpr std::int64_t one_q32 = std::int64_t{1} << 32;
constexpr std::int64_t log2_e_q32 = 6'196'328'019;  // log2(e) * 2^32
constexpr std::int64_t ln_2_q32 = 2'977'044'472;    // ln(2) * 2^32

std::int64_t times_q32(std::int64_t a, std::int64_t b) noexcept {
  __extension__ using wide = __int128;
  return static_cast<std::int64_t>((static_cast<wide>(a) * b) >> 32);
}

std::uint64_t square_root(uint128 value) noexcept {
  uint128 low = 0;
  uint128 high = uint128{1} << 64;
  while (high - low > 1) {
    uint128 const middle = (low + high) / 2;
    (middle * middle <= value ? low : high) = middle;
  }
  return static_cast<std::uint64_t>(low);
}

/// 2^(1/2), 2^(1/4), ... with 62 binary places.
std::array<std::uint64_t, 32> const& roots_of_two() noexcept {
  static std::array<std::uint64_t, 32> const roots = [] {
    std::array<std::uint64_t, 32> r{};
    std::uint64_t root = std::uint64_t{1} << 63;
    for (auto& each : r) each = root = square_root(static_cast<uint128>(root) << 62);
    return r;
  }();
  return roots;
}

/// Areas under half of the (unscaled) normal density up to multiples of 1/256, by trapezoids.
struct normal_areas {
  static constexpr std::size_t steps = 6 * 256;
  std::array<std::int64_t, steps + 1> upto{};

  normal_areas() noexcept {
    std::int64_t previous = one_q32;
    for (std::size_t i = 1; i <= steps; ++i) {
      auto const x_q16 = static_cast<std::int64_t>(i) * 256;
      std::int64_t const exponent = times_q32(x_q16 * x_q16 / 2, log2_e_q32);
      auto const density = static_cast<std::int64_t>(exp2_q32((std::int64_t{32} << 32) - exponent));
      upto[i] = upto[i - 1] + (previous + density) / 2;
      previous = density;
    }
  }
};

}  // namespace

std::int64_t log2_q32(std::uint64_t value) noexcept {
  int const whole = 63 - std::countl_zero(value);
  uint128 mantissa = static_cast<uint128>(value) << (63 - whole);  // [1, 2) with 63 binary places
  std::int64_t fraction = 0;
  for (int bit = 0; bit != 32; ++bit) {
    mantissa = (mantissa * mantissa) >> 63;
    fraction <<= 1;
    if (mantissa >> 64 != 0) {
      mantissa >>= 1;
      fraction |= 1;
    }
  }
  return (static_cast<std::int64_t>(whole) << 32) | fraction;
}

std::uint64_t exp2_q32(std::int64_t exponent) noexcept {
  if (exponent < 0) return 0;
  auto const& roots = roots_of_two();
  std::uint64_t result = std::uint64_t{1} << 62;
  for (std::size_t bit = 0; bit != 32; ++bit) {
    if ((exponent >> (31 - bit)) & 1) result = static_cast<std::uint64_t>((static_cast<uint128>(result) * roots[bit]) >> 62);
  }
  return result >> (62 - (exponent >> 32));
}

std::int64_t normal_quantile_q16(std::uint32_t place) noexcept {
  static normal_areas const areas;
  bool const lower = place < 1024;
  auto const from_middle = static_cast<std::int64_t>(lower ? 1024 - place : place - 1024);
  std::int64_t const wanted = areas.upto.back() / 1024 * from_middle;
  auto const above = std::upper_bound(areas.upto.begin(), areas.upto.end(), wanted);
  auto const index = static_cast<std::int64_t>(above - areas.upto.begin()) - 1;
  std::int64_t const left = areas.upto[static_cast<std::size_t>(index)];
  std::int64_t const right = areas.upto[static_cast<std::size_t>(index) + 1];
  std::int64_t const z = index * 256 + (wanted - left) * 256 / std::max<std::int64_t>(1, right - left);
  return lower ? -z : z;
}

latency_table::latency_table(latency_model const& model) {
  std::int64_t const low = std::max<std::int64_t>(1, model.low.count());
  std::int64_t const high = std::max(low, model.high.count());
  constexpr std::int64_t normal_at_99_percent_q16 = 152'461;  // 2.3263 * 2^16
  for (std::size_t i = 0; i != quantiles_.size(); ++i) {
    auto const place = static_cast<std::int64_t>(i);
    auto const halves = static_cast<std::uint32_t>(std::clamp<std::int64_t>(place * 2, 1, 2047));
    switch (model.distribution) {
      case latency_model::shape::constant: quantiles_[i] = low; break;
      case latency_model::shape::uniform:
        quantiles_[i] = low + (high - low) / 1024 * place + (high - low) % 1024 * place / 1024;
        break;
      case latency_model::shape::exponential: {
        std::int64_t const minus_ln = times_q32((std::int64_t{11} << 32) - log2_q32(2048 - (i == 0 ? 0 : halves)), ln_2_q32);
        quantiles_[i] = low + times_q32(high - low, minus_ln);
        break;
      }
      case latency_model::shape::lognormal: {
        std::int64_t const middle = log2_q32(static_cast<std::uint64_t>(low));
        std::int64_t const to_99 = log2_q32(static_cast<std::uint64_t>(high)) - middle;
        std::int64_t const exponent = middle + (to_99 >> 16) * normal_quantile_q16(halves) / normal_at_99_percent_q16 * 65536;
        quantiles_[i] = std::max<std::int64_t>(1, static_cast<std::int64_t>(exp2_q32(exponent)));
        break;
      }
    }
  }
}

}  // namespace roost::sim
