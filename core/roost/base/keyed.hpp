#pragma once
// Keyed randomness: every decision is H(seed, domain, entity key, the entity's own counter). There is no global stream, so
// taking one entity or one fault away leaves the decisions of all others as they were.

#include <roost/base/ids.hpp>

#include <cstdint>
#include <string_view>

namespace roost {

/// What kind of decision is drawn; part of the hash, so that domains never share a draw. Values are part of the repro format.
enum class draw_domain : std::uint32_t {
  user = 1,  ///< `random()` in handlers.
  knobs = 2,
  faults = 3,
  network = 4,
  schedule = 5,
  clocks = 6,
  handler_time = 7,
  buggify = 8,
  ids = 9,
  balancer = 10,
  workload = 11,
  entropy = 12,
};

/// 128 bits of H.
struct hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  auto operator<=>(hash128 const&) const = default;
};

/// H: XXH3-128 over a fixed little-endian record (version 1) of its arguments.
hash128 keyed_hash(std::uint64_t seed, draw_domain domain, entity_key key, std::uint64_t counter) noexcept;

/// XXH3-64 of `text` (or bytes), for names.
std::uint64_t hash_text(std::string_view text) noexcept;

/// The key of a child: H(parent, kind, name, ordinal among same-named siblings).
entity_key child_key(entity_key parent, std::string_view kind, std::string_view name, std::uint64_t ordinal = 0) noexcept;

__extension__ using uint128 = unsigned __int128;

/// `random` scaled to [0, bound) by multiplication; 0 when `bound` is 0.
constexpr std::uint64_t scale_below(std::uint64_t random, std::uint64_t bound) noexcept {
  return static_cast<std::uint64_t>((static_cast<uint128>(random) * bound) >> 64);
}

/// The decisions of one entity in one domain, in its own order. Copying copies the position.
class keyed_stream {
 public:
  keyed_stream() = default;
  keyed_stream(std::uint64_t seed, draw_domain domain, entity_key key, std::uint64_t counter = 0) noexcept
      : seed_(seed), key_(key), counter_(counter), domain_(domain) {}

  std::uint64_t next() noexcept { return keyed_hash(seed_, domain_, key_, counter_++).low; }
  /// Uniform in [0, bound); 0 when `bound` is 0.
  std::uint64_t below(std::uint64_t bound) noexcept { return scale_below(next(), bound); }
  /// Uniform in [low, high], both included.
  std::int64_t between(std::int64_t low, std::int64_t high) noexcept {
    auto const span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
    auto const offset = span == 0 ? next() : below(span);
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + offset);
  }
  /// True with probability parts / 2^32; integers only, so that all compilers agree.
  bool chance_q32(std::uint64_t parts) noexcept { return (next() >> 32) < parts; }
  std::uint64_t counter() const noexcept { return counter_; }

 private:
  std::uint64_t seed_ = 0;
  entity_key key_;
  std::uint64_t counter_ = 0;
  draw_domain domain_ = draw_domain::user;
};

}  // namespace roost
