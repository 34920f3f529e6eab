#include <gtest/gtest.h>

#include <roost/base/bytes.hpp>
#include <roost/base/digest.hpp>
#include <roost/base/error.hpp>
#include <roost/base/ids.hpp>
#include <roost/base/keyed.hpp>
#include <roost/base/knobs.hpp>
#include <roost/base/units.hpp>

#include <array>
#include <string>
#include <utility>

namespace roost {
namespace {

TEST(Ids, PrintAndParseBack) {
  port_id const port{{{{3}, 1, 2}, 17}, 5};
  EXPECT_EQ(to_string(port), "h3/p1.2/a17:5");
  EXPECT_EQ(parse_port_id("h3/p1.2/a17:5"), port);
  EXPECT_EQ(parse_actor_id(to_string(port.owner)), port.owner);
  EXPECT_EQ(parse_proc_id(to_string(port.owner.proc)), port.owner.proc);
  EXPECT_EQ(parse_mesh_id(to_string(mesh_id{1, 2})), (mesh_id{1, 2}));
}

TEST(Ids, RefuseWhatIsNotExactlyOneId) {
  EXPECT_FALSE(parse_actor_id("h3/p1.2"));
  EXPECT_FALSE(parse_proc_id("h3/p1.2 "));
  EXPECT_FALSE(parse_host_id("h"));
  EXPECT_FALSE(parse_host_id("h99999999999999999999999"));
  EXPECT_FALSE(parse_mesh_id("12"));
}

TEST(Units, PrintTheShortestExactText) {
  EXPECT_EQ(to_string(nanoseconds(0)), "0s");
  EXPECT_EQ(to_string(nanoseconds(1'500'000'000)), "1.5s");
  EXPECT_EQ(to_string(nanoseconds(-20'000)), "-20us");
  EXPECT_EQ(to_string(bytes{1 << 20}), "1MiB");
  EXPECT_EQ(to_string(bytes{1536}), "1536B");
}

TEST(Keyed, DecisionsOfOneEntityDoNotDependOnAnother) {
  keyed_stream a(7, draw_domain::user, {1});
  keyed_stream b(7, draw_domain::user, {2});
  auto const first = a.next();
  for (int i = 0; i != 100; ++i) b.next();
  keyed_stream again(7, draw_domain::user, {1});
  EXPECT_EQ(again.next(), first);
  EXPECT_EQ(again.next(), a.next());
}

TEST(Keyed, HashIsTheSameInEveryBuild) {
  EXPECT_EQ(to_string(keyed_hash(42, draw_domain::faults, {9}, 3)), "285faf9ca446313b9f3558e9144889de");
}

TEST(Keyed, BetweenCoversBothEnds) {
  keyed_stream draws(1, draw_domain::user, {1});
  bool low = false, high = false;
  for (int i = 0; i != 1000; ++i) {
    auto const value = draws.between(-2, 2);
    ASSERT_GE(value, -2);
    ASSERT_LE(value, 2);
    low |= value == -2;
    high |= value == 2;
  }
  EXPECT_TRUE(low && high);
}

TEST(Digest, DependsOnOrder) {
  std::array<std::uint64_t, 1> const one{1}, two{2};
  rolling_digest a, b;
  a.add(one);
  a.add(two);
  b.add(two);
  b.add(one);
  EXPECT_NE(a.value(), b.value());
}

TEST(Error, ChainIsKeptWithTheNewestFirst) {
  error const inner(errc::timeout, "disk did not answer");
  error const outer =
      error(errc::handler_threw, "save failed", "Store.save").caused_by(inner).caused_by(error(errc::unknown, "root"));
  EXPECT_EQ(outer.describe(),
            "save failed [handler_threw] at Store.save\n  because: disk did not answer [timeout]\n  because: root [unknown]");
}

knob const test_knob({"test.window", knob_unit::count, 8, 1, 1024, "Only for this test."});

TEST(Bytes, LiveAsLongAsSomebodyLooksAtThem) {
  auto const text = [](shared_bytes const& bytes) {
    return std::string(reinterpret_cast<char const*>(bytes.view().data()), bytes.size());
  };
  for (std::size_t const size : {11U, 600U, 70'000U}) {
    std::string const content = "hello world" + std::string(size - 11, '.');
    shared_bytes world, kept;
    {
      auto whole = shared_bytes::copy_of(as_bytes(content));
      world = whole.slice(6, 5);
      kept = whole;
      kept = *&kept;
      auto moved = std::move(whole);
      EXPECT_TRUE(whole.empty());
      moved.remove_prefix(6);
      EXPECT_EQ(text(moved).substr(0, 5), "world");
    }
    EXPECT_EQ(text(world), "world");
    EXPECT_EQ(text(std::exchange(kept, {})), content);
    EXPECT_EQ(text(world), "world");
  }
  EXPECT_THROW(shared_bytes::made(8, [](std::span<std::byte>) { throw 1; }), int);
  EXPECT_TRUE(shared_bytes::copy_of({}).empty());
}

TEST(Knobs, AreDrawnWithinTheirRange) {
  for (std::uint64_t seed = 0; seed != 500; ++seed) {
    auto const value = knob_values::drawn(seed).get(test_knob);
    ASSERT_GE(value, 1);
    ASSERT_LE(value, 1024);
  }
  EXPECT_EQ(knob_values().get(test_knob), 8);
}

TEST(Knobs, RefuseAValueOutsideTheRangeAndNameIt) {
  knob_values values;
  auto const refused = values.set(test_knob, 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.failure().what, "knob test.window is 0, expected 1 to 1024");
}

}  // namespace
}  // namespace roost
