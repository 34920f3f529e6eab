#pragma once
// The call chain: who waits for whom, carried behind a call's payload so that a cycle of waiting callers is seen.

#include <roost/base/error.hpp>
#include <roost/base/ids.hpp>

#include <array>
#include <cstddef>
#include <span>

namespace roost::wire {

/// Callers that a chain may have; deeper is `errc::too_deep`.
inline constexpr std::size_t max_chain = 32;
/// Bytes of one caller in the trailer.
inline constexpr std::size_t chain_entry_size = 24;

/// The waiting callers, outermost first. A value without heap memory.
struct call_chain {
  std::array<actor_id, max_chain> ids{};
  std::size_t count = 0;

  std::span<actor_id const> view() const noexcept { return {ids.data(), count}; }
};

/// Bytes of the trailer of `count` callers: `frame_header::trailer_length`.
constexpr std::size_t chain_size(std::size_t count) noexcept { return count * chain_entry_size; }

/// Writes `callers` to the front of `out`; gives the bytes written. Errors: `errc::too_deep` beyond `max_chain`,
/// `errc::bad_argument` where `out` is too small.
result<std::size_t> encode_chain(std::span<actor_id const> callers, std::span<std::byte> out);

/// Reads a whole trailer. Errors: `errc::too_deep` beyond `max_chain`, `errc::bad_frame` for a length that is no multiple.
result<call_chain> decode_chain(std::span<std::byte const> trailer);

}  // namespace roost::wire
