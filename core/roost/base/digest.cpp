#include <roost/base/digest.hpp>

#include <roost/base/bytes.hpp>

#include <bit>
#include <cstdio>

#define XXH_INLINE_ALL  // Records are short: a call costs as much as their hash.
#include <xxhash.h>

namespace roost {

void rolling_digest::add(std::span<std::uint64_t const> words) noexcept {
  auto const hash = XXH3_128bits_withSeed(words.data(), words.size_bytes(), state_.low);
  state_ = {hash.low64 ^ std::rotl(state_.high, 23), hash.high64 + state_.low};
  ++count_;
}

void rolling_digest::add(std::span<std::uint64_t const> words, std::span<std::byte const> data) noexcept {
  auto const hash = XXH3_128bits_withSeed(words.data(), words.size_bytes(), state_.low ^ hash_bytes(data));
  state_ = {hash.low64 ^ std::rotl(state_.high, 23), hash.high64 + state_.low};
  ++count_;
}

std::string to_string(hash128 value) {
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(value.high),
                static_cast<unsigned long long>(value.low));
  return text;
}

}  // namespace roost
