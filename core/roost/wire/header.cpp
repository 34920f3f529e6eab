#include <roost/wire/header.hpp>

#include <roost/base/bytes.hpp>
#include <roost/base/ids.hpp>
#include <roost/wire/detail/little_endian.hpp>

#include <string>
#include <type_traits>

namespace roost::wire {
namespace {

constexpr std::uint32_t magic = 0x74736f52;  // "Rost", read as text.

constexpr std::size_t at_magic = 0;
constexpr std::size_t at_version = 4;
constexpr std::size_t at_reserved = 6;
constexpr std::size_t at_checksum = 8;
constexpr std::size_t at_payload_length = 16;  // What the checksum covers begins here.
constexpr std::size_t at_trailer_length = 20;
constexpr std::size_t at_kind = 22;
constexpr std::size_t at_flags = 23;
constexpr std::size_t at_words = 24;
static_assert(at_words + 17 * 8 == header_size);

using detail::load;
using detail::store;

/// Calls `each` with every 64-bit field in wire order.
template <class Header, class Each>
void for_words(Header& h, Each each) {
  each(h.epoch);
  each(h.number);
  each(h.ack_below);
  each(h.handled_below);
  each(h.control_number);
  each(h.control_ack);
  each(h.sender);
  each(h.receiver);
  each(h.endpoint);
  each(h.reply_port);
  each(h.fence);
  each(h.remaining);
  each(h.stamp_high);
  each(h.stamp_low);
  each(h.point_rank);
  each(h.mesh_epoch);
  each(h.fingerprint);
}

/// Of a whole frame whose lengths are those of its header.
std::uint64_t checksum(std::span<std::byte const> frame, std::uint16_t version, std::uint8_t flags,
                       std::size_t payload) noexcept {
  auto const covered = frame.subspan(at_payload_length);
  auto const header = covered.first(header_size - at_payload_length);
  std::uint64_t sum = 0;
  if (flags & flag_checksum_header_only) {
    sum = hash_bytes(header);
  } else if (payload <= checksummed_payload || (flags & flag_checksum_whole)) {
    sum = hash_bytes(covered);
  } else {
    sum = roost::detail::mix(hash_bytes(header), hash_bytes(covered.subspan(header.size() + payload)));
  }
  return roost::detail::mix(sum, version);
}

error bad_header(std::string text) { return {errc::bad_frame, std::move(text), "frame header"}; }

/// Everything that the first bytes alone can tell.
result<std::size_t> check_front(std::span<std::byte const> bytes, frame_limits const& limits) {
  auto const truncated = [&] {
    return bad_header("the frame is truncated: " + std::to_string(bytes.size()) + " bytes, and a header has " +
                      std::to_string(header_size));
  };
  if (bytes.size() < at_reserved) return truncated();
  if (load<std::uint32_t>(bytes.data() + at_magic) != magic) return bad_header("this is not a frame: its magic is wrong");
  auto const version = load<std::uint16_t>(bytes.data() + at_version);
  if (version < limits.version_min || version > limits.version_max) {
    auto ours = std::to_string(limits.version_max);
    if (limits.version_min != limits.version_max) ours = std::to_string(limits.version_min) + " to " + ours;
    return error(errc::version_mismatch,
                 "the frame has wire version " + std::to_string(version) + ", and this end speaks " + ours, "frame header");
  }
  if (bytes.size() < header_size) return truncated();
  std::size_t const payload = load<std::uint32_t>(bytes.data() + at_payload_length);
  if (payload > limits.max_frame) {
    return error(
        errc::too_large,
        "the frame's payload has " + std::to_string(payload) + " bytes, and max_frame is " + std::to_string(limits.max_frame),
        "frame header");
  }
  return header_size + payload + load<std::uint16_t>(bytes.data() + at_trailer_length);
}

}  // namespace

void pack(frame_header const& header, std::span<std::byte> frame, std::uint16_t version) {
  ROOST_INVARIANT(frame.size() == frame_size(header),
                  "a frame of " + std::to_string(frame_size(header)) + " bytes in " + std::to_string(frame.size()));
  auto* const p = frame.data();
  store(p + at_magic, magic);
  store(p + at_version, version);
  store(p + at_kind, static_cast<std::uint8_t>(header.kind));
  store(p + at_flags, header.flags);
  store(p + at_payload_length, header.payload_length);
  store(p + at_trailer_length, header.trailer_length);
  store(p + at_reserved, std::uint16_t{0});
  auto* word = p + at_words;
  for_words(header, [&word](auto value) {
    store(word, value);
    word += 8;
  });
  store(p + at_checksum, checksum(frame, version, header.flags, header.payload_length));
}

result<std::size_t> peek_frame_size(std::span<std::byte const> prefix, frame_limits const& limits) {
  return check_front(prefix, limits);
}

result<frame_header> unpack(std::span<std::byte const> frame, frame_limits const& limits) {
  auto const whole = check_front(frame, limits);
  if (!whole) return whole.failure();
  if (frame.size() != *whole) {
    return bad_header("the lengths do not add up: the header says " + std::to_string(*whole) + " bytes, and the frame has " +
                      std::to_string(frame.size()));
  }
  auto const* const p = frame.data();
  frame_header header;
  header.flags = load<std::uint8_t>(p + at_flags);
  header.payload_length = load<std::uint32_t>(p + at_payload_length);
  header.trailer_length = load<std::uint16_t>(p + at_trailer_length);
  if (limits.verify_checksum && load<std::uint64_t>(p + at_checksum) !=
                                    checksum(frame, load<std::uint16_t>(p + at_version), header.flags, header.payload_length)) {
    return bad_header("the checksum is wrong: the frame was damaged on its way");
  }
  auto const kind = load<std::uint8_t>(p + at_kind);
  if (kind < static_cast<std::uint8_t>(frame_kind::hello) || kind > static_cast<std::uint8_t>(frame_kind::control)) {
    return bad_header("there is no frame kind " + std::to_string(kind));
  }
  if (load<std::uint16_t>(p + at_reserved) != 0) return bad_header("the reserved bytes are not zero");
  header.kind = static_cast<frame_kind>(kind);
  auto const* word = p + at_words;
  for_words(header, [&word](auto& value) {
    value = load<std::remove_reference_t<decltype(value)>>(word);
    word += 8;
  });
  return header;
}

result<frame_view> view_frame(std::span<std::byte const> frame, frame_limits const& limits) {
  auto header = unpack(frame, limits);
  if (!header) return header.failure();
  return frame_view{*header, frame.subspan(header_size, header->payload_length), frame.last(header->trailer_length)};
}

}  // namespace roost::wire
