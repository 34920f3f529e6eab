#include <roost/transports/shm/ends.test.hpp>

#include <roost/base/plant.hpp>

#include <array>
#include <random>
#include <thread>

namespace roost {
namespace {

using testing::filled;
using testing::first;
using testing::hostile_peer;
using testing::introducer_table;
using testing::same;
using testing::second;
using testing::shm_end;
using testing::small_rings;
using testing::turn_until;

knob_values that_rest(nanoseconds idle = 2ms) {
  knob_values knobs = small_rings();
  knobs.set(*find_knob("shm.ring_idle"), idle.count()).value();
  return knobs;
}

struct ShmIdle : ::testing::Test {
  introducer_table meeting;
  knob_values knobs = that_rest();
  shm_end a{meeting, first, knobs};
  std::unique_ptr<shm_end> b = std::make_unique<shm_end>(meeting, second, knobs);
  channel_id here = 0;

  bool turn(std::function<bool()> const& done) { return b ? turn_until(done, a.loop, b->loop) : turn_until(done, a.loop); }
  void open() {
    here = a.bytes_to_peers.connect(second);
    ASSERT_TRUE(turn([&] { return !a.heard.told.empty() && !b->heard.told.empty(); }));
  }
  bool rest() {
    return turn([&] { return a.bytes_to_peers.rings() == 0 && b->bytes_to_peers.rings() == 0; });
  }
  /// Sends from one end, waiting for room where there is none.
  bool send(shm_end& from, shared_bytes const& frame) {
    for (;;) {
      auto const told = from.heard.told.size();
      auto const status = from.bytes_to_peers.send(from.heard.last, frame);
      if (status != send_status::full) return status == send_status::sent;
      if (!turn([&] { return from.heard.told.size() != told; }) || from.heard.told.back() != "writable") return false;
    }
  }
};

TEST_F(ShmIdle, RingsThatNobodyUsesAreGivenUpAtBothEnds) {
  open();
  EXPECT_EQ(a.bytes_to_peers.rings(), 2U);
  EXPECT_TRUE(rest());
  EXPECT_EQ(a.heard.told.size(), 1U) << "the channel stays open, and nobody above hears of it";
  EXPECT_EQ(b->heard.told.size(), 1U);
}

TEST_F(ShmIdle, TheNextFrameFindsARingAgainInItsDirectionAlone) {
  open();
  for (std::size_t round = 0; round != 5; ++round) {
    ASSERT_TRUE(rest());
    EXPECT_EQ(a.bytes_to_peers.send(here, filled(100, 1)), send_status::full);
    EXPECT_EQ(a.bytes_to_peers.send(here, filled(100, 1)), send_status::full) << "asked for once";
    ASSERT_TRUE(turn([&] { return a.heard.told.size() == round + 2; }));
    EXPECT_EQ(a.heard.told.back(), "writable");
    EXPECT_EQ(a.bytes_to_peers.rings(), 1U);
    EXPECT_EQ(b->bytes_to_peers.rings(), 1U);
    EXPECT_EQ(a.bytes_to_peers.send(here, filled(100, static_cast<int>(round))), send_status::sent);
    ASSERT_TRUE(turn([&] { return b->heard.frames.size() == round + 1; }));
    EXPECT_TRUE(same(b->heard.frames.back(), filled(100, static_cast<int>(round))));
  }
}

TEST_F(ShmIdle, LargeFramesAreLentThroughTheNewRingToo) {
  knobs.set(*find_knob("transport.local_max_frame"), 8 << 20).value();
  knobs.set(*find_knob("shm.attach_from"), 64 << 10).value();
  shm_end c(meeting, {{1}, 2, 1}, knobs);
  shm_end d(meeting, {{1}, 3, 1}, knobs);
  c.bytes_to_peers.connect({{1}, 3, 1});
  ASSERT_TRUE(turn_until([&] { return !c.heard.told.empty() && !d.heard.told.empty(); }, c.loop, d.loop));
  for (std::size_t round = 1; round != 4; ++round) {
    ASSERT_TRUE(turn_until([&] { return c.bytes_to_peers.rings() + d.bytes_to_peers.rings() == 0; }, c.loop, d.loop));
    auto const frame = filled(1 << 20, static_cast<int>(round));
    auto const told = c.heard.told.size();
    EXPECT_EQ(c.bytes_to_peers.send(c.heard.last, frame), send_status::full);
    ASSERT_TRUE(turn_until([&] { return c.heard.told.size() > told; }, c.loop, d.loop));
    EXPECT_EQ(c.bytes_to_peers.send(c.heard.last, frame), send_status::sent);
    EXPECT_EQ(c.bytes_to_peers.send(c.heard.last, filled(10, 1)), send_status::sent);
    ASSERT_TRUE(turn_until([&] { return d.heard.frames.size() == 2 * round; }, c.loop, d.loop));
    EXPECT_TRUE(same(d.heard.frames[2 * round - 2], frame));
  }
}

TEST_F(ShmIdle, NeverMeansNever) {
  knob_values const steady = that_rest(0ns);
  shm_end c(meeting, {{1}, 2, 1}, steady);
  shm_end d(meeting, {{1}, 3, 1}, steady);
  c.bytes_to_peers.connect({{1}, 3, 1});
  ASSERT_TRUE(turn_until([&] { return !c.heard.told.empty() && !d.heard.told.empty(); }, c.loop, d.loop));
  std::this_thread::sleep_for(10ms);
  for (int i = 0; i != 1000; ++i) c.loop.poll(), c.loop.poll_descriptors(), d.loop.poll(), d.loop.poll_descriptors();
  EXPECT_EQ(c.bytes_to_peers.rings(), 2U);
}

/// How a channel ends, or "", whose reader stands still until its writer's ring would be idle, with a frame in it.
std::string end_of_a_slow_reader(ShmIdle& t) {
  t.open();
  EXPECT_EQ(t.a.bytes_to_peers.send(t.here, filled(100, 1)), send_status::sent);
  for (int i = 0; i != 10; ++i) {
    std::this_thread::sleep_for(2ms);
    t.a.loop.poll();
    t.a.loop.poll_descriptors();
  }
  t.b->loop.poll_descriptors();  // What its socket says before what is in the ring.
  t.turn([&] { return t.b->heard.frames.size() == 1 || t.b->heard.told.size() > 1; });
  return t.b->heard.told.back().starts_with("closed") ? t.b->heard.told.back() : "";
}

TEST_F(ShmIdle, ARingWithAFrameInItIsKept) { EXPECT_EQ(end_of_a_slow_reader(*this), ""); }

TEST_F(ShmIdle, ARingThatIsGivenUpWithAFrameInItIsSeen) {
  auto* bug = find_plant("idle-ring-dropped-full");
  if (bug == nullptr) GTEST_SKIP() << "this build has no planted bugs";
  bug->arm(true);
  EXPECT_EQ(end_of_a_slow_reader(*this), "closed bad_frame");
  bug->arm(false);
}

TEST_F(ShmIdle, AWriterThatAsksForNoRingIsSeen) {
  auto* bug = find_plant("ring-never-asked-for");
  if (bug == nullptr) GTEST_SKIP() << "this build has no planted bugs";
  open();
  ASSERT_TRUE(rest());
  bug->arm(true);
  EXPECT_FALSE(send(a, filled(100, 1)));
  bug->arm(false);
}

TEST_F(ShmIdle, TheDeathOfAPeerIsToldWithoutRings) {
  open();
  ASSERT_TRUE(rest());
  b.reset();
  ASSERT_TRUE(turn([&] { return a.heard.told.size() == 2; }));
  EXPECT_EQ(a.heard.told[1], "closed unavailable");
}

TEST_F(ShmIdle, TheDeathOfAPeerThatWasAskedForARingIsTold) {
  open();
  ASSERT_TRUE(rest());
  EXPECT_EQ(a.bytes_to_peers.send(here, filled(1, 1)), send_status::full);
  b.reset();
  ASSERT_TRUE(turn([&] { return a.heard.told.size() == 2; }));
  EXPECT_EQ(a.heard.told[1], "closed unavailable");
}

TEST_F(ShmIdle, APeerThatIsGoneWhenItIsAskedForARingIsTold) {
  open();
  ASSERT_TRUE(rest());
  b.reset();
  EXPECT_NE(a.bytes_to_peers.send(here, filled(1, 1)), send_status::sent);
  ASSERT_TRUE(turn([&] { return a.heard.told.size() == 2; }));
  EXPECT_EQ(a.heard.told[1].substr(0, 6), "closed");
}

// Both ends sleep and wake by themselves, and send at intervals about as long as a ring may rest.
TEST(ShmIdleThreads, NothingIsLostOrHeldUpWhileRingsComeAndGo) {
  introducer_table meeting;
  knob_values const knobs = that_rest(400us);
  shm_end a(meeting, first, knobs);
  shm_end b(meeting, second, knobs);
  a.bytes_to_peers.connect(second);
  ASSERT_TRUE(turn_until([&] { return !a.heard.told.empty() && !b.heard.told.empty(); }, a.loop, b.loop));
  constexpr std::size_t frames = 1'500;
  std::atomic<int> done = 0;
  std::array<std::size_t, 2> full{};
  auto const play = [&](shm_end& end, std::size_t which) {
    std::minstd_rand draws(static_cast<unsigned>(which) + 1);
    std::size_t sent = 0;
    auto next = std::chrono::steady_clock::now();
    auto const limit = next + 60s;
    bool finished = false;
    while (done != 2 && std::chrono::steady_clock::now() < limit) {
      while (sent != frames && std::chrono::steady_clock::now() >= next) {
        if (end.bytes_to_peers.send(end.heard.last, filled(64, static_cast<int>(sent))) != send_status::sent) {
          ++full[which];
          break;
        }
        ++sent;
        next = std::chrono::steady_clock::now() + std::chrono::microseconds(draws() % 4 == 0 ? draws() % 900 : draws() % 60);
      }
      if (!finished && sent == frames && end.heard.frames.size() == frames) {
        finished = true;
        ++done;
      }
      if (!end.loop.poll()) end.loop.sleep(200us);
    }
  };
  std::thread other([&] { play(b, 1); });
  play(a, 0);
  other.join();
  for (auto const* end : {&a, &b}) {
    ASSERT_EQ(end->heard.frames.size(), frames) << end->heard.told.back();
    for (std::size_t i = 0; i != frames; ++i) ASSERT_TRUE(same(end->heard.frames[i], filled(64, static_cast<int>(i)))) << i;
  }
  EXPECT_GT(full[0] + full[1], 10U) << "rings hardly ever rested";
}

// A frame that finds no ring wakes a reader that sleeps for long, and the answer wakes the writer.
TEST(ShmIdleThreads, AFrameAfterARestWakesAReaderThatSleeps) {
  introducer_table meeting;
  knob_values const knobs = that_rest(1ms);
  shm_end a(meeting, first, knobs);
  shm_end b(meeting, second, knobs);
  a.bytes_to_peers.connect(second);
  ASSERT_TRUE(turn_until([&] { return !a.heard.told.empty() && !b.heard.told.empty(); }, a.loop, b.loop));
  constexpr std::size_t rounds = 50;
  std::thread other([&] {
    while (b.heard.frames.size() < rounds) b.loop.poll() ? void() : b.loop.sleep(std::chrono::seconds(60));
  });
  for (std::size_t sent = 0; sent != rounds;) {
    if (a.bytes_to_peers.send(a.heard.last, filled(8, 1)) == send_status::sent) {
      ++sent;
      while (a.bytes_to_peers.rings() != 0 && sent != rounds) a.loop.poll() ? void() : a.loop.sleep(std::chrono::seconds(60));
    } else if (!a.loop.poll()) {
      a.loop.sleep(std::chrono::seconds(60));
    }
  }
  other.join();
}

struct ShmNotices : ::testing::Test {
  introducer_table meeting;
  shm_end a{meeting, first, small_rings()};
  hostile_peer peer{a};

