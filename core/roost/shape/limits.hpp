#pragma once
// What a shape may be at most. Whatever passes one of these is refused with a sentence that names it.

#include <cstddef>
#include <cstdint>

namespace roost {

inline constexpr std::size_t max_dims = 32;
/// Most ranks in an extent, and the first base rank that no region may contain.
inline constexpr std::uint64_t max_ranks = std::uint64_t{1} << 48;
inline constexpr std::size_t max_label_bytes = 255;
/// Longest text form that is parsed.
inline constexpr std::size_t max_shape_text_bytes = 64 * 1024;
/// Most ranks that are ever listed one by one: the result of `selection::ranks`, of `region::remap`, and a dense `value_mesh`.
inline constexpr std::uint64_t max_listed_ranks = std::uint64_t{1} << 26;

}  // namespace roost
