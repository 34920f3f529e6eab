#pragma once
// What each fuzz target gives its drivers.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>
#include <vector>

/// A valid input of this target, the same for the same `number`.
std::vector<std::byte> roost_fuzz_seed(std::uint64_t number);

/// A property of a decoder that an input has shown to be wrong: stops the fuzzer at that input.
inline void require(bool holds) {
  if (!holds) std::abort();
}

/// For targets whose input is text.
inline std::vector<std::byte> bytes_of(std::string_view text) {
  auto const bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}
inline std::string_view text_of(std::uint8_t const* data, std::size_t size) {
  return {reinterpret_cast<char const*>(data), size};
}
