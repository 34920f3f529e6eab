#include <gtest/gtest.h>

#include <roost/shape/value_mesh.hpp>

#include <string>

namespace roost {
namespace {

inline constexpr dim host{"host"};
inline constexpr dim gpu{"gpu"};

using mesh = value_mesh<int>;
extent shape() { return {{"host", 2}, {"gpu", 3}}; }

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

TEST(ValueMesh, ADefaultOneHasNoValues) {
  EXPECT_TRUE(mesh().empty());
  EXPECT_TRUE(mesh().begin() == mesh().end());
  EXPECT_EQ(mesh(), mesh().compressed());
}

TEST(ValueMesh, TakesExactlyOneValuePerRank) {
  EXPECT_EQ(mesh(shape(), {1, 2, 3, 4, 5, 6}).at(host = 1, gpu = 0), 4);
  EXPECT_EQ(refusal([] { mesh(shape(), {1}); }), "expected 6 values, got 1");
}

TEST(ValueMesh, OneValueStandsAtEveryRank) {
  EXPECT_EQ(mesh::filled(shape(), 7), mesh(shape(), {7, 7, 7, 7, 7, 7}));
  EXPECT_EQ(mesh::filled({}, 7).values(), std::vector{7});
  EXPECT_EQ(mesh::filled({{"a", 0}}, 7).size(), 0u);
}

TEST(ValueMesh, OfSeveralRangesTheLastWriteWins) {
  EXPECT_EQ(mesh::with_ranges(shape(), 0, {{0, 3, 1}, {2, 5, 2}, {1, 1, 9}}).values(), (std::vector{1, 1, 2, 2, 2, 0}));
  EXPECT_EQ(refusal([] { (void)mesh::with_ranges(shape(), 0, {{5, 7, 1}}); }), "rank 6 must be below 6");
  EXPECT_NE(refusal([] { (void)mesh::with_ranges(shape(), 0, {{3, 2, 1}}); }), "");
}

TEST(ValueMesh, IndexedPairsComeInAnyOrderAndTheLastWins) {
  EXPECT_EQ(mesh::from_indexed({{"a", 2}}, {{1, 5}, {0, 3}, {1, 6}}).values(), (std::vector{3, 6}));
  EXPECT_EQ(refusal([] { (void)mesh::from_indexed({{"a", 3}}, {{0, 1}, {2, 1}}); }), "rank 1 has no value");
  EXPECT_EQ(refusal([] { (void)mesh::from_indexed({{"a", 1}}, {{0, 1}, {1, 1}}); }), "rank 1 must be below 1");
}

TEST(ValueMesh, RunsFromOutsideMustCoverEveryRankOnce) {
  EXPECT_EQ(mesh::from_runs({{"a", 3}}, {{0, 2, 1}, {2, 3, 4}})->values(), (std::vector{1, 1, 4}));
  EXPECT_EQ(mesh::from_runs({{"a", 3}}, {{0, 2, 1}}).failure().what, "the runs end at rank 2, expected 3");
  EXPECT_EQ(mesh::from_runs({{"a", 3}}, {{1, 3, 1}}).failure().what,
            "expected a run from rank 0 to at most 3, found one from 1 to 3");
  EXPECT_FALSE(mesh::from_runs({{"a", 3}}, {{0, 0, 1}, {0, 3, 1}}));
  EXPECT_FALSE(mesh::from_runs({{"a", 3}}, {{0, 4, 1}}));
}

TEST(ValueMesh, IterationGivesPointsAndValues) {
  std::string text;
  auto const values = mesh::with_ranges({{"gpu", 3}}, 0, {{1, 2, 4}});
  for (auto const& [where, value] : values) text += to_string(where) + ":" + std::to_string(value) + " ";
  EXPECT_EQ(text, "gpu=0/3:0 gpu=1/3:4 gpu=2/3:0 ");
}

TEST(ValueMesh, SliceFlattenAndRenameKeepTheValues) {
  mesh const values(shape(), {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(values.slice(gpu = range(0, 3, 2)), mesh({{"host", 2}, {"gpu", 2}}, {1, 3, 4, 6}));
  EXPECT_EQ(values.slice(gpu = 1).values(), (std::vector{2, 5}));
  EXPECT_EQ(values.flatten("rank").extent(), (extent{{"rank", 6}}));
  EXPECT_EQ(values.rename(gpu = dim("core")).extent(), (extent{{"host", 2}, {"core", 3}}));
  EXPECT_EQ(values.split(host = {dim("a"), dim("b")}, dim("b") = 1).extent(), (extent{{"a", 2}, {"b", 1}, {"gpu", 3}}));
}

TEST(ValueMesh, AtRefusesWhatIsNotOneRank) {
  mesh const values(shape(), {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(refusal([&] { (void)values.at(6); }), "rank 6 must be below 6");
  EXPECT_EQ(refusal([&] { (void)values.at(gpu = 1); }), "at needs an index of every dimension, there is none of \"host\"");
  EXPECT_NE(refusal([&] { (void)values.at(point()); }), "");
  EXPECT_NE(refusal([&] { (void)values.over(region({{"a", 7}})); }), "");
}

TEST(ValueMesh, AHugeFilledMeshCostsOneValue) {
  auto const values = mesh::filled({{"host", 1 << 20}, {"gpu", 1 << 20}}, 3);
  EXPECT_EQ(values.slice(host = 5).size(), 1u << 20);
  EXPECT_EQ(values
                .overlaid([] {
                  value_overlay<int> one;
                  one.set(1'000'000'000'000, 4);
                  return one;
                }())
                .at(1'000'000'000'000),
            4);
  EXPECT_THROW((void)values.values(), exception);
}

TEST(ValueMesh, HoldsBoolsAndValuesThatCannotBeCompared) {
  struct opaque {
    int inside;
  };
  value_mesh<bool> const flags({{"a", 2}}, {true, false});
  EXPECT_TRUE(flags.at(0));
  value_mesh<opaque> const values({{"a", 2}}, {{1}, {1}});
  EXPECT_EQ(values.runs().size(), 2u);
  EXPECT_EQ(values.compressed().slice(dim("a") = 1).at(0).inside, 1);
}

TEST(ValueOverlay, TheRightOneWinsWhereBothWrite) {
  value_overlay<int> left;
  left.set(0, 4, 1);
  value_overlay<int> right;
  right.set(1, 2, 2);
  right.set(5, 3);
  left.merge(right);
  EXPECT_EQ(left.runs(), (std::vector<value_run<int>>{{0, 1, 1}, {1, 2, 2}, {2, 4, 1}, {5, 6, 3}}));
  EXPECT_EQ(left.first_missing(6), 4u);
  EXPECT_EQ(left.find(4), nullptr);
  EXPECT_EQ(*left.find(5), 3);
  EXPECT_EQ(mesh::complete({{"a", 6}}, left).failure().code, errc::mesh_partial);
}

}  // namespace
}  // namespace roost
