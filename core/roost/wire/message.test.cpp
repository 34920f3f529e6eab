#include <gtest/gtest.h>

#include <roost/base/ids.hpp>
#include <roost/base/units.hpp>
#include <roost/wire/codec.hpp>
#include <roost/wire/fingerprint.hpp>
#include <roost/wire/message.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace roost {
namespace {

enum class color : std::uint8_t { red, green };
enum open { one, two };
enum class level : std::int8_t { low = -3, high = 9 };
BOOST_DESCRIBE_ENUM(level, low, high)

struct plain {
  std::uint32_t seq = 0;
  std::string text;
};
struct empty {};
struct tree {
  int value = 0;
  std::vector<tree> kids;
};
struct named {
  std::uint32_t seq = 0;
  std::vector<double> values;
};
BOOST_DESCRIBE_STRUCT(named, (), (seq, values))
struct with_pointer {
  int a;
  char const* text;
};
struct with_view {
  std::string_view text;
};
struct with_reference {
  int a;
  int& b;
};
struct with_c_array {
  int a;
  int b[3];
  int c;
};
struct with_strings {
  std::string a[2];
};
struct deep {
  int a;
  std::vector<with_pointer> list;
};
struct based : plain {
  int more = 0;
};
struct not_plain {
  explicit not_plain(int);
};
struct with_const {
  int const a = 1;
};
union either {
  int a;
  float b;
};
struct big {
  int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y;
};
struct in_bits {
  bool whole = false;
  unsigned few : 3 = 0;
};
struct largest {
  int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x;
};
struct all_kinds {
  bool a;
  char b;
  std::byte c;
  color d;
  level e;
  float f;
  std::optional<std::string> g;
  std::variant<std::monostate, std::int64_t> h;
  std::array<std::uint16_t, 4> i;
  std::map<std::string, std::set<std::int8_t>> j;
  std::tuple<nanoseconds, bytes> k;
  shared_bytes l;
  actor_id m;
  empty n;
};

class handle {
 public:
  handle() = default;
  explicit handle(std::uint64_t value) : value_(value) {}
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0;
};

}  // namespace

template <>
struct wire::codec<handle> {
  static constexpr std::size_t fixed_size = 8;
  static constexpr std::uint64_t fingerprint = wire::fingerprint_text("handle");
  static void encode(writer& out, handle const& h) {
    if (out.context() != nullptr) ++*static_cast<int*>(out.context());
    out.put(h.value());
  }
  static bool decode(reader& in, handle& h) {
    std::uint64_t value = 0;
    if (!in.get(value)) return false;
    if (value == 13) return in.fail(errc::bad_argument, "13 is no handle");
    if (in.context() != nullptr) ++*static_cast<int*>(in.context());
    h = handle(value);
    return true;
  }
};

