#include <gtest/gtest.h>

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <roost/base/ids.hpp>
#include <roost/base/plant.hpp>
#include <roost/base/units.hpp>
#include <roost/wire/codec.hpp>
#include <roost/wire/nesting.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace roost::wire {
namespace {

enum class color : std::uint8_t { red, green, blue };
enum class level : std::int16_t { low = -3, high = 900 };
BOOST_DESCRIBE_ENUM(level, low, high)

}  // namespace

template <>
inline constexpr color enum_last<color> = color::blue;

namespace {

struct empty {
  auto operator<=>(empty const&) const = default;
};
struct inner {
  std::uint16_t a = 0;
  std::string b;
  auto operator<=>(inner const&) const = default;
};
struct tree {
  int value = 0;
  std::vector<tree> kids;
  bool operator==(tree const&) const = default;
};
struct base_part {
  std::uint32_t id = 0;
  bool operator==(base_part const&) const = default;
};
BOOST_DESCRIBE_STRUCT(base_part, (), (id))
struct derived : base_part {
  std::string name;
  bool operator==(derived const&) const = default;
};
BOOST_DESCRIBE_STRUCT(derived, (base_part), (name))

struct everything {
  bool yes = false;
  char letter = 0;
  std::int8_t i8 = 0;
  std::uint64_t u64 = 0;
  double real = 0;
  color paint = color::red;
  level height = level::low;
  std::string text;
  std::vector<float> weights;
  std::vector<std::string> words;
  std::vector<bool> bits;
  std::array<inner, 2> pair_of_inner;
  std::map<std::string, std::vector<inner>> index;
  std::set<std::int32_t> numbers;
  std::pair<int, std::tuple<empty, inner>> both;
  std::optional<inner> maybe;
  std::variant<std::monostate, int, std::string, inner> either;
  nanoseconds wait{};
  bytes size;
  port_id port;
  shared_bytes blob;
  derived described;
  std::array<std::uint32_t, 3> flat{};
  empty nothing;
};

bool same(everything const& a, everything const& b) {
  auto const blob = [](everything const& e) { return std::vector(e.blob.view().begin(), e.blob.view().end()); };
  return a.yes == b.yes && a.letter == b.letter && a.i8 == b.i8 && a.u64 == b.u64 &&
         std::memcmp(&a.real, &b.real, sizeof a.real) == 0 && a.paint == b.paint && a.height == b.height && a.text == b.text &&
         a.weights == b.weights && a.words == b.words && a.bits == b.bits && a.pair_of_inner == b.pair_of_inner &&
         a.index == b.index && a.numbers == b.numbers && a.both == b.both && a.maybe == b.maybe && a.either == b.either &&
         a.wait == b.wait && a.size == b.size && a.port == b.port && blob(a) == blob(b) && a.described == b.described &&
         a.flat == b.flat && a.nothing == b.nothing;
}

/// Containers are kept small: every truncation of them is tried.
template <class T>
T any() {
  return *rc::gen::scale(std::is_arithmetic_v<T> ? 1.0 : 0.2, rc::gen::arbitrary<T>());
}

inner drawn_inner() {
  auto const a = any<std::uint16_t>();
  return {a, any<std::string>()};
}

everything drawn() {
  everything e;
  e.yes = any<bool>();
  e.letter = any<char>();
  e.i8 = any<std::int8_t>();
  e.u64 = any<std::uint64_t>();
  e.real = any<double>();
  e.paint = static_cast<color>(*rc::gen::inRange(0, 3));
  e.height = any<bool>() ? level::low : level::high;
  e.text = any<std::string>();
  for (auto const word : any<std::vector<std::uint16_t>>()) e.weights.push_back(static_cast<float>(word));
  e.words = any<std::vector<std::string>>();
  e.bits = any<std::vector<bool>>();
  e.pair_of_inner[1] = drawn_inner();
  e.index[any<std::string>()].push_back(drawn_inner());
  e.index[any<std::string>()];
  e.numbers = any<std::set<std::int32_t>>();
  std::get<1>(e.both.second) = drawn_inner();
  if (any<bool>()) e.maybe = drawn_inner();
  if (any<bool>()) e.either = any<std::string>();
  e.wait = nanoseconds(any<std::int64_t>());
  e.size.value = any<std::uint64_t>();
  e.port.number = any<std::uint64_t>();
  e.blob = shared_bytes::copy_of(as_bytes(any<std::string>()));
  e.described.id = any<std::uint32_t>();
  e.described.name = any<std::string>();
  e.flat[2] = any<std::uint32_t>();
  return e;
}

template <class T>
error refused(std::vector<std::byte> const& data, decode_limits const& limits = {}) {
  auto const got = decode<T>(data, limits);
  EXPECT_FALSE(got.has_value());
  return got ? error() : got.failure();
}

std::vector<std::byte> raw(std::initializer_list<int> values) {
  std::vector<std::byte> out;
  for (int const v : values) out.push_back(static_cast<std::byte>(v));
  return out;
}

bool says(error const& e, std::string_view text) { return e.describe().find(text) != std::string::npos; }

RC_GTEST_PROP(Codec, EverythingComesBackAsItWentOut, ()) {
  auto const e = drawn();
  auto const data = encode(e);
  RC_ASSERT(data.size() == encoded_size(e));
  auto const back = decode<everything>(data);
  RC_ASSERT(back.has_value());
  RC_ASSERT(same(*back, e));
  RC_ASSERT(encode(*back) == data);
}

RC_GTEST_PROP(Codec, EveryTruncationIsAnError, ()) {
  auto const data = encode(drawn());
  for (std::size_t size = 0; size < data.size(); ++size) {
    RC_ASSERT(!decode<everything>(std::span(data).first(size)).has_value());
  }
}

RC_GTEST_PROP(Codec, DamagedBytesGiveAnErrorOrAValueThatEncodesToThem, ()) {
  auto data = encode(drawn());
  for (int flips = *rc::gen::inRange(1, 5); flips > 0; --flips) {
    auto const at = *rc::gen::inRange<std::size_t>(0, data.size());
    data[at] = static_cast<std::byte>(any<std::uint8_t>());
    auto const back = decode<everything>(data);
    if (back) RC_ASSERT(encode(*back) == data);
  }
}

RC_GTEST_PROP(Codec, NoiseNeverCrashes, (std::vector<std::uint8_t> noise)) {
  auto const data = std::as_bytes(std::span(noise));
  static_cast<void>(decode<everything>(data));
  static_cast<void>(decode<tree>(data));
  static_cast<void>(decode<std::vector<std::variant<inner, std::map<int, color>>>>(data));
}

TEST(Codec, TheFormatIsFixed) {
  struct message_type {
    std::uint16_t a;
    std::string b;
    std::optional<bool> c;
    std::vector<std::uint16_t> d;
  };
  EXPECT_EQ(encode(message_type{0x0102, "hi", true, {3, 4}}), raw({2, 1, 2, 0, 0, 0, 'h', 'i', 1, 1, 2, 0, 0, 0, 3, 0, 4, 0}));
}

TEST(Codec, FixedSizesAreConstants) {
  static_assert(detail::fixed_size<port_id>() == 32);
  static_assert(detail::fixed_size<empty>() == 1);
  static_assert(detail::fixed_size<std::array<std::pair<color, bool>, 3>>() == 6);
  static_assert(detail::fixed_size<inner>() == detail::varies);
  static_assert(detail::min_size<inner>() == 6);
  static_assert(detail::min_size<tree>() == 8);
}

TEST(Codec, ALengthThatTheInputCannotHoldIsRefusedBeforeAllocation) {
  auto const huge = raw({0xff, 0xff, 0xff, 0xff, 1, 2, 3});
  EXPECT_TRUE(says(refused<std::string>(huge), "4294967295 elements"));
  EXPECT_TRUE(says(refused<std::vector<double>>(huge), "exceeds the 3 bytes"));
  EXPECT_TRUE(says(refused<std::vector<empty>>(huge), "exceeds"));
  EXPECT_TRUE(says(refused<shared_bytes>(huge), "exceeds"));
}

TEST(Codec, MemoryIsBoundedByItsLimit) {
  using wide = std::vector<std::optional<std::array<std::uint64_t, 1024>>>;
  decode_limits limits;
  limits.max_memory = 10'000;
  auto const why = refused<wide>(encode(wide(2)), limits);
  EXPECT_EQ(why.code, errc::too_large);
  EXPECT_TRUE(says(why, "max_memory, which is 10000 bytes"));
  EXPECT_TRUE(decode<wide>(encode(wide(1)), limits));
}

TEST(Codec, NestingIsBoundedByItsLimit) {
  tree t;
  for (int i = 0; i < 40; ++i) {
    tree outer;
    outer.kids.push_back(std::move(t));
    t = std::move(outer);
  }
  auto const why = refused<tree>(encode(t));
  EXPECT_EQ(why.code, errc::too_large);
  EXPECT_TRUE(says(why, "max_nesting, which is 64"));
  EXPECT_EQ(*decode<tree>(encode(t), {.max_nesting = 100}), t);
}

static_assert(nests_freely<std::map<int, std::optional<tree>>>());
static_assert(!nests_freely<std::tuple<std::vector<std::vector<int>>, std::vector<int>>>());

TEST(Codec, WhatIsNestedTooDeepForReadersIsFoundBeforeItIsEncoded) {
  std::map<int, std::optional<std::variant<int, tree>>> inside;
  tree t;
  int refused = 0;
  for (int depth = 1; depth < 40; ++depth) {
    inside[7] = t;
    EXPECT_EQ(nests_within(t, 64), decode<tree>(encode(t)).has_value()) << depth;
    bool const accepted = decode<decltype(inside)>(encode(inside)).has_value();
    EXPECT_EQ(nests_within(inside, 64), accepted) << depth;
    refused += accepted ? 0 : 1;
    tree outer;
    outer.kids.push_back(std::move(t));
    t = std::move(outer);
  }
  EXPECT_EQ(refused, 9);
  EXPECT_THROW(require_nesting(t, "here"), exception);
}

TEST(Codec, AWholeMessageAboveTheLimitIsRefused) {
  auto const why = refused<std::string>(encode(std::string(10, 'x')), {.max_bytes = 13});
  EXPECT_EQ(why.code, errc::too_large);
  EXPECT_TRUE(says(why, "max_bytes is 13"));
}

TEST(Codec, BoolsEnumsAndAlternativesAreChecked) {
  EXPECT_TRUE(says(refused<bool>(raw({2})), "a bool has the value 2"));
  EXPECT_TRUE(says(refused<level>(raw({1, 0})), "no enumerator 1"));
  EXPECT_TRUE(says(refused<color>(raw({3})), "no enumerator 3"));
  EXPECT_TRUE(says(refused<std::optional<int>>(raw({7})), "bool"));
  EXPECT_TRUE(says(refused<std::variant<int, bool>>(raw({2})), "no alternative 2"));
  EXPECT_TRUE(says(refused<empty>(raw({1})), "zero byte"));
}

TEST(Codec, KeysMustAscendStrictly) {
  EXPECT_TRUE(says(refused<std::set<std::uint8_t>>(raw({2, 0, 0, 0, 5, 5})), "ascend"));
  EXPECT_TRUE(says(refused<std::map<std::uint8_t, bool>>(raw({2, 0, 0, 0, 5, 0, 4, 0})), "ascend"));
}

TEST(Codec, BytesBehindTheMessageAreAnError) { EXPECT_TRUE(says(refused<bool>(raw({1, 0})), "1 bytes are left")); }

TEST(Codec, ARefusalNamesItsPlace) {
  std::pair<int, std::vector<inner>> const value{1, {{1, "a"}, {2, "b"}}};
  auto data = encode(value);
  data.pop_back();
  EXPECT_EQ((refused<std::pair<int, std::vector<inner>>>(data).where), "field 1[1].field 1, byte 21");
}

TEST(Codec, SharedBytesReferIntoTheirFrame) {
  struct carrier {
    int before;
    shared_bytes blob;
  };
  shared_bytes const frame(encode(carrier{1, shared_bytes::copy_of(as_bytes("payload"))}));
  auto const shared = decode<carrier>(frame);
  EXPECT_EQ(shared->blob.view().data(), frame.view().data() + 8);
  auto const copied = decode<carrier>(frame.view());
  EXPECT_NE(copied->blob.view().data(), frame.view().data() + 8);
  EXPECT_EQ(copied->blob.size(), 7u);
}

TEST(Codec, TooLittleRoomIsAnErrorAndNothingIsOverrun) {
  std::array<std::byte, 8> room{};
  auto const got = encode_into(std::string("longer"), std::span(room).first(5));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.failure().code, errc::too_large);
  EXPECT_EQ(room[5], std::byte{0});
  EXPECT_EQ(*encode_into(std::string("long"), room), 8u);
}

TEST(Codec, AVariantWithoutAValueCannotTravel) {
  struct touchy {
    touchy() = default;
    touchy(touchy const&) { throw std::length_error("not copied"); }
    bool operator()(int a, int b) const { return a < b; }
  };
  std::variant<std::string, std::set<int, touchy>> v;
  EXPECT_THROW(v.emplace<1>(touchy{}), std::length_error);
  ASSERT_TRUE(v.valueless_by_exception());
  EXPECT_THROW(static_cast<void>(encode(v)), exception);
}

#if defined(ROOST_PLANTS) && ROOST_PLANTS
TEST(Codec, ThePlantedBugTakesADamagedFrameForAMessage) {
  auto* const planted = find_plant("codec-length-unchecked");
  ASSERT_NE(planted, nullptr);
  auto const damaged = raw({200, 0, 0, 0, 'h', 'i'});
  EXPECT_FALSE(decode<std::string>(damaged));
  planted->arm(true);
  auto const got = decode<std::string>(damaged);
  planted->arm(false);
  ASSERT_TRUE(got);
  EXPECT_EQ(*got, "hi" + std::string(198, '\0'));
}
#endif

}  // namespace
}  // namespace roost::wire
