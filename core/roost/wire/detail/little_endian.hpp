#pragma once
// Fixed-width little-endian loads and stores; one move instruction each on little-endian machines.

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace roost::wire::detail {

template <std::size_t Size>
struct unsigned_of_size;
template <>
struct unsigned_of_size<1> {
  using type = std::uint8_t;
};
template <>
struct unsigned_of_size<2> {
  using type = std::uint16_t;
};
template <>
struct unsigned_of_size<4> {
  using type = std::uint32_t;
};
template <>
struct unsigned_of_size<8> {
  using type = std::uint64_t;
};

template <class Unsigned>
constexpr Unsigned little(Unsigned value) noexcept {
  if constexpr (std::endian::native == std::endian::big && sizeof(Unsigned) > 1) {
    Unsigned swapped = 0;
    for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
      swapped = static_cast<Unsigned>(swapped << 8 | ((value >> (8 * i)) & 0xff));
    }
    return swapped;
  } else {
    return value;
  }
}

/// Any integer or IEEE floating-point type of 1, 2, 4 or 8 bytes.
template <class Scalar>
void store(std::byte* out, Scalar value) noexcept {
  using raw = typename unsigned_of_size<sizeof(Scalar)>::type;
  auto const bits = little(std::bit_cast<raw>(value));
  std::memcpy(out, &bits, sizeof bits);
}

template <class Scalar>
Scalar load(std::byte const* in) noexcept {
  using raw = typename unsigned_of_size<sizeof(Scalar)>::type;
  raw bits;
  std::memcpy(&bits, in, sizeof bits);
  return std::bit_cast<Scalar>(little(bits));
}

}  // namespace roost::wire::detail
