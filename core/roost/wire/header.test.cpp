#include <gtest/gtest.h>

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <roost/wire/chain.hpp>
#include <roost/wire/draft.hpp>
#include <roost/wire/header.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace roost::wire {
namespace {

frame_header drawn_header() {
  frame_header h;
  h.kind = static_cast<frame_kind>(*rc::gen::inRange(1, 12));
  h.flags = *rc::gen::arbitrary<std::uint8_t>();
  h.trailer_length = static_cast<std::uint16_t>(*rc::gen::inRange(0, 100));
  h.payload_length = static_cast<std::uint32_t>(*rc::gen::inRange(0, 6000));
  for (auto* word :
       {&h.epoch, &h.number, &h.ack_below, &h.handled_below, &h.control_number, &h.control_ack, &h.sender, &h.receiver,
        &h.endpoint, &h.reply_port, &h.fence, &h.stamp_high, &h.stamp_low, &h.point_rank, &h.mesh_epoch, &h.fingerprint}) {
    *word = *rc::gen::arbitrary<std::uint64_t>();
  }
  h.remaining = *rc::gen::arbitrary<std::int64_t>();
  return h;
}

std::vector<std::byte> packed(frame_header const& h) {
  std::vector<std::byte> frame(frame_size(h));
  for (std::size_t i = header_size; i < frame.size(); ++i) frame[i] = static_cast<std::byte>(i * 7);
  pack(h, frame);
  return frame;
}

frame_header small_header() {
  frame_header h;
  h.payload_length = 40;
  h.trailer_length = 24;
  h.number = 7;
  return h;
}

RC_GTEST_PROP(Header, ComesBackAsItWentOut, ()) {
  auto const h = drawn_header();
  auto const frame = packed(h);
  auto const back = view_frame(frame);
  RC_ASSERT(back.has_value());
  RC_ASSERT(back->header == h);
  RC_ASSERT(back->payload.size() == h.payload_length);
  RC_ASSERT(back->trailer.size() == h.trailer_length);
  RC_ASSERT(*peek_frame_size(std::span(frame).first(header_size)) == frame.size());
}

RC_GTEST_PROP(Header, ADraftMakesTheSameFrame, ()) {
  auto h = drawn_header();
  auto const frame = packed(h);
  auto const behind = std::span<std::byte const>(frame).subspan(header_size);
  auto draft = frame_draft::of(behind.first(h.payload_length), behind.last(h.trailer_length));
  auto copy = draft.copy();
  RC_ASSERT(draft.frame_size() == frame.size());
  RC_ASSERT(std::ranges::equal(draft.pack(h).view(), frame));
  RC_ASSERT(std::ranges::equal(copy.pack(h).view(), frame));
  h.number += 1;
  RC_ASSERT(unpack(draft.pack(h).view())->number == h.number);
  RC_ASSERT(unpack(copy.pack(h).view())->number == h.number);
}

TEST(Header, ADraftOfNothingIsAHeader) {
  frame_draft draft;
  frame_header h;
  h.payload_length = 3;
  EXPECT_EQ(draft.pack(h).size(), header_size);
  EXPECT_EQ(unpack(std::move(draft).take().view())->payload_length, 0U);
}

TEST(Header, EveryFlippedBitIsSeen) {
  auto const frame = packed(small_header());
  for (std::size_t bit = 0; bit < frame.size() * 8; ++bit) {
    auto damaged = frame;
    damaged[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_FALSE(unpack(damaged)) << "bit " << bit;
  }
}

TEST(Header, EveryTruncationIsSeen) {
  auto const frame = packed(small_header());
  for (std::size_t size = 0; size < frame.size(); ++size) {
    auto const got = unpack(std::span(frame).first(size));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.failure().code, errc::bad_frame);
  }
}

TEST(Header, ALongerFrameThanItSaysIsRefused) {
  auto frame = packed(small_header());
  frame.push_back({});
  EXPECT_EQ(unpack(frame).failure().code, errc::bad_frame);
}

TEST(Header, AnotherVersionIsNamedBesideOurs) {
  auto const h = small_header();
  std::vector<std::byte> frame(frame_size(h));
  pack(h, frame, 9);
  auto const why = unpack(frame).failure();
  EXPECT_EQ(why.code, errc::version_mismatch);
  EXPECT_NE(why.what.find("9"), std::string::npos);
  EXPECT_NE(why.what.find("speaks 2"), std::string::npos);
  frame_limits wide;
  wide.version_max = 9;
  EXPECT_TRUE(unpack(frame, wide));
}

TEST(Header, APayloadAboveTheLimitNamesTheLimit) {
  frame_limits limits;
  limits.max_frame = 39;
  auto const why = unpack(packed(small_header()), limits).failure();
  EXPECT_EQ(why.code, errc::too_large);
  EXPECT_NE(why.what.find("max_frame is 39"), std::string::npos);
}

TEST(Header, TheChecksumLeavesOutWhatItsFlagsSay) {
  auto h = small_header();
  auto const damage_at_end_of_payload_is_seen = [&h] {
    auto frame = packed(h);
    frame[header_size + h.payload_length - 1] ^= std::byte{1};
    return !unpack(frame).has_value();
  };
  EXPECT_TRUE(damage_at_end_of_payload_is_seen());
  h.flags = flag_checksum_header_only;
  EXPECT_FALSE(damage_at_end_of_payload_is_seen());
  h.flags = 0;
  h.payload_length = checksummed_payload + 1;
  EXPECT_FALSE(damage_at_end_of_payload_is_seen());
  h.flags = flag_checksum_whole;
  EXPECT_TRUE(damage_at_end_of_payload_is_seen());
}

TEST(Header, AnUnknownKindIsRefusedBehindTheChecksum) {
  auto h = small_header();
  h.kind = static_cast<frame_kind>(12);
  EXPECT_NE(unpack(packed(h)).failure().what.find("kind 12"), std::string::npos);
}

TEST(Chain, ComesBackAsItWentOut) {
  std::vector<actor_id> callers;
  for (std::uint64_t i = 0; i <= max_chain; ++i) {
    std::vector<std::byte> trailer(chain_size(i));
    ASSERT_EQ(*encode_chain(callers, trailer), trailer.size());
    auto const back = decode_chain(trailer);
    ASSERT_TRUE(back);
    EXPECT_TRUE(std::ranges::equal(back->view(), callers));
    callers.push_back({{{i}, static_cast<std::uint32_t>(i + 1), 2}, ~i});
  }
}

TEST(Chain, DeeperThanItsLimitIsTooDeepAtBothEnds) {
  std::vector<actor_id> const callers(max_chain + 1);
  std::vector<std::byte> trailer(chain_size(callers.size()));
  EXPECT_EQ(encode_chain(callers, trailer).failure().code, errc::too_deep);
  EXPECT_EQ(decode_chain(trailer).failure().code, errc::too_deep);
}

TEST(Chain, AnOddLengthIsABadFrame) {
  std::vector<std::byte> const trailer(25);
  EXPECT_EQ(decode_chain(trailer).failure().code, errc::bad_frame);
}

}  // namespace
}  // namespace roost::wire
