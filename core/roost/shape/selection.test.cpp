#include <gtest/gtest.h>

#include <roost/shape/selection.hpp>

namespace roost {
namespace {

using ranks = std::vector<std::uint64_t>;

ranks chosen(std::string_view text, extent const& shape) { return selection::parse(text).value().ranks(shape); }
std::string parse_error(std::string_view text) { return selection::parse(text).failure().describe(); }
std::string refusal(std::string_view text, extent const& shape) {
  try {
    (void)chosen(text, shape);
  } catch (exception const& thrown) {
    return thrown.why().what;
  }
  return "";
}

TEST(Selection, NamesPointsRangesUnionsAndEverything) {
  extent const shape = {{"host", 2}, {"gpu", 4}};
  EXPECT_EQ(chosen("*", shape).size(), 8u);
  EXPECT_EQ(chosen("1,2", shape), ranks{6});
  EXPECT_EQ(chosen("0,*|1,0:2", shape), (ranks{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(chosen("*,(0|2:)", shape), (ranks{0, 2, 3, 4, 6, 7}));
  EXPECT_EQ(chosen("*,0:4:3", shape), (ranks{0, 3, 4, 7}));
}

TEST(Selection, TakesDimensionsItSaysNothingAboutWhole) { EXPECT_EQ(chosen("1", {{"host", 2}, {"gpu", 3}}), (ranks{3, 4, 5})); }

TEST(Selection, BranchesOfAUnionMayCoverSeveralDimensions) {
  EXPECT_EQ(chosen("(0|1,2),0", {{"a", 2}, {"b", 3}, {"c", 2}}), (ranks{0, 1, 10}));
}

TEST(Selection, ListsOverlappingPartsOnceAndInOrder) { EXPECT_EQ(chosen("3|0:2|1:4", {{"a", 5}}), (ranks{0, 1, 2, 3})); }

TEST(Selection, AnExtentWithoutDimensionsHasOneElement) {
  EXPECT_EQ(chosen("*", {}), ranks{0});
  EXPECT_EQ(chosen("0", {}), ranks{0});
  EXPECT_NE(refusal("1", {}), "");
  EXPECT_EQ(chosen("*", {{"a", 0}}), ranks{});
}

TEST(Selection, RefusesWhatTheExtentDoesNotHave) {
  extent const shape = {{"host", 2}, {"gpu", 4}};
  EXPECT_EQ(refusal("2", shape), "index 2 is out of range: dimension host has indices 0 to 1");
  EXPECT_EQ(refusal("0|0,9", shape), "index 9 is out of range: dimension gpu has indices 0 to 3");
  EXPECT_EQ(refusal("*,2:1", shape), "range 2:1 is empty: dimension gpu has indices 0 to 3");
  EXPECT_EQ(refusal("0,0,0", shape), "the selection has more dimensions than the extent, which has 2");
  EXPECT_EQ(refusal("*", {{"a", max_ranks}}), "a selection lists at most 67108864 ranks");
}

TEST(Selection, FindsFewPointsInAHugeExtentWithoutWalkingIt) {
  EXPECT_EQ(chosen("0|1099511627775", {{"a", std::uint64_t{1} << 40}, {"b", 1}}), (ranks{0, 1099511627775}));
}

TEST(Selection, ParsesWhatItPrints) {
  for (auto const* text : {"*", "3", "1:", "1:4", "0:8:2", "1::2", "0,*|1,0:4", "(0|1,2:4),0", "0|1|2,3"}) {
    EXPECT_EQ(to_string(*selection::parse(text)), text);
  }
  EXPECT_EQ(to_string(*selection::parse(" ( (0 | (1)) , :2 ) ")), "(0|1),0:2");
  EXPECT_EQ(*selection::parse("0,(1,2)"), *selection::parse("(0,1),2"));
}

TEST(Selection, IsBuiltInCodeAsInText) {
  auto const built = (selection::at(0) | selection::of(range(1, 3))).then(selection::all());
  EXPECT_EQ(built, *selection::parse("(0|1:3),*"));
  EXPECT_EQ(to_string(selection::of_point(point({{"a", 2}, {"b", 3}}, 5))), "1,2");
  EXPECT_THROW(selection::at(-1), exception);
  EXPECT_THROW(selection::of(range(0, 1, 0)), exception);
}

TEST(Selection, GivesBaseRanksOfARegion) {
  region const part({"gpu"}, slice(8, {4}, {2}));
  EXPECT_EQ(selection::parse("1:3")->base_ranks(part), (ranks{10, 12}));
}

TEST(Selection, ParseErrorsNameTheCharacterAndWhatWasExpected) {
  EXPECT_EQ(parse_error(""),
            "expected '*', '(', an index or a range, found the end [bad_argument] at character 1 of the selection text");
  EXPECT_EQ(parse_error("(0|1"), "expected ')', found the end [bad_argument] at character 5 of the selection text");
  EXPECT_EQ(parse_error("0,,1"),
            "expected '*', '(', an index or a range, found ',' [bad_argument] at character 3 of the selection text");
  EXPECT_EQ(parse_error("0 1"), "expected the end, found '1' [bad_argument] at character 3 of the selection text");
  EXPECT_NE(parse_error("0:1:0"), "");
  EXPECT_EQ(parse_error("0:1:-1"), "expected the end, found '-' [bad_argument] at character 5 of the selection text");
}

TEST(Selection, RefusesTextThatNestsOrGrowsWithoutBound) {
  EXPECT_EQ(selection::parse(std::string(60000, '(')).failure().code, errc::too_large);
  std::string many = "0";
  for (int i = 0; i < 2000; ++i) many += "|0";
  EXPECT_EQ(selection::parse(many).failure().code, errc::too_large);
}

TEST(Selection, NeverMultipliesBranchesOut) {
  std::string product = "(0|1|0:2|1:)";
  std::vector<std::string> labels = {"d"};
  for (int i = 1; i < 12; ++i) {
    product += ",(0|1|0:2|1:)";
    labels.push_back("d" + std::to_string(i));
  }
  EXPECT_EQ(chosen(product, extent(labels, ranks(12, 2))).size(), 4096u);
}

}  // namespace
}  // namespace roost
