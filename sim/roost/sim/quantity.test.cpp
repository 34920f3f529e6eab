#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <roost/sim/quantity.hpp>

#include <limits>

namespace roost::sim {
namespace {

TEST(Quantities, AreReadWithTheirUnits) {
  EXPECT_EQ(*parse_duration("10ms"), 10ms);
  EXPECT_EQ(*parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(*parse_duration("0"), 0ns);
  EXPECT_EQ(*parse_signed_duration("-2us"), -2us);
  EXPECT_EQ(parse_size("1MiB")->value, 1ULL << 20);
  EXPECT_EQ(*parse_bit_rate("200Gbit/s"), 200'000'000'000ULL);
  EXPECT_EQ(*parse_bit_rate("25GB/s"), 200'000'000'000ULL);
  EXPECT_EQ(*parse_rate("1/30s"), 30s);
  EXPECT_EQ(*parse_rate("4/1s"), 250ms);
  EXPECT_EQ(*parse_rate("never"), 0ns);
  EXPECT_EQ(*parse_ppm("0.1%"), 1000u);
}

TEST(Quantities, RefuseWhatTheyCannotHoldExactly) {
  EXPECT_EQ(parse_duration("10").failure().what, "'10' has no unit, expected a duration such as '10ms' (ns, us, ms, s, m, h)");
  EXPECT_FALSE(parse_duration("0.5ns"));
  EXPECT_FALSE(parse_duration("-1s"));
  EXPECT_FALSE(parse_duration("10 ms"));
  EXPECT_FALSE(parse_duration("9223372037s"));
  EXPECT_FALSE(parse_duration("99999999999999999999999999999999s"));
  EXPECT_FALSE(parse_duration("1e3s"));
  EXPECT_FALSE(parse_size("10ms"));
  EXPECT_FALSE(parse_bit_rate("10GB"));
  EXPECT_FALSE(parse_rate("0/1s"));
  EXPECT_FALSE(parse_rate("2/1ns"));
  EXPECT_FALSE(parse_ppm("1.1"));
  EXPECT_FALSE(parse_ppm("0.0000001"));
  EXPECT_FALSE(ppm_of(std::numeric_limits<double>::quiet_NaN()));
  EXPECT_FALSE(ppm_of(-0.1));
  EXPECT_FALSE(ppm_of(1e300));
}

TEST(Quantities, FractionsAreExactToOnePartPerMillion) {
  for (std::uint32_t parts = 0; parts <= 1'000'000; parts += 7) ASSERT_EQ(*ppm_of(parts / 1e6), parts);
}

RC_GTEST_PROP(Quantities, DurationsReadBackWhatIsPrinted, (std::int64_t count)) {
  RC_ASSERT(*parse_signed_duration(roost::to_string(nanoseconds(count))) == nanoseconds(count));
}

RC_GTEST_PROP(Quantities, SeedsReadBackWhatIsPrinted, (std::uint64_t seed)) { RC_ASSERT(*parse_seed(seed_text(seed)) == seed); }

TEST(Quantities, SeedsAreDecimalOrHexadecimal) {
  EXPECT_EQ(*parse_seed("42"), 42u);
  EXPECT_EQ(*parse_seed("0x2A"), 42u);
  EXPECT_FALSE(parse_seed("0x"));
  EXPECT_FALSE(parse_seed("-1"));
  EXPECT_FALSE(parse_seed("18446744073709551616"));
  EXPECT_FALSE(parse_seed("12x"));
}

}  // namespace
}  // namespace roost::sim
