// Which seeds a test of actors runs with.

#include <roost/sim/testing.hpp>

#include <cstdlib>

namespace {

using roost::sim::test_seeds;
using seeds = std::vector<std::uint64_t>;

/// ROOST_SEED is `text` while this lives.
class asked_for {
 public:
  explicit asked_for(char const* text) { ::setenv("ROOST_SEED", text, 1); }
  ~asked_for() { ::unsetenv("ROOST_SEED"); }
  asked_for(asked_for const&) = delete;
  asked_for& operator=(asked_for const&) = delete;
};

TEST(test_seeds, that_are_none_are_refused) { EXPECT_THROW(test_seeds(5, 1), roost::exception); }

TEST(test_seeds, end_with_the_last_that_there_is) {
  constexpr auto last = ~std::uint64_t{0};
  EXPECT_EQ(test_seeds(last - 1, last), (seeds{last - 1, last}));
}

TEST(test_seeds, of_the_environment_are_written_as_on_the_command_line) {
  {
    asked_for const hexadecimal("0x10");
    EXPECT_EQ(test_seeds(1, 5), seeds{16});
  }
  asked_for const wrong("10x");
  EXPECT_THROW(test_seeds(1, 5), roost::exception);
}

}  // namespace
