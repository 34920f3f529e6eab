#include <gtest/gtest.h>

#include <roost/shape/dim.hpp>
#include <roost/shape/extent.hpp>
#include <roost/shape/fwd.hpp>
#include <roost/shape/point.hpp>

namespace roost {
namespace {

inline constexpr dim gpu{"gpu"};

template <class Call>
error refusal(Call call) {
  try {
    call();
  } catch (exception const& thrown) {
    return thrown.why();
  }
  return {};
}

TEST(Dim, AssignmentMakesASelectorAndLeavesTheDimAlone) {
  EXPECT_EQ(std::get<std::int64_t>((gpu = 3).chosen), 3);
  EXPECT_EQ(std::get<range>((gpu = range(0, 8, 2)).chosen), range(0, 8, 2));
  EXPECT_EQ((gpu = {dim("tp"), dim("pp")}).parts, (std::vector<std::string>{"tp", "pp"}));
  EXPECT_EQ(gpu.label(), "gpu");
}

TEST(Extent, IsWrittenAsNamedSizes) {
  std::size_t const count = 8;
  extent const shape = {{"host", 2}, {gpu, count}};
  EXPECT_EQ(shape.size(), 16u);
  EXPECT_EQ(shape.size(gpu), 8u);
  EXPECT_EQ(shape, extent({"host", "gpu"}, {2, 8}));
  EXPECT_EQ(to_string(shape), "host=2,gpu=8");
}

TEST(Extent, WithoutDimensionsHasOneElementAndWithASizeOfZeroNone) {
  EXPECT_EQ(extent().size(), 1u);
  EXPECT_EQ((extent{{"rank", 0}}).size(), 0u);
  EXPECT_EQ(extent({}, {}), extent());
  EXPECT_EQ(to_string(extent()), "()");
}

TEST(Extent, RefusesRepeatedEmptyAndMissingLabels) {
  EXPECT_EQ(refusal([] { extent({{"a", 1}, {"a", 2}}); }).what, "dimension \"a\" is named twice");
  EXPECT_EQ(refusal([] { extent({{"", 1}}); }).what, "a dimension's label must not be empty");
  EXPECT_EQ(refusal([] { extent({"a"}, {}); }).what, "an extent needs one size per label, there are 1 labels and 0 sizes");
  EXPECT_EQ(refusal([] { extent({{"a", -1}}); }).what, "the size of a dimension must not be negative, it is -1");
  EXPECT_EQ(refusal([] { (void)extent{{"a", 1}, {"b", 1}}.size("c"); }).what,
            "there is no dimension c; the dimensions are \"a\", \"b\"");
}

TEST(Extent, RefusesMoreThanTheLimits) {
  EXPECT_EQ((extent{{"a", max_ranks}}).size(), max_ranks);
  EXPECT_FALSE(extent::make({"a", "b"}, {max_ranks, 2}));
  EXPECT_FALSE(extent::make({"a", "b", "c"}, {std::uint64_t{1} << 40, std::uint64_t{1} << 40, 0}));
  EXPECT_FALSE(extent::make({std::string(256, 'x')}, {1}));
  std::vector<std::string> labels;
  for (std::size_t i = 0; i <= max_dims; ++i) labels.push_back("d" + std::to_string(i));
  EXPECT_FALSE(extent::make(labels, std::vector<std::uint64_t>(labels.size(), 1)));
}

TEST(Extent, ParsesWhatItPrints) {
  extent const shape = {{"host", 2}, {"a \"b\"\\\n", 3}, {"d/0", 1}};
  EXPECT_EQ(to_string(shape), R"(host=2,"a \"b\"\\\x0a"=3,d/0=1)");
  EXPECT_EQ(*extent::parse(to_string(shape)), shape);
  EXPECT_EQ(*extent::parse("()"), extent());
  EXPECT_EQ(*extent::parse(" host = 2 , gpu=8 "), (extent{{"host", 2}, {"gpu", 8}}));
}

TEST(Extent, ParseErrorsNameTheCharacterAndWhatWasExpected) {
  auto const why = [](std::string_view text) { return extent::parse(text).failure().describe(); };
  EXPECT_EQ(why(""), "expected a label, found the end [bad_argument] at character 1 of the extent text");
  EXPECT_EQ(why("gpu"), "expected '=', found the end [bad_argument] at character 4 of the extent text");
  EXPECT_EQ(why("gpu=x"), "expected a number, found 'x' [bad_argument] at character 5 of the extent text");
  EXPECT_EQ(why("gpu=1;"), "expected the end, found ';' [bad_argument] at character 6 of the extent text");
  EXPECT_EQ(why("\"gpu"), "expected a closing '\"', found the end [bad_argument] at character 5 of the extent text");
  EXPECT_EQ(extent::parse("gpu=99999999999999999999").failure().code, errc::too_large);
  EXPECT_EQ(extent::parse(std::string(70000, 'x')).failure().code, errc::too_large);
  EXPECT_EQ(why("a=1,a=1"), "dimension \"a\" is named twice [bad_argument]");
}

TEST(Point, ADefaultPointIsTheOnlyOneOfTheEmptyExtent) {
  EXPECT_EQ(point().rank(), 0u);
  EXPECT_EQ(point(), point(extent(), 0));
  EXPECT_TRUE(point().coordinates().empty());
  EXPECT_EQ(*point::parse("()"), point());
}

TEST(Point, DerivesCoordinatesFromItsRank) {
  point const where({{"host", 2}, {"gpu", 8}}, 13);
  EXPECT_EQ(where.coordinates(), (std::vector<std::uint64_t>{1, 5}));
  EXPECT_EQ(where[gpu], 5u);
  EXPECT_EQ(where, point::at(where.extent(), where.coordinates()));
  EXPECT_EQ(refusal([&] { (void)where["rack"]; }).code, errc::bad_argument);
  EXPECT_EQ(refusal([&] { point(where.extent(), 16); }).what, "rank 16 must be below 16");
}

TEST(Point, ParsesWhatItPrintsWithQuotedLabels) {
  point const where({{"host", 2}, {"my gpu", 8}}, 13);
  EXPECT_EQ(to_string(where), "host=1/2,\"my gpu\"=5/8");
  EXPECT_EQ(*point::parse(to_string(where)), where);
  EXPECT_EQ(point::parse("gpu=8/8").failure().describe(),
            "coordinate 8 of dimension gpu must be below 8 [bad_argument] at character 8 of the point text");
}

TEST(Point, ARangeVisitsEveryRankInOrder) {
  std::vector<std::uint64_t> ranks;
  for (point const& where : point_range({{"host", 2}, {"gpu", 3}})) ranks.push_back(where.rank());
  EXPECT_EQ(ranks, (std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5}));
}

}  // namespace
}  // namespace roost
