#include <gtest/gtest.h>

#include <roost/sim/words.hpp>

namespace roost::sim {
namespace {

TEST(Words, NearestFindsTheLikelyOne) {
  constexpr std::string_view words[] = {"hosts", "procs_per_host", "dims"};
  EXPECT_EQ(nearest("host", words), "hosts");
  EXPECT_EQ(nearest("procs-per-hosts", words), "procs_per_host");
  EXPECT_EQ(nearest("dmis", words), "dims");
  EXPECT_EQ(nearest("colour", words), "");
  EXPECT_EQ(suggestion("colour", words), ", expected one of hosts, procs_per_host, dims");
}

TEST(Words, NearestLooksAtSwappedLettersAndAtMostAHundred) {
  constexpr std::string_view words[] = {"a", "abcdef", "abcdefghi"};
  EXPECT_EQ(nearest("abdcef", words), "abcdef");
  EXPECT_EQ(nearest("abcdefg", words), "abcdef");
  EXPECT_EQ(nearest("ABCDEFGHIJ", words), "abcdefghi");
  EXPECT_EQ(nearest(std::string(101, 'a'), words), "");
}

}  // namespace
}  // namespace roost::sim
