#pragma once
// What the rows and their peers have agreed on.

#include <tests/conformance/stage.hpp>

#include <string_view>

namespace roost::conformance {

inline constexpr proc_id root_id{{0}, 0, 1};
/// Short frames that begin so are orders to a peer that obeys: "do hang_up", "do await_closed", "do h0/p2.1" (meet that
/// proc), "do " and a deed. Before a deed the peer says which process it is, in
/// `steady_size` characters: then the places of a ring in which frames begin stay the same.
inline constexpr std::string_view order_mark = "do ";
/// The deed of that name.
std::optional<deed> deed_of(std::string_view word);
/// Sends frames of 1,000 bytes, numbered from 0, into `c`, whose peer stands still, until it is full; gives how many went in.
std::uint64_t fill(stage& s, channel_id c);
/// Bytes that a channel of the rows about room may hold.
inline constexpr std::size_t small_channel = 64 << 10;
/// The frames of a peer that floods.
shared_bytes flooded(std::uint64_t number);
/// Of a peer that fills.
inline constexpr std::uint64_t steady_frames = 2000;
inline constexpr std::size_t steady_size = 56;

}  // namespace roost::conformance
