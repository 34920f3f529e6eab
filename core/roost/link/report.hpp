#pragma once
// What travels back beside the cumulative numbers: which messages were handled out of order or returned, and which frames have
// arrived out of order. Variable-length integers, seven bits a byte, low ones first.

#include <roost/base/bytes.hpp>
#include <roost/base/error.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace roost::link {

/// What became of a run of consecutive numbers: errc::ok for handled, else why they were returned.
struct fate_run {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  errc fate = errc::ok;
  bool operator==(fate_run const&) const = default;
};

/// Numbers must rise. The inverse refuses what is malformed or longer than `max_runs` with errc::bad_frame.
shared_bytes encode_runs(std::span<fate_run const> runs);
result<std::vector<fate_run>> decode_runs(std::span<std::byte const> data);

/// Longest list that either side makes or takes.
inline constexpr std::size_t max_runs = 1024;

}  // namespace roost::link
