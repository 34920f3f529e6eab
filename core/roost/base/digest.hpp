#pragma once
// A rolling 128-bit digest over a sequence of records; equal digests mean equal sequences.

#include <roost/base/keyed.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace roost {

/// Each `add` folds one record into the state; order matters. Never fed with addresses, `sizeof`, capacities or log text.
class rolling_digest {
 public:
  void add(std::span<std::uint64_t const> words) noexcept;
  void add(std::span<std::uint64_t const> words, std::span<std::byte const> data) noexcept;
  hash128 value() const noexcept { return state_; }
  std::uint64_t count() const noexcept { return count_; }

 private:
  hash128 state_{0x9ae16a3b2f90404fULL, 0xc949d7c7509e6557ULL};
  std::uint64_t count_ = 0;
};

/// 32 hex digits, high half first.
std::string to_string(hash128 value);

}  // namespace roost
