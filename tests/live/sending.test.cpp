// Messages within a live proc, most of which are queued where they are sent: what may change between two of them.

#include "loopback.test.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace sending {

using namespace std::chrono_literals;

struct Sink : roost::actor {
  void take(std::uint64_t number) { taken_.push_back(number); }
  std::vector<std::uint64_t> taken() { return taken_; }

 private:
  std::vector<std::uint64_t> taken_;
};
ROOST_EXPORT(Sink, take, taken)

using numbers = std::vector<std::uint64_t>;

struct Sender : roost::actor {
  /// Sends to one that has ended, when others have taken the memory that was its own; how many messages those took.
  std::uint64_t send_to_who_ended() {
    auto const sink = greeted();
    end(sink);
    std::vector<roost::actor_mesh<Sink>> others;
    for (int i = 0; i != 100; ++i) others.push_back(roost::spawn<Sink>("other"));
    for (auto const& other : others) (void)other->taken.call_one().get();
    sink->take.broadcast(3);
    std::uint64_t taken = 0;
    for (auto const& other : others) taken += other->taken.call_one().get().size();
    return taken;
  }
  /// Sends to one that has just been told to stop, and to one that has just been killed.
  void send_to_who_ends() {
    auto const stops = greeted();
    stops->take.broadcast(3);
    stops.stop();
    stops->take.broadcast(4);
    auto const idle = greeted();
    idle.stop();
    idle->take.broadcast(3);
    auto const killed = greeted();
    killed.kill();
    killed->take.broadcast(3);
  }
  /// How many messages came back.
  std::uint64_t lost() { return lost_; }
  /// What the second one at its rank has taken.
  numbers send_to_who_was_respawned() {
    auto const sink = greeted();
    end(sink);
    sink.respawn(0);
    sink->take.broadcast(5);
    sink->take.broadcast(6);
    return sink->taken.call_one().get();
  }
  /// What each of three has taken, that are sent to by turns; the last of them by itself, beyond its credit.
  std::vector<numbers> send_by_turns(std::uint64_t rounds) {
    std::vector<roost::actor_mesh<Sink>> sinks;
    for (int i = 0; i != 3; ++i) sinks.push_back(roost::spawn<Sink>("sink"));
    for (std::uint64_t round = 0; round != rounds; ++round) {
      for (auto const& sink : sinks) sink->take.broadcast(round);
    }
    for (std::uint64_t round = 0; round != rounds; ++round) sinks.back()->take.broadcast(rounds + round);
    std::vector<numbers> taken;
    for (auto const& sink : sinks) taken.push_back(sink->taken.call_one().get());
    return taken;
  }
  void undelivered(roost::undelivered const&) override { ++lost_; }
  bool supervise(roost::failure const&) override { return true; }

 private:
  /// One that was sent to twice.
  static roost::actor_mesh<Sink> greeted() {
    auto sink = roost::spawn<Sink>("sink");
    sink->take.broadcast(1);
    sink->take.broadcast(2);
    (void)sink->taken.call_one().get();
    return sink;
  }
  static void end(roost::actor_mesh<Sink> const& sink) {
    sink.stop();
    try {
      for (;;) (void)sink->taken.call_one().get();
    } catch (roost::exception const&) {
      roost::sleep(5ms);  // It refuses a little before it is gone.
    }
  }

  std::uint64_t lost_ = 0;
};
ROOST_EXPORT(Sender, send_to_who_ended, send_to_who_ends, lost, send_to_who_was_respawned, send_by_turns)

TEST(Sending, WhatIsForOneThatHasEndedComesBack) {
  std::uint64_t taken = 0;
  std::uint64_t lost = 0;
  EXPECT_EQ(run_on_loopback([&](roost::hosts, std::vector<std::string> const&) {
              auto const sender = roost::spawn<Sender>("sender");
              taken = sender->send_to_who_ended.call_one().get();
              for (int i = 0; i != 1'000 && lost == 0; ++i) lost = sender->lost.call_one().get();
            }),
            "");
  EXPECT_EQ(lost, 1U);
  EXPECT_EQ(taken, 0U) << "another actor took it";
}

TEST(Sending, WhatIsForOneThatEndsComesBack) {
  std::uint64_t lost = 0;
  EXPECT_EQ(run_on_loopback([&](roost::hosts, std::vector<std::string> const&) {
              auto const sender = roost::spawn<Sender>("sender");
              sender->send_to_who_ends.call_one().get();
              for (int i = 0; i != 1'000 && lost < 3; ++i) lost = sender->lost.call_one().get();
            }),
            "");
  EXPECT_EQ(lost, 3U);
}

TEST(Sending, WhatIsForARankGoesToWhoHasTakenIt) {
  numbers seen;
  EXPECT_EQ(run_on_loopback([&](roost::hosts, std::vector<std::string> const&) {
              seen = roost::spawn<Sender>("sender")->send_to_who_was_respawned.call_one().get();
            }),
            "");
  EXPECT_EQ(seen, (numbers{5, 6}));
}

TEST(Sending, EachReceiverTakesItsMessagesInOrderAlsoBeyondTheCredit) {
  constexpr std::uint64_t rounds = 500;
  std::vector<numbers> seen;
  EXPECT_EQ(run_on_loopback([&](roost::hosts, std::vector<std::string> const&) {
              seen = roost::spawn<Sender>("sender")->send_by_turns.call_one(rounds).get();
            }),
            "");
  numbers expected;
  for (std::uint64_t i = 0; i != rounds; ++i) expected.push_back(i);
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0], expected);
  EXPECT_EQ(seen[1], expected);
  for (std::uint64_t i = rounds; i != 2 * rounds; ++i) expected.push_back(i);
  EXPECT_EQ(seen[2], expected);
}

}  // namespace sending
