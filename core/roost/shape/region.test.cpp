#include <gtest/gtest.h>

#include <roost/shape/region.hpp>

namespace roost {
namespace {

inline constexpr dim host{"host"};
inline constexpr dim gpu{"gpu"};
inline constexpr dim tp{"tp"};
inline constexpr dim pp{"pp"};

using ranks = std::vector<std::uint64_t>;

ranks listed(slice const& layout) { return {layout.begin(), layout.end()}; }
ranks listed(region const& where) { return listed(where.layout()); }
region cluster() { return region({{"host", 2}, {"gpu", 8}}); }

template <class Call>
std::string refusal(Call call) {
  try {
    call();
  } catch (exception const& thrown) {
    EXPECT_EQ(thrown.code(), errc::bad_argument);
    return thrown.why().what;
  }
  return "";
}

TEST(Slice, WithoutDimensionsHasOneElement) {
  EXPECT_EQ(listed(slice()), ranks{0});
  EXPECT_EQ(listed(slice(7, {}, {})), ranks{7});
  EXPECT_EQ(listed(slice(7, {2, 0}, {1, 1})), ranks{});
}

TEST(Slice, IteratesRowMajorWhateverTheOrderOfStrides) {
  slice const transposed(1, {3, 2}, {1, 3});
  EXPECT_EQ(listed(transposed), (ranks{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(transposed.index(5), 3u);
  EXPECT_EQ(transposed.coordinates_of(5), (ranks{1, 1}));
  EXPECT_EQ(transposed.index(7), std::nullopt);
}

TEST(Slice, RefusesStridesThatDoNotNestAndRanksBeyondTheLimit) {
  EXPECT_TRUE(slice::make(0, {2, 3}, {8, 3}));
  EXPECT_TRUE(slice::make(0, {1, 4}, {1, 1}));
  EXPECT_EQ(slice::make(0, {2, 3}, {6, 3}).failure().what,
            "the strides of a slice must nest: stride 6 is less than the span 7 of the dimensions inside it");
  EXPECT_FALSE(slice::make(0, {2, 2}, {1, 1}));
  EXPECT_FALSE(slice::make(0, {2}, {0}));
  EXPECT_FALSE(slice::make(0, {2}, {}));
  EXPECT_FALSE(slice::make(max_ranks, {}, {}));
  EXPECT_FALSE(slice::make(max_ranks - 1, {2}, {1}));
  EXPECT_FALSE(slice::make(0, {max_ranks, 2}, {max_ranks, 1}));
}

TEST(Region, ARangeKeepsItsDimensionAndAnIndexRemovesIt) {
  auto const part = cluster().slice(gpu = range(0, 4), host = 1);
  EXPECT_EQ(part.extent(), (extent{{"gpu", 4}}));
  EXPECT_EQ(listed(part), (ranks{8, 9, 10, 11}));
  EXPECT_EQ(cluster().at(host = 1, gpu = 2), region({}, slice(10, {}, {})));
  EXPECT_EQ(cluster().at("gpu", 7).extent(), (extent{{"host", 2}}));
}

TEST(Region, StepsRoundUpAndNeedNotDivideTheNextDimension) {
  auto const part = cluster().slice(gpu = range(0, 8, 3));
  EXPECT_EQ(part.size(gpu), 3u);
  EXPECT_EQ(listed(part), (ranks{0, 3, 6, 8, 11, 14}));
  EXPECT_EQ(cluster().slice(gpu = range(6, 100)).size(gpu), 2u);
}

TEST(Region, SliceRefusesWhatIsNotThere) {
  EXPECT_EQ(refusal([] { (void)cluster().slice(gpu = 8); }), "index 8 is out of range: dimension gpu has indices 0 to 7");
  EXPECT_NE(refusal([] { (void)cluster().slice(gpu = -1); }), "");
  EXPECT_EQ(refusal([] { (void)cluster().slice(gpu = range(4, 4)); }), "range 4:4 is empty: dimension gpu has indices 0 to 7");
  EXPECT_EQ(refusal([] { (void)cluster().slice(gpu = range(0, 4, 0)); }), "the step of range 0:4:0 must be at least 1");
  EXPECT_EQ(refusal([] { (void)cluster().slice(tp = 1); }), "there is no dimension tp; the dimensions are \"host\", \"gpu\"");
  EXPECT_EQ(refusal([] { (void)cluster().slice(gpu = 1, gpu = 2); }), "dimension gpu is given twice");
  EXPECT_EQ(refusal([] { (void)cluster().at(gpu = range(0, 1)); }), "at takes one index, not a range; slice takes ranges");
}

TEST(Region, SplitInfersTheOneUnknownSize) {
  auto const split = cluster().split(gpu = {tp, pp}, pp = 2);
  EXPECT_EQ(split.extent(), (extent{{"host", 2}, {"tp", 4}, {"pp", 2}}));
  EXPECT_EQ(listed(split), listed(cluster()));
  EXPECT_EQ(listed(cluster().slice(gpu = range(0, 8, 2)).split(gpu = {tp, pp}, tp = 2).at(tp = 1)), (ranks{4, 6, 12, 14}));
}

TEST(Region, SplitRefusesUnevenUnusedRepeatedAndUnderdeterminedSizes) {
  EXPECT_EQ(refusal([] { (void)cluster().split(gpu = {tp, pp}, pp = 3); }),
            "dimension gpu of size 8 does not split into 3 parts evenly");
  EXPECT_EQ(refusal([] { (void)cluster().split(gpu = {tp, pp}, pp = 3, tp = 2); }),
            "dimension gpu of size 8 does not split into 2 * 3");
  EXPECT_EQ(refusal([] { (void)cluster().split(gpu = {tp, pp}); }),
            "the sizes of \"tp\", \"pp\" are underdetermined: at most one may be left out");
  EXPECT_EQ(refusal([] { (void)cluster().split(gpu = {tp, pp}, pp = 2, host = 2); }),
            "a size is given for dimension host, but no dimension splits into it");
  EXPECT_EQ(refusal([] { (void)cluster().split(gpu = {tp, host}, tp = 2); }), "dimension \"host\" is named twice");
  EXPECT_NE(refusal([] { (void)cluster().split(gpu = {tp, pp}, pp = 0); }), "");
}

TEST(Region, RenameMayExchangeNames) {
  EXPECT_EQ(cluster().rename(gpu = host, host = gpu).extent(), (extent{{"gpu", 2}, {"host", 8}}));
  EXPECT_EQ(refusal([] { (void)cluster().rename(gpu = host); }), "dimension \"host\" is named twice");
}

TEST(Region, FlattenTakesOnlyDenseLayouts) {
  EXPECT_EQ(cluster().flatten("rank"), region({{"rank", 16}}));
  EXPECT_EQ(listed(cluster().at(host = 1).flatten("rank")), (ranks{8, 9, 10, 11, 12, 13, 14, 15}));
  EXPECT_NE(refusal([] { (void)cluster().slice(gpu = range(0, 4)).flatten("rank"); }), "");
}

TEST(Region, GroupByGivesOneRegionPerIndexOfTheDimensionsBefore) {
  auto const groups = cluster().slice(gpu = range(0, 2)).group_by(gpu);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(listed(groups[1]), (ranks{8, 9}));
  EXPECT_EQ(cluster().group_by(host), std::vector{cluster()});
}

TEST(Region, RemapGivesRanksInTheOtherRegion) {
  auto const even = cluster().slice(gpu = range(0, 8, 2));
  auto const part = even.slice(gpu = range(2, 4));
  EXPECT_TRUE(part.subset_of(even));
  EXPECT_FALSE(even.subset_of(part));
  EXPECT_EQ(part.remap(even), (ranks{2, 3, 6, 7}));
  EXPECT_EQ(refusal([&] { (void)even.remap(part); }), "base rank 0 is not covered");
}

TEST(Region, PointsAndBaseRanksAreInverse) {
  auto const part = cluster().slice(gpu = range(1, 8, 3));
  auto const where = part.point_of(12);
  ASSERT_TRUE(where);
  EXPECT_EQ(to_string(*where), "host=1/2,gpu=1/3");
  EXPECT_EQ(part.base_rank(*where), 12u);
  EXPECT_FALSE(part.point_of(13));
  EXPECT_NE(refusal([&] { (void)part.base_rank(point()); }), "");
}

TEST(Region, ParsesWhatItPrints) {
  auto const part = cluster().slice(gpu = range(1, 8, 3));
  EXPECT_EQ(to_string(part), "1+host=2/8,gpu=3/3");
  EXPECT_EQ(*region::parse(to_string(part)), part);
  EXPECT_EQ(*region::parse("()"), region());
  EXPECT_EQ(to_string(*region::parse("5+()")), "5+()");
  EXPECT_EQ(region::parse("1host=1/1").failure().describe(),
            "expected '+', found 'h' [bad_argument] at character 2 of the region text");
  EXPECT_EQ(region::parse("a=2/1,b=2/1").failure().code, errc::bad_argument);
}

}  // namespace
}  // namespace roost
