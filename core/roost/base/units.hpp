#pragma once
// Time and sizes as types. There is no way here to ask what time it is: that is the clock seam's (platform/clock.hpp).

#include <chrono>
#include <cstdint>
#include <string>

namespace roost {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

/// The time line of one host's monotonic clock. It has no `now()`; only a `clock` of the platform does.
struct monotonic {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = nanoseconds;
  static constexpr bool is_steady = true;
};
using instant = std::chrono::time_point<monotonic, nanoseconds>;

inline constexpr instant never = instant::max();

/// `duration` after `from`; `never` where that is beyond all time.
constexpr instant later(instant from, nanoseconds duration) noexcept {
  if (duration > nanoseconds(0) && from > never - duration) return never;
  return from + duration;
}

/// A count of bytes.
struct bytes {
  std::uint64_t value = 0;
  auto operator<=>(bytes const&) const = default;
  constexpr bytes operator+(bytes other) const { return {value + other.value}; }
  constexpr bytes operator-(bytes other) const { return {value - other.value}; }
  constexpr bytes& operator+=(bytes other) {
    value += other.value;
    return *this;
  }
  constexpr bytes& operator-=(bytes other) {
    value -= other.value;
    return *this;
  }
};

/// Shortest exact text with a unit: "250ms", "1.5s", "20us", "0s".
std::string to_string(nanoseconds duration);
std::string to_string(instant when);
/// Shortest exact text with a unit: "64B", "1MiB", "1536B".
std::string to_string(bytes size);

}  // namespace roost
