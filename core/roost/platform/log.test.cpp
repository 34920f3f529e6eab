#include <roost/platform/log.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace roost {
namespace {

std::string text_of(log_fields const& fields) {
  std::string text;
  append_text_fields(text, fields);
  return text;
}

std::string json_of(log_fields const& fields) {
  std::string text;
  append_json_fields(text, fields);
  return text;
}

TEST(log_fields, come_as_words_behind_a_line) {
  EXPECT_EQ(text_of({}), "");
  EXPECT_EQ(text_of({{"step", 3}, {"loss", 0.25}, {"done", false}, {"actor", "h0/p1.1/a7"}}),
            " step=3 loss=0.25 done=false actor=h0/p1.1/a7");
}

TEST(log_fields, are_quoted_as_text_where_they_would_be_taken_for_something_else) {
  EXPECT_EQ(text_of({{"why", ""}}), R"( why="")");
  EXPECT_EQ(text_of({{"why", "a b"}}), R"( why="a b")");
  EXPECT_EQ(text_of({{"why", "x=\"1\"\n[h0/p1.1] info forged: y"}}), R"( why="x=\"1\"\u000a[h0/p1.1] info forged: y")");
  EXPECT_EQ(text_of({{"a b\n", "c"}, {"", 1}, {"\xff", 2}}), " \"a b\\u000a\"=c \"\"=1 \"\xef\xbf\xbd\"=2");
}

TEST(log_fields, keep_their_types_in_json) {
  EXPECT_EQ(json_of({}), "{}");
  EXPECT_EQ(json_of({{"yes", true}, {"step", 3}, {"loss", 0.25}, {"text", "3"}, {"of a string", std::string("x")}}),
            R"({"yes":true,"step":3,"loss":0.25,"text":"3","of a string":"x"})");
  EXPECT_EQ(json_of({{"least", std::numeric_limits<std::int64_t>::min()}, {"most", std::numeric_limits<std::uint64_t>::max()}}),
            R"({"least":-9223372036854775808,"most":18446744073709551615})");
}

TEST(log_fields, write_a_double_as_one_and_what_json_has_not_as_text) {
  EXPECT_EQ(json_of({{"whole", 3.0}, {"big", 1e30}, {"small", -1e-7F}, {"zero", -0.0}}),
            R"({"whole":3.0,"big":1e+30,"small":-1.0000000116860974e-07,"zero":-0.0})");
  EXPECT_EQ(json_of({{"nan", std::nan("")}, {"inf", HUGE_VAL}, {"minus", -HUGE_VAL}}),
            R"({"nan":"nan","inf":"inf","minus":"-inf"})");
  EXPECT_EQ(text_of({{"nan", std::nan("")}, {"inf", HUGE_VAL}}), " nan=nan inf=inf");
}

TEST(log_fields, of_one_name_are_one_in_json_the_last) { EXPECT_EQ(json_of({{"a", 1}, {"b", 2}, {"a", 3}}), R"({"b":2,"a":3})"); }

TEST(log_fields, of_any_bytes_are_json) {
  EXPECT_EQ(json_of({{"k\"\n", "v\\\x01\xc3"}}), "{\"k\\\"\\u000a\":\"v\\\\\\u0001\xef\xbf\xbd\"}");
}

}  // namespace
}  // namespace roost