namespace {

struct with_handle {
  int a = 0;
  handle h;
};

static_assert(message<plain> && message<empty> && message<tree> && message<named> && message<largest> && message<all_kinds> &&
              message<with_handle> && message<port_id> && message<int>);
static_assert(!message<with_pointer> && !message<deep> && !message<std::string_view> && !message<int&> && !message<void*>);

TEST(Message, WhatCannotTravelIsNamedWithItsPlace) {
  EXPECT_EQ(message_problem<plain>(), "");
  EXPECT_EQ(message_problem<with_pointer>(), "field 1: a pointer means nothing in another process");
  EXPECT_EQ(message_problem<deep>(), "field 1, element, field 1: a pointer means nothing in another process");
  EXPECT_TRUE(message_problem<with_view>().starts_with("field 0: a reference or view owns nothing"));
  EXPECT_TRUE(message_problem<int&>().starts_with("a reference or view"));
  EXPECT_EQ(message_problem<with_c_array>(), "field 1: a C array cannot travel; use std::array");
  EXPECT_EQ(message_problem<with_strings>(), "field 0: a C array cannot travel; use std::array");
  EXPECT_EQ(message_problem<with_const>(), "field 0: a const member cannot be read into");
}

TEST(Message, EveryKindOfTypeHasItsReason) {
  EXPECT_TRUE(message_problem<std::unique_ptr<int>>().starts_with("a smart pointer"));
  EXPECT_TRUE(message_problem<std::function<void()>>().starts_with("code cannot travel"));
  EXPECT_TRUE((message_problem<std::unordered_map<int, int>>().starts_with("an unordered container")));
  EXPECT_TRUE(message_problem<long double>().starts_with("wchar_t and long double"));
  EXPECT_TRUE(message_problem<open>().starts_with("an enum without a fixed underlying type"));
  EXPECT_TRUE(message_problem<either>().starts_with("a union"));
  EXPECT_TRUE(message_problem<not_plain>().starts_with("it is no plain aggregate"));
  EXPECT_TRUE(message_problem<with_reference>().starts_with("it cannot be made empty"));
  EXPECT_TRUE(message_problem<big>().starts_with("an aggregate of more than 24 fields"));
  EXPECT_TRUE(message_problem<in_bits>().starts_with("nothing can refer to a bit-field"));
  EXPECT_TRUE(message_problem<std::vector<in_bits>>().starts_with("element: nothing can refer to a bit-field"));
  EXPECT_TRUE(message_problem<based>().starts_with("an aggregate with a base class"));
  EXPECT_TRUE((message_problem<std::map<void*, int>>().starts_with("key: a pointer")));
  EXPECT_TRUE((message_problem<std::variant<int, void*>>().starts_with("alternative 1: a pointer")));
}

TEST(Shape, SaysStructureAndGivenNames) {
  EXPECT_EQ(wire::shape_text<plain>(), "{u32,string}");
  EXPECT_EQ(wire::shape_text<named>(), "{seq:u32,values:list<f64>}");
  EXPECT_EQ(wire::shape_text<tree>(), "{i32,list<^2>}");
  EXPECT_EQ(
      wire::shape_text<all_kinds>(),
      "{bool,char,byte,enum:u8,enum:i8{low=-3,high=9},f32,optional<string>,variant<nothing,i64>,array<u16,4>,"
      "map<string,set<i8>>,tuple<duration<i64,1/1000000000>,{u64}>,shared_bytes,actor_id{proc_id{host_id{u64},u32,u32},u64},"
      "{}}");
}

TEST(Fingerprint, IsTheSameUnderEveryCompiler) {
  EXPECT_EQ(wire::fingerprint_of<int>(), 2026222642682927450u);
  EXPECT_EQ(wire::fingerprint_of<plain>(), 17428965730915169025u);
  EXPECT_EQ(wire::fingerprint_of<named>(), 7410708843020140487u);
  EXPECT_EQ(wire::fingerprint_of<all_kinds>(), 1178922829209751046u);
  EXPECT_EQ(wire::fingerprint_of<with_handle>(), 11928220241754370386u);
}

TEST(Fingerprint, DiffersWhereStructureOrNamesDo) {
  EXPECT_NE(wire::fingerprint_of<host_id>(), wire::fingerprint_of<endpoint_id>());
  EXPECT_NE(wire::fingerprint_of<std::int32_t>(), wire::fingerprint_of<std::uint32_t>());
  EXPECT_NE((wire::fingerprint_of<std::tuple<int, bool>>()), (wire::fingerprint_of<std::tuple<bool, int>>()));
  EXPECT_EQ(wire::fingerprint_of<plain>(), (wire::fingerprint_text("{u32,string}")));
}

TEST(CustomCodec, SeesItsContextAndMayRefuse) {
  int calls = 0;
  auto const data = wire::encode(std::vector<with_handle>{{1, handle(7)}}, &calls);
  EXPECT_EQ(data.size(), 16u);
  auto const back = wire::decode<std::vector<with_handle>>(data, {}, &calls);
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(back->front().h.value(), 7u);
  auto const refused = wire::decode<with_handle>(wire::encode(with_handle{1, handle(13)}));
  EXPECT_EQ(refused.failure().code, errc::bad_argument);
  EXPECT_EQ(refused.failure().where, "field 1, byte 12");
}

}  // namespace
}  // namespace roost
