#include <gtest/gtest.h>

#include <roost/transports/loopback/loopback.hpp>
#include <roost/transports/shm/ends.test.hpp>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <thread>

namespace roost {
namespace {

using testing::filled;
using testing::first;
using testing::hostile_peer;
using testing::introducer_table;
using testing::recorder;
using testing::same;
using testing::second;
using testing::shm_end;
using testing::small_rings;
using testing::turn_until;

struct loopback_end {
  loopback_end(loopback_hub& hub, proc_id self, knob_values const& knobs) : bytes_to_peers(hub, loop, self, knobs) {
    bytes_to_peers.attach(&heard);
  }
  event_loop loop;
  recorder heard;
  loopback bytes_to_peers;
};

struct shm_kind {
  using meeting = introducer_table;
  using end = shm_end;
};
struct loopback_kind {
  using meeting = loopback_hub;
  using end = loopback_end;
};

// What holds for every transport of one host.
template <class Kind>
struct LocalTransport : ::testing::Test {
  typename Kind::meeting meeting;
  knob_values knobs = small_rings();
  typename Kind::end a{meeting, first, knobs};
  std::unique_ptr<typename Kind::end> b = std::make_unique<typename Kind::end>(meeting, second, knobs);
  channel_id here = 0;

  bool turn(std::function<bool()> const& done) { return b ? turn_until(done, a.loop, b->loop) : turn_until(done, a.loop); }
  void open() {
    here = a.bytes_to_peers.connect(second);
    EXPECT_TRUE(a.heard.told.empty());
    ASSERT_TRUE(turn([&] { return !a.heard.told.empty() && !b->heard.told.empty(); }));
    EXPECT_EQ(a.heard.told[0], "connected h1/p1.1 by me");
    EXPECT_EQ(b->heard.told[0], "connected h1/p0.1 by peer");
    EXPECT_EQ(a.heard.last, here);
  }
};
using kinds = ::testing::Types<shm_kind, loopback_kind>;
TYPED_TEST_SUITE(LocalTransport, kinds);

TYPED_TEST(LocalTransport, FramesArriveInOrderAndWholeInBothDirections) {
  this->open();
  for (int i = 0; i < 300; ++i) {
    auto const frame = filled(static_cast<std::size_t>(i) * 13 % 3000, i);
    ASSERT_EQ(this->a.bytes_to_peers.send(this->here, frame), send_status::sent);
    ASSERT_EQ(this->b->bytes_to_peers.send(this->b->heard.last, frame), send_status::sent);
    auto const count = static_cast<std::size_t>(i) + 1;
    ASSERT_TRUE(this->turn([&] { return this->a.heard.frames.size() == count && this->b->heard.frames.size() == count; }));
    EXPECT_TRUE(same(this->a.heard.frames.back(), frame));
    EXPECT_TRUE(same(this->b->heard.frames.back(), frame));
  }
}

TYPED_TEST(LocalTransport, ASlowReaderMakesTheSenderWaitAndLosesNothing) {
  this->open();
  std::size_t sent = 0;
  while (sent < 1'000 && this->a.bytes_to_peers.send(this->here, filled(1000, static_cast<int>(sent))) == send_status::sent)
    ++sent;
  EXPECT_LT(sent, 20U);
  for (int i = 0; i < 100; ++i) this->a.loop.poll();
  EXPECT_EQ(this->a.heard.told.size(), 1U);
  ASSERT_TRUE(this->turn([&] { return this->a.heard.told.size() == 2; }));
  EXPECT_EQ(this->a.heard.told[1], "writable");
  EXPECT_EQ(this->a.bytes_to_peers.send(this->here, filled(1000, static_cast<int>(sent))), send_status::sent);
  ASSERT_TRUE(this->turn([&] { return this->b->heard.frames.size() == sent + 1; }));
  for (std::size_t i = 0; i <= sent; ++i) EXPECT_TRUE(same(this->b->heard.frames[i], filled(1000, static_cast<int>(i))));
}

TYPED_TEST(LocalTransport, AFrameAboveTheLimitClosesTheChannelWithTheReason) {
  this->open();
  EXPECT_EQ(this->a.bytes_to_peers.max_frame(), bytes{8 << 10});
  EXPECT_EQ(this->a.bytes_to_peers.send(this->here, filled((8 << 10) + 1, 1)), send_status::closed);
  EXPECT_EQ(this->a.heard.told.size(), 1U);
  ASSERT_TRUE(this->turn([&] { return this->a.heard.told.size() == 2 && this->b->heard.told.size() == 2; }));
  EXPECT_EQ(this->a.heard.told[1], "closed too_large");
  EXPECT_EQ(this->b->heard.told[1].substr(0, 6), "closed");
}

TYPED_TEST(LocalTransport, NobodyThereIsToldAsClosed) {
  this->a.bytes_to_peers.connect({{1}, 9, 1});
  EXPECT_TRUE(this->a.heard.told.empty());
  ASSERT_TRUE(this->turn([&] { return this->a.heard.told.size() == 1; }));
  EXPECT_EQ(this->a.heard.told[0], "closed unavailable");
}

TYPED_TEST(LocalTransport, WhatWasSentBeforeAPeerEndedIsDeliveredBeforeClosed) {
  this->open();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(this->b->bytes_to_peers.send(this->b->heard.last, filled(100, i)), send_status::sent);
  this->b.reset();
  ASSERT_TRUE(this->turn([&] { return this->a.heard.told.size() == 2; }));
  EXPECT_EQ(this->a.heard.frames.size(), 5U);
  EXPECT_EQ(this->a.heard.told[1], "closed unavailable");
  EXPECT_EQ(this->a.bytes_to_peers.send(this->here, filled(1, 1)), send_status::closed);
}

TYPED_TEST(LocalTransport, CloseIsToldToThePeerOnly) {
  this->open();
  this->a.bytes_to_peers.close(this->here);
  ASSERT_TRUE(this->turn([&] { return this->b->heard.told.size() == 2; }));
  EXPECT_EQ(this->b->heard.told[1].substr(0, 6), "closed");
  EXPECT_EQ(this->a.heard.told.size(), 1U);
}

TYPED_TEST(LocalTransport, AChannelMayBeClosedFromInsideAnEvent) {
  this->open();
  this->b->heard.on_frame = [&](shared_bytes const&) { this->b->bytes_to_peers.close(this->b->heard.last); };
  EXPECT_EQ(this->a.bytes_to_peers.send(this->here, filled(1, 1)), send_status::sent);
  EXPECT_EQ(this->a.bytes_to_peers.send(this->here, filled(1, 2)), send_status::sent);
  ASSERT_TRUE(this->turn([&] { return this->a.heard.told.size() == 2; }));
  EXPECT_EQ(this->b->heard.frames.size(), 1U);
}

TYPED_TEST(LocalTransport, ConnectingAgainGivesANewChannel) {
  this->open();
  this->a.bytes_to_peers.close(this->here);
  channel_id const again = this->a.bytes_to_peers.connect(second);
  EXPECT_NE(again, this->here);
  ASSERT_TRUE(this->turn([&] { return this->a.heard.last == again; }));
  EXPECT_EQ(this->a.bytes_to_peers.send(again, filled(3, 3)), send_status::sent);
  ASSERT_TRUE(this->turn([&] { return this->b->heard.frames.size() == 1; }));
}

struct Shm : ::testing::Test {
  introducer_table meeting;
  shm_end a{meeting, first, small_rings()};
  hostile_peer peer{a};

  void expect_closed(errc code) {
    ASSERT_TRUE(turn_until([&] { return !a.heard.told.empty() && a.heard.told.back().substr(0, 6) == "closed"; }, a.loop));
    EXPECT_EQ(a.heard.reason.code, code) << a.heard.reason.describe();
  }
};

TEST_F(Shm, APeerThatForgesAnIndexIsClosed) {
  peer.greet(4096);
  peer.out.header().written.store(std::uint64_t{1} << 40);
  expect_closed(errc::bad_frame);
}

TEST_F(Shm, APeerThatForgesWhatItTookIsClosed) {
  peer.greet(4096);
  ASSERT_TRUE(turn_until([&] { return !a.heard.told.empty(); }, a.loop));
  peer.in.header().taken.store(std::uint64_t{1} << 40);
  while (a.bytes_to_peers.send(a.heard.last, filled(1000, 1)) == send_status::sent) {
  }
  expect_closed(errc::bad_frame);
}

TEST_F(Shm, APeerWhoseMemoryIsNotWhatItSaysGetsNoLoans) {
  peer.greet(4096);
  ASSERT_TRUE(turn_until([&] { return !a.heard.told.empty(); }, a.loop));
  EXPECT_EQ(peer.out.header().may_lend.load(), 0U);
}

TEST_F(Shm, AnotherVersionIsRefusedNamingBoth) {
  peer.greet(4096, 7);
  expect_closed(errc::version_mismatch);
  EXPECT_NE(a.heard.reason.what.find("version 7"), std::string::npos);
  EXPECT_NE(a.heard.reason.what.find("version 3"), std::string::npos);
}

TEST_F(Shm, ARingOfAnotherSizeThanSaidIsRefused) {
  peer.greet(8192);
  expect_closed(errc::bad_frame);
}

TEST_F(Shm, GarbageInsteadOfAGreetingIsRefused) {
  ASSERT_EQ(::send(peer.socket.get(), "hello", 5, MSG_NOSIGNAL), 5);
  expect_closed(errc::bad_frame);
}

TEST_F(Shm, APeerThatHangsUpBeforeItsGreetingIsToldAsClosed) {
  peer.socket.reset();
  expect_closed(errc::unavailable);
}

knob_values large_frames() {
  knob_values knobs = small_rings();
  knobs.set(*find_knob("transport.local_max_frame"), 8 << 20).value();
  knobs.set(*find_knob("shm.attach_from"), 64 << 10).value();
  return knobs;
}

/// Whether large and small frames of one sender arrive whole and in order.
bool large_frames_arrive(knob_values const& knobs) {
  introducer_table meeting;
  shm_end a(meeting, first, knobs);
  shm_end b(meeting, second, knobs);
  channel_id const here = a.bytes_to_peers.connect(second);
  if (!turn_until([&] { return !a.heard.told.empty() && !b.heard.told.empty(); }, a.loop, b.loop)) return false;
  std::vector<std::size_t> const sizes{10, 1 << 20, 3, 100'000, 8 << 20, 70'000, 0, 5};
  for (std::size_t sent = 0; sent != sizes.size();) {
    std::size_t const told = a.heard.told.size();
    auto const status = a.bytes_to_peers.send(here, filled(sizes[sent], static_cast<int>(sent)));
    if (status == send_status::closed) return false;
    sent += status == send_status::sent ? 1 : 0;
    if (status == send_status::full && !turn_until([&] { return a.heard.told.size() > told; }, a.loop, b.loop)) return false;
  }
  if (!turn_until([&] { return b.heard.frames.size() == sizes.size(); }, a.loop, b.loop)) return false;
  for (std::size_t i = 0; i != sizes.size(); ++i)
    if (!same(b.heard.frames[i], filled(sizes[i], static_cast<int>(i)))) return false;
  return true;
}

TEST(ShmLarge, FramesHoldTheirPlaceWhicheverWayTheyGo) {
  knob_values knobs = large_frames();
  EXPECT_TRUE(large_frames_arrive(knobs));
  knobs.set(*find_knob("shm.attach"), 0).value();
  EXPECT_TRUE(large_frames_arrive(knobs));
  knobs.set(*find_knob("shm.ring_bytes"), 4096).value();
  EXPECT_TRUE(large_frames_arrive(knobs));
}

/// Gives what `body` returned in a forked child, whatever becomes of that.
int exit_code_of(std::function<int()> const& body) {
  pid_t const child = ::fork();
  if (child == 0) ::_exit(body());
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// From now on this process may read no other's memory. False where it cannot be forbidden.
bool forbid_reading_others() {
  sock_filter rules[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                         BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 0, 1),
                         BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  sock_fprog const program{.len = 4, .filter = rules};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST(ShmLarge, FramesGoThroughTheRingWhereTheKernelForbidsToReadAPeer) {
  int const code = exit_code_of([] {
    if (!forbid_reading_others()) return 77;
    shm::memory_mark const mark;
    if (shm::peer_memory(::getpid(), mark.address(), mark.value()).probe()) return 2;
    return large_frames_arrive(large_frames()) ? 0 : 1;
  });
  if (code == 77) GTEST_SKIP() << "no filters of system calls here";
  EXPECT_EQ(code, 0);
}

TEST(ShmLarge, AFilterThatComesLaterEndsTheChannelAndTheNextOneDoesWithoutReading) {
  int const code = exit_code_of([] {
    introducer_table meeting;
    knob_values const knobs = large_frames();
    shm_end a(meeting, first, knobs);
    shm_end b(meeting, second, knobs);
    channel_id const here = a.bytes_to_peers.connect(second);
    if (!turn_until([&] { return !a.heard.told.empty() && !b.heard.told.empty(); }, a.loop, b.loop)) return 3;
    if (!forbid_reading_others()) return 77;
    if (a.bytes_to_peers.send(here, filled(1 << 20, 1)) != send_status::sent) return 4;
    if (!turn_until([&] { return b.heard.told.size() == 2 && a.heard.told.size() == 2; }, a.loop, b.loop)) return 5;
    if (b.heard.told[1] != "closed unauthenticated" || !b.heard.frames.empty()) return 6;
    channel_id const again = a.bytes_to_peers.connect(second);
    if (!turn_until([&] { return a.heard.last == again; }, a.loop, b.loop)) return 7;
    if (a.bytes_to_peers.send(again, filled(1 << 20, 2)) != send_status::sent) return 8;
    return turn_until([&] { return b.heard.frames.size() == 1; }, a.loop, b.loop) ? 0 : 9;
  });
  if (code == 77) GTEST_SKIP() << "no filters of system calls here";
  EXPECT_EQ(code, 0);
}

TEST(ShmGreeting, OfAProcessOfAnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may be another user";
  auto ends = *socket_pair();
  ASSERT_TRUE(shm::ask_for_credentials(ends.first.get()));
  int const code = exit_code_of([&] {
    descriptor const bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (::setresuid(65534, 65534, 65534) != 0) return 77;
    return shm::send_greeting(ends.second.get(), {.capacity = 4096}, bell.get(), bell.get()) ? 0 : 1;
  });
  ASSERT_EQ(code, 0);
  shm::notice greeting;
  auto const got = shm::receive_notice(ends.first.get(), greeting);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.failure().describe(), "the peer runs as user 65534, this proc as user 0 [unauthenticated]");
}

TEST(ShmGreeting, CutAtAnyByteIsRefused) {
  for (std::size_t size = 1; size < 48; ++size) {
    auto ends = *socket_pair();
    ASSERT_TRUE(shm::ask_for_credentials(ends.first.get()));
    ASSERT_TRUE(shm::ask_for_credentials(ends.second.get()));
    descriptor const bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    ASSERT_TRUE(shm::send_greeting(ends.second.get(), {.capacity = 4096}, bell.get(), bell.get()));
    std::array<std::byte, 64> whole{};
    ASSERT_EQ(::recv(ends.first.get(), whole.data(), whole.size(), 0), 48);
    ASSERT_EQ(::send(ends.second.get(), whole.data(), size, MSG_NOSIGNAL), static_cast<ssize_t>(size));
    shm::notice greeting;
    auto const got = shm::receive_notice(ends.first.get(), greeting);
    ASSERT_FALSE(got) << size;
    EXPECT_EQ(got.failure().code, errc::bad_frame) << size;
  }
}

TEST(ShmWaking, NoWakeUpIsLostBetweenTwoSleepingThreads) {
  introducer_table meeting;
  knob_values const knobs = small_rings();
  shm_end a(meeting, first, knobs);
  shm_end b(meeting, second, knobs);
  channel_id const here = a.bytes_to_peers.connect(second);
  ASSERT_TRUE(turn_until([&] { return !a.heard.told.empty() && !b.heard.told.empty(); }, a.loop, b.loop));
  constexpr std::size_t rounds = 3'000;
  std::thread other([&] {
    b.heard.on_frame = [&](shared_bytes const& frame) { b.bytes_to_peers.send(b.heard.last, frame); };
    // The last answer may leave without another look, so this side ends when it has sent them all.
    while (b.heard.frames.size() < rounds) b.loop.poll() ? void() : b.loop.sleep(std::chrono::seconds(60));
  });
  a.heard.on_frame = [&](shared_bytes const& frame) {
    if (a.heard.frames.size() < rounds) a.bytes_to_peers.send(here, frame);
  };
  EXPECT_EQ(a.bytes_to_peers.send(here, filled(64, 1)), send_status::sent);
  while (a.heard.frames.size() < rounds) a.loop.poll() ? void() : a.loop.sleep(std::chrono::seconds(60));
  other.join();
  EXPECT_EQ(a.heard.frames.size(), rounds);
}

}  // namespace
}  // namespace roost
