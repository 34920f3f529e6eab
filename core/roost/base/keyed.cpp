#include <roost/base/keyed.hpp>

#include <roost/base/bytes.hpp>

#include <array>
#include <bit>

#define XXH_INLINE_ALL  // Records are short: a call costs as much as their hash.
#include <xxhash.h>

namespace roost {

static_assert(std::endian::native == std::endian::little, "the keyed record and the wire format are little-endian");

hash128 keyed_hash(std::uint64_t seed, draw_domain domain, entity_key key, std::uint64_t counter) noexcept {
  constexpr std::uint64_t record_version = 1;
  std::array<std::uint64_t, 4> const record{record_version | (std::uint64_t{static_cast<std::uint32_t>(domain)} << 32), seed,
                                            key.value, counter};
  auto const hash = XXH3_128bits(record.data(), sizeof record);
  return {hash.low64, hash.high64};
}

std::uint64_t hash_text(std::string_view text) noexcept { return XXH3_64bits(text.data(), text.size()); }

std::uint64_t hash_bytes(std::span<std::byte const> data, std::uint64_t seed) noexcept {
  return XXH3_64bits_withSeed(data.data(), data.size(), seed);
}

entity_key child_key(entity_key parent, std::string_view kind, std::string_view name, std::uint64_t ordinal) noexcept {
  std::array<std::uint64_t, 4> const record{parent.value, hash_text(kind), hash_text(name), ordinal};
  return {XXH3_64bits(record.data(), sizeof record)};
}

}  // namespace roost
