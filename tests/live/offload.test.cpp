// Code that blocks, on threads of its own.

#include "loopback.test.hpp"

#include <gtest/gtest.h>

#include <roost/base/plant.hpp>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

namespace offloading {

using namespace std::chrono_literals;

std::atomic<bool> gate_open = false;
std::atomic<int> inside = 0;

/// Blocks its thread until the gate is open.
int wait_at_gate() {
  ++inside;
  while (!gate_open) std::this_thread::sleep_for(1ms);
  --inside;
  return 7;
}

constexpr int unwound_under_its_code = 42;

struct Blocker : roost::actor {
  /// As `block`; the process ends where the handler's stack unwinds while the code goes on.
  void block_on_its_stack() {
    struct on_stack {
      ~on_stack() {
        if (inside != 0) std::_Exit(unwound_under_its_code);
      }
    } const here{};
    roost::offload(1ms, wait_at_gate);
  }
  int block() { return roost::offload(1ms, wait_at_gate); }
  void fail() {
    roost::offload(1ms, [] { throw std::runtime_error("no disk"); });
  }
  std::string misuse() {
    return roost::offload(1ms, [] {
      try {
        return roost::here().name();
      } catch (roost::exception const& refused) {
        return std::string(refused.what());
      }
    });
  }
};
ROOST_EXPORT(Blocker, block_on_its_stack, block, fail, misuse)

struct Clerk : roost::actor {
  int opened() {
    gate_open = true;
    return inside;
  }
  int blocked() { return inside; }
};
ROOST_EXPORT(Clerk, opened, blocked)

/// Sees to it that the end of what it kills ends nothing else.
struct Killer : roost::actor {
  /// What the caller of the killed actor is told.
  std::string kill_under_code() {
    auto blocker = roost::spawn<Blocker>("blocker");
    auto clerk = roost::spawn<Clerk>("clerk");
    auto answer = blocker->block.call_one();
    while (clerk->blocked.call_one().get() < 1) roost::sleep(1ms);
    blocker.kill();
    roost::sleep(20ms);
    bool const too_soon = answer.ready();
    clerk->opened.call_one().get();
    try {
      answer.get();
    } catch (roost::exception const& told) {
      return too_soon ? "answered too soon" : told.what();
    }
    return "";
  }
  bool supervise(roost::failure const&) override { return true; }
};
ROOST_EXPORT(Killer, kill_under_code)

std::string run(roost::controller controller) {
  gate_open = false;
  return run_on_loopback(std::move(controller));
}

TEST(Offload, CodeThatBlocksKeepsNobodyElseOfItsProcWaiting) {
  int together = 0;
  int sum = 0;
  EXPECT_EQ(run([&](roost::hosts, std::vector<std::string> const&) {
              std::vector<roost::future<int>> answers;
              std::vector<roost::actor_mesh<Blocker>> blockers;
              for (int i = 0; i < 3; ++i) {
                blockers.push_back(roost::spawn<Blocker>("blocker"));
                answers.push_back(blockers.back()->block.call_one());
              }
              auto clerk = roost::spawn<Clerk>("clerk");
              while (clerk->blocked.call_one().get() < 3) roost::sleep(1ms);
              together = clerk->opened.call_one().get();
              for (auto& each : answers) sum += each.get();
            }),
            "");
  EXPECT_EQ(together, 3);
  EXPECT_EQ(sum, 21);
}

TEST(Offload, WhatTheCodeThrowsComesToTheCaller) {
  std::string said;
  EXPECT_EQ(run([&](roost::hosts, std::vector<std::string> const&) {
              auto blocker = roost::spawn<Blocker>("blocker");
              try {
                blocker->fail.call_one().get();
              } catch (roost::exception const& e) {
                said = e.what();
              }
            }),
            "");
  EXPECT_NE(said.find("no disk"), std::string::npos) << said;
}

TEST(Offload, TheRuntimeIsOutOfReachInIt) {
  std::string said;
  EXPECT_EQ(run([&](roost::hosts, std::vector<std::string> const&) {
              said = roost::spawn<Blocker>("blocker")->misuse.call_one().get();
            }),
            "");
  EXPECT_NE(said.find("here() works only inside an actor's handler"), std::string::npos) << said;
}

TEST(Offload, AnActorThatIsKilledMeanwhileEndsWhenItsCodeIsOver) {
  std::string said;
  EXPECT_EQ(run([&](roost::hosts, std::vector<std::string> const&) {
              said = roost::spawn<Killer>("killer")->kill_under_code.call_one().get();
            }),
            "");
  EXPECT_EQ(inside, 0);
  EXPECT_NE(said, "");
  EXPECT_NE(said, "answered too soon") << "the handler unwound under the code that it had offloaded";
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ROOST_NO_DEATH_TESTS 1
#endif
#endif

#if defined(ROOST_PLANTS) && ROOST_PLANTS && !defined(ROOST_NO_DEATH_TESTS)
/// Kills an actor while the code that it offloaded is at the gate, which opens later; ends the process with what came of it.
void kill_under_its_code() {
  run([](roost::hosts, std::vector<std::string> const&) {
    auto blocker = roost::spawn<Blocker>("blocker");
    auto clerk = roost::spawn<Clerk>("clerk");
    blocker->block_on_its_stack.broadcast();
    while (clerk->blocked.call_one().get() < 1) roost::sleep(1ms);
    blocker.kill();
    roost::sleep(20ms);
    clerk->opened.call_one().get();
    while (clerk->blocked.call_one().get() > 0) roost::sleep(1ms);
  });
  std::_Exit(0);
}

// In a process of its own, which ends before the code can touch the stack that is gone.
TEST(OffloadDeathTest, CodeWhoseHandlerUnwindsUnderItIsSeen) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto* const planted = roost::find_plant("offload-unshielded");
  ASSERT_NE(planted, nullptr);
  planted->arm(true);
  EXPECT_EXIT(kill_under_its_code(), testing::ExitedWithCode(unwound_under_its_code), "");
  planted->arm(false);
  EXPECT_EXIT(kill_under_its_code(), testing::ExitedWithCode(0), "");
}
#endif

TEST(Offload, AProgramThatEndsWaitsForTheCode) {
  std::thread opener;
  EXPECT_EQ(run([&](roost::hosts, std::vector<std::string> const&) {
              roost::spawn<Blocker>("blocker")->block.broadcast();
              while (inside == 0) roost::sleep(1ms);
              opener = std::thread([] {
                std::this_thread::sleep_for(20ms);
                gate_open = true;
              });
            }),
            "");
  opener.join();
  EXPECT_EQ(inside, 0);
}

}  // namespace offloading
