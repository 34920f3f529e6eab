#pragma once
// Quantities as people write them, with their units: "10ms", "1MiB", "200Gbit/s", "1/30s", 0.001. Exact, or refused with a reason.

#include <roost/base/error.hpp>
#include <roost/base/units.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace roost::sim {

/// All parsers take any text. Their errors (`errc::bad_argument`) say what was written and what was expected; they know no place.

/// A duration of zero or more: "10ms", "1.5s", "2h". Units: ns, us, ms, s, m, h.
result<nanoseconds> parse_duration(std::string_view text);
/// The same with an optional leading minus.
result<nanoseconds> parse_signed_duration(std::string_view text);
/// A count of bytes: "64B", "1MiB", "1.5KiB", "10MB".
result<bytes> parse_size(std::string_view text);
/// Bits per second: "200Gbit/s", "25GB/s".
result<std::uint64_t> parse_bit_rate(std::string_view text);
/// How often something happens: "1/30s" is once in 30 seconds, "never" is 0. The result is the mean time between two.
result<nanoseconds> parse_rate(std::string_view text);
/// A probability in parts per million: "0.001", "0.1%", "1000ppm". At most 1, and no finer than one part per million.
result<std::uint32_t> parse_ppm(std::string_view text);
/// The same of a number as a file holds it.
result<std::uint32_t> ppm_of(double fraction);
/// A seed: decimal, or hexadecimal after 0x; 0 to 2^64 - 1.
result<std::uint64_t> parse_seed(std::string_view text);
/// As `parse_seed` reads it: small ones decimal, large ones hexadecimal.
std::string seed_text(std::uint64_t seed);

}  // namespace roost::sim
