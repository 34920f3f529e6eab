// Code that blocks, on threads of its own.

#include <gtest/gtest.h>

#include <roost/roost.hpp>
#include <roost/transports/local.hpp>

#include <atomic>
#include <chrono>
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

struct Blocker : roost::actor {
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
ROOST_EXPORT(Blocker, block, fail, misuse)

struct Clerk : roost::actor {
  int opened() {
    gate_open = true;
    return inside;
  }
  int blocked() { return inside; }
};
ROOST_EXPORT(Clerk, opened, blocked)

std::string run(roost::controller controller) {
  gate_open = false;
  roost::program what(std::move(controller));
  auto const why = roost::run_local(what, {.transport = roost::local_transport::loopback,
                                           .arguments = {},
                                           .catch_signals = false,
                                           .prepare = [](roost::live_options& proc) { proc.least = roost::log_level::failure; }});
  return why ? why.describe() : "";
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
  bool too_soon = true;
  EXPECT_EQ(run([&](roost::hosts, std::vector<std::string> const&) {
              auto blocker = roost::spawn<Blocker>("blocker");
              auto clerk = roost::spawn<Clerk>("clerk");
              auto answer = blocker->block.call_one();
              while (clerk->blocked.call_one().get() < 1) roost::sleep(1ms);
              blocker.kill();
              roost::sleep(20ms);
              too_soon = answer.ready();
              clerk->opened.call_one().get();
              try {
                answer.get();
              } catch (roost::exception const& e) {
                said = e.what();
              }
            }),
            "");
  EXPECT_FALSE(too_soon) << "the handler unwound under the code that it had offloaded";
  EXPECT_EQ(inside, 0);
  EXPECT_NE(said, "");
}

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
