#pragma once
// What each fuzz target gives its drivers.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

/// A valid input of this target, the same for the same `number`.
std::vector<std::byte> roost_fuzz_seed(std::uint64_t number);

/// A property of a decoder that an input has shown to be wrong: stops the fuzzer at that input.
inline void require(bool holds) {
  if (!holds) std::abort();
}
