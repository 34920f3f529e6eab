// A handler that uses up its stack: the process ends by the signal, and says who it was.

#include <gtest/gtest.h>

#include <roost/roost.hpp>
#include <roost/transports/local.hpp>

namespace overflowing {

/// Deeper than any stack; not to be turned into a loop.
int deeper(int volatile* above) {
  int volatile here[64] = {*above + 1};
  return here[0] == 1'000'000 ? 0 : deeper(here) + here[1];
}

struct Digger : roost::actor {
  int dig() {
    int volatile ground = 1;
    return deeper(&ground);
  }
  int have_dug() {
    return roost::offload(std::chrono::milliseconds(1), [] {
      int volatile ground = 1;
      return deeper(&ground);
    });
  }
};
ROOST_EXPORT(Digger, dig, have_dug)

void run(bool offloads) {
  roost::program what([offloads](roost::hosts, std::vector<std::string> const&) {
    auto digger = roost::spawn<Digger>("digger");
    if (offloads) {
      digger->have_dug.call_one().get();
    } else {
      digger->dig.call_one().get();
    }
  });
  static_cast<void>(roost::run_local(
      what, {.transport = roost::local_transport::loopback, .arguments = {}, .catch_signals = false, .prepare = {}}));
}

TEST(OverflowDeathTest, NamesTheHandler) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(run(false), testing::KilledBySignal(SIGSEGV),
              "stack overflow: Digger.dig of h0/p0.1/a[0-9]+ used up its stack of 64 KiB");
}

TEST(OverflowDeathTest, NamesTheHandlerThatOffloadedTheCode) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(run(true), testing::KilledBySignal(SIGSEGV),
              "stack overflow: offloaded code of Digger.have_dug of h0/p0.1/a[0-9]+ used up its stack of [0-9]+ KiB");
}

}  // namespace overflowing
