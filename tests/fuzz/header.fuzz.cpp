// The frame header as it comes from a transport, checksum on: what is accepted packs to the same bytes.

#include <roost/wire/header.hpp>

#include <algorithm>

#include "seeds.hpp"

using namespace roost::wire;

std::vector<std::byte> roost_fuzz_seed(std::uint64_t number) {
  frame_header h;
  h.kind = static_cast<frame_kind>(1 + number % 11);
  h.flags = static_cast<std::uint8_t>(number << 5);
  h.payload_length = static_cast<std::uint32_t>(number % 5 == 0 ? 5000 : number);
  h.trailer_length = static_cast<std::uint16_t>(number % 3 * 24);
  h.number = number;
  h.epoch = ~number;
  std::vector<std::byte> frame(frame_size(h));
  pack(h, frame);
  return frame;
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const input = std::as_bytes(std::span(data, size));
  static_cast<void>(peek_frame_size(input));
  auto const got = view_frame(input);
  if (!got) return 0;
  require(frame_size(got->header) == size && got->payload.size() + got->trailer.size() + header_size == size);
  std::vector<std::byte> again(input.begin(), input.end());
  pack(got->header, again);
  require(std::equal(again.begin(), again.end(), input.begin()));
  return 0;
}
