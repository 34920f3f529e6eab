#pragma once
// The frame: a fixed, hand-packed little-endian header, the payload behind it, and the call chain as a trailer behind that.
// What a session or transport sends and receives is always one whole frame.

#include <roost/base/error.hpp>
#include <roost/wire/fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace roost::wire {

/// Version of the frame layout and of the control bodies. Two ends must share one.
inline constexpr std::uint16_t wire_version = 2;

/// What a frame is for. Values are part of the wire format.
enum class frame_kind : std::uint8_t {
  hello = 1,
  hello_ack,
  refuse,
  data,  ///< Carries a user message.
  skip,
  ack,
  heartbeat,
  cut,
  cut_ack,
  told,
  control,
};

/// The bits of `frame_header::flags` that this floor gives a meaning. The low six are the session's.
enum frame_flag : std::uint8_t {
  flag_checksum_header_only = 0x80,  ///< The checksum covers the header and nothing behind it.
  flag_checksum_whole = 0x40,        ///< It covers the payload whatever its size. The other flag wins.
};

/// A payload of more bytes is left out of the checksum unless a flag says otherwise. A trailer is always in it.
inline constexpr std::size_t checksummed_payload = 4096;

/// A frame header, unpacked.
struct frame_header {
  frame_kind kind = frame_kind::data;
  std::uint8_t flags = 0;            ///< `frame_flag`, and the session's own bits.
  std::uint16_t trailer_length = 0;  ///< Bytes of call-chain trailer after the payload.
  std::uint32_t payload_length = 0;
  std::uint64_t epoch = 0;           ///< Session epoch.
  std::uint64_t number = 0;          ///< Session number of a data or skip frame; 0 otherwise.
  std::uint64_t ack_below = 0;       ///< Every number below it is in custody (cumulative).
  std::uint64_t handled_below = 0;   ///< Every number below it was handled or returned (cumulative).
  std::uint64_t control_number = 0;  ///< Number in the control lane, 0 when none.
  std::uint64_t control_ack = 0;     ///< Cumulative, for the control lane.
  std::uint64_t sender = 0;          ///< Local id of the sending actor.
  std::uint64_t receiver = 0;        ///< Local id of the receiving actor.
  std::uint64_t endpoint = 0;        ///< Endpoint id.
  std::uint64_t reply_port = 0;      ///< Port number at the sender's proc, 0 when none.
  std::uint64_t fence = 0;           ///< Highest fence number the sender knew.
  std::int64_t remaining = -1;       ///< Remaining deadline in nanoseconds; negative: none.
  std::uint64_t stamp_high = 0;      ///< Trace context or observation stamp.
  std::uint64_t stamp_low = 0;
  std::uint64_t point_rank = 0;   ///< Rank in the slice it was cast to.
  std::uint64_t mesh_epoch = 0;   ///< Membership epoch the sender knew.
  std::uint64_t fingerprint = 0;  ///< Fingerprint of the payload's structure.

  bool operator==(frame_header const&) const = default;
};

/// Bytes of a packed header.
inline constexpr std::size_t header_size = 160;

/// What `unpack` accepts.
struct frame_limits {
  std::uint64_t max_frame = std::uint64_t{64} << 20;  ///< Largest payload, in bytes.
  std::uint16_t version_min = wire_version;
  std::uint16_t version_max = wire_version;
  bool verify_checksum = true;  ///< False only for fuzzing what lies behind the checksum.
};

/// A checked frame; refers into the bytes it was made from.
struct frame_view {
  frame_header header;
  std::span<std::byte const> payload;
  std::span<std::byte const> trailer;
};

/// Header, payload and trailer together.
constexpr std::size_t frame_size(frame_header const& header) noexcept {
  return header_size + header.payload_length + header.trailer_length;
}

/// Writes the header to the front of `frame`, whose payload and trailer are already in place behind it.
///
/// `frame` must be exactly `frame_size(header)` bytes. Allocates nothing. `version` is for speaking an older wire.
void pack(frame_header const& header, std::span<std::byte> frame, std::uint16_t version = wire_version);

/// Checks one whole frame and reads its header. Allocates nothing unless it refuses.
///
/// Errors: `errc::version_mismatch` names both versions; `errc::too_large` names `max_frame`; anything else that is wrong
/// (magic, truncation, lengths that do not add up, kind, checksum) is `errc::bad_frame`.
result<frame_header> unpack(std::span<std::byte const> frame, frame_limits const& limits = {});

/// `unpack`, with payload and trailer as views into `frame`.
result<frame_view> view_frame(std::span<std::byte const> frame, frame_limits const& limits = {});

/// Size of the whole frame that begins with `prefix`, for transports that read a stream; `prefix` holds `header_size` bytes
/// or more. Checks magic, version and limits but not the checksum, which may need bytes still under way.
result<std::size_t> peek_frame_size(std::span<std::byte const> prefix, frame_limits const& limits = {});

}  // namespace roost::wire
