#include <roost/wire/draft.hpp>

#include <algorithm>

namespace roost::wire {

frame_draft frame_draft::of(std::span<std::byte const> payload, std::span<std::byte const> trailer) {
  return made(payload.size(), trailer.size(), [&](std::span<std::byte> first, std::span<std::byte> second) {
    std::copy(payload.begin(), payload.end(), first.begin());
    std::copy(trailer.begin(), trailer.end(), second.begin());
  });
}

frame_draft frame_draft::copy() const {
  auto const behind = frame_.empty() ? std::span<std::byte const>() : frame_.view().subspan(header_size);
  return of(behind.first(payload_), behind.last(trailer_));
}

shared_bytes const& frame_draft::pack(frame_header& header, std::uint16_t version) {
  if (frame_.empty()) *this = of({});
  header.payload_length = static_cast<std::uint32_t>(payload_);
  header.trailer_length = static_cast<std::uint16_t>(trailer_);
  wire::pack(header, {first_, frame_.size()}, version);
  return frame_;
}

}  // namespace roost::wire
