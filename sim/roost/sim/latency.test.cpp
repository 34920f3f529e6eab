#include <roost/sim/latency.hpp>

#include <gtest/gtest.h>

namespace roost::sim {
namespace {

using shape = latency_model::shape;

std::int64_t at_percent(latency_table const& table, std::uint64_t hundredths) {
  return table.sample(~std::uint64_t{0} / 10'000 * hundredths);
}

TEST(latency, constant_is_its_value) {
  latency_table const table({shape::constant, nanoseconds(7), nanoseconds(9)});
  EXPECT_EQ(table.sample(0), 7);
  EXPECT_EQ(table.sample(~std::uint64_t{0}), 7);
}

TEST(latency, uniform_reaches_from_low_to_high) {
  latency_table const table({shape::uniform, nanoseconds(1'000), nanoseconds(2'024)});
  EXPECT_EQ(table.sample(0), 1'000);
  EXPECT_NEAR(static_cast<double>(at_percent(table, 5'000)), 1'512, 2);
  EXPECT_NEAR(static_cast<double>(table.sample(~std::uint64_t{0})), 2'024, 2);
}

TEST(latency, exponential_has_its_median_at_ln_2) {
  latency_table const table({shape::exponential, nanoseconds(0), nanoseconds(1'000'000)});
  EXPECT_NEAR(static_cast<double>(at_percent(table, 5'000)), 693'147, 700);
  EXPECT_NEAR(static_cast<double>(at_percent(table, 9'000)), 2'302'585, 2'500);
}

TEST(latency, lognormal_has_the_median_and_the_99th_percentile_asked_for) {
  latency_table const table({shape::lognormal, nanoseconds(20'000), nanoseconds(200'000)});
  EXPECT_NEAR(static_cast<double>(at_percent(table, 5'000)), 20'000, 40);
  EXPECT_NEAR(static_cast<double>(at_percent(table, 9'900)), 200'000, 3'000);
  EXPECT_NEAR(static_cast<double>(at_percent(table, 100)), 2'000, 40);
}

TEST(latency, quantiles_never_fall) {
  latency_table const table({shape::lognormal, nanoseconds(50'000), nanoseconds(51'000)});
  std::int64_t previous = 0;
  for (std::uint64_t i = 0; i != 4'096; ++i) {
    std::int64_t const value = table.sample(i << 52);
    EXPECT_GE(value, previous);
    previous = value;
  }
}

TEST(latency, logarithms_and_powers_undo_each_other) {
  EXPECT_EQ(log2_q32(1), 0);
  EXPECT_EQ(log2_q32(1ULL << 40), std::int64_t{40} << 32);
  EXPECT_EQ(exp2_q32(std::int64_t{13} << 32), 8'192U);
  EXPECT_NEAR(static_cast<double>(exp2_q32(log2_q32(1'234'567'890))), 1'234'567'890.0, 4);
}

}  // namespace
}  // namespace roost::sim