  void expect_closed_after(std::function<void()> const& said) {
    peer.greet(4096);
    ASSERT_TRUE(turn_until([&] { return !a.heard.told.empty(); }, a.loop));
    said();
    ASSERT_TRUE(turn_until([&] { return a.heard.told.back().substr(0, 6) == "closed"; }, a.loop));
    EXPECT_EQ(a.heard.reason.code, errc::bad_frame) << a.heard.reason.describe();
  }
  void say(shm::notice_kind kind) { ASSERT_TRUE(shm::send_notice(peer.socket.get(), kind)); }
};

TEST_F(ShmNotices, ARingGivenUpWithSomethingInItIsRefused) {
  expect_closed_after([&] {
    peer.out.header().written.store(8);  // No whole record.
    say(shm::notice_kind::dropped);
  });
}

TEST_F(ShmNotices, ARingGivenUpTwiceIsRefused) {
  expect_closed_after([&] { say(shm::notice_kind::dropped), say(shm::notice_kind::dropped); });
}

TEST_F(ShmNotices, ARingAskedForByWhoHasOneIsRefused) {
  expect_closed_after([&] { say(shm::notice_kind::wanted); });
}

TEST_F(ShmNotices, ASecondGreetingIsRefused) {
  expect_closed_after([&] {
    descriptor const bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    ASSERT_TRUE(shm::send_greeting(peer.socket.get(), {.capacity = 4096}, bell.get(), bell.get()));
  });
}

TEST_F(ShmNotices, ARingThatNobodyAskedForIsRefused) {
  expect_closed_after([&] {
    descriptor const ring = *sealed_memory_file("hostile", shm::ring_data_offset + 4096);
    ASSERT_TRUE(shm::send_ring(peer.socket.get(), 4096, ring.get()));
  });
}

TEST_F(ShmNotices, ANoticeWithoutAGreetingIsRefused) {
  say(shm::notice_kind::dropped);
  ASSERT_TRUE(turn_until([&] { return !a.heard.told.empty(); }, a.loop));
  EXPECT_EQ(a.heard.reason.what, "the peer did not greet first");
}

TEST_F(ShmNotices, APeerThatAsksAndGivesUpWithoutEndAndReadsNothingIsClosed) {
  peer.greet(4096);
  ASSERT_TRUE(turn_until([&] { return !a.heard.told.empty(); }, a.loop));
  say(shm::notice_kind::dropped);
  // Each ring that is asked for is sent; whoever takes none of them out of the socket fills it.
  ASSERT_TRUE(turn_until(
      [&] {
        if (a.heard.told.size() > 1) return true;
        static_cast<void>(shm::send_notice(peer.socket.get(), shm::notice_kind::wanted));
        static_cast<void>(shm::send_notice(peer.socket.get(), shm::notice_kind::dropped));
        return false;
      },
      a.loop));
  EXPECT_EQ(a.heard.told[1].substr(0, 6), "closed");
}

}  // namespace
}  // namespace roost
