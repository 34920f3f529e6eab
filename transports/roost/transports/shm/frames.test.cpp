#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <roost/base/plant.hpp>
#include <roost/transports/shm/frames.hpp>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace roost::shm {
namespace {

using step = frame_reader::step;

shared_bytes pattern(std::size_t size, std::size_t seed) {
  return shared_bytes::made(size, [seed](std::span<std::byte> out) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::byte>(seed + i * 7 + i / 256);
  });
}

bool same(shared_bytes const& a, shared_bytes const& b) { return std::ranges::equal(a.view(), b.view()); }

constexpr std::size_t most = std::size_t{1} << 20;
constexpr std::size_t lend_from = 2000;

// One direction within this process, which reads its own memory as that of a peer.
struct direction {
  explicit direction(std::size_t capacity, bool lends, std::size_t from = lend_from) {
    descriptor const file = *sealed_memory_file("test-ring", ring_data_offset + capacity);
    auto const map = [&] { return *ring_memory::map(file.get(), capacity); };
    reader.open(ring_reader(map()), most);
    writer = std::make_unique<frame_writer>();
    writer->open(ring_writer(map()), from);
    raw = ring_writer(map());
    header = map();
    if (lends) reader.attach(peer_memory(::getpid(), mark->address(), mark->value()));
  }
  /// What a peer's death does: its mark and what it lent are gone.
  void end_writer() {
    mark.reset();
    writer.reset();
  }
  result<step> next() {
    auto const done = reader.next(frame);
    reader.give_back();
    return done;
  }
  errc failure() {
    for (;;) {
      auto const done = next();
      if (!done) return done.failure().code;
      if (*done == step::nothing) return errc::ok;
    }
  }

  std::unique_ptr<memory_mark> mark = std::make_unique<memory_mark>();
  std::unique_ptr<frame_writer> writer;
  frame_reader reader;
  ring_writer raw;  // For a hostile hand, before `writer` has written.
  ring_memory header;
  shared_bytes frame;
};

struct Frames : ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Shm, Frames, ::testing::Bool(), [](auto const& what) { return what.param ? "lent" : "in_pieces"; });

TEST_P(Frames, OneLargerThanTheRingArrivesWholeAndOthersKeepTheirPlace) {
  direction d(4096, GetParam());
  std::vector<std::size_t> const sizes{5, 300'000, 7, most, 0, 2048, 2049, 1};
  std::size_t sent = 0;
  for (std::size_t got = 0; got != sizes.size();) {
    while (sent != sizes.size() && d.writer->put(pattern(sizes[sent], sent)) == ring_status::done) ++sent;
    auto const done = d.next();
    ASSERT_TRUE(done) << done.failure().describe();
    if (*done == step::frame) {
      ASSERT_TRUE(same(d.frame, pattern(sizes[got], got))) << got;
      ++got;
    }
    d.writer->pump();
  }
  d.writer->pump();
  EXPECT_EQ(d.writer->kept(), 0U);
}

RC_GTEST_PROP(FramesProperty, ArriveInOrderAndWholeInAnyMixture, ()) {
  auto const sizes = *rc::gen::container<std::vector<std::size_t>>(rc::gen::weightedOneOf<std::size_t>(
      {{3, rc::gen::inRange<std::size_t>(0, 300)}, {1, rc::gen::inRange<std::size_t>(0, 30'000)}}));
  direction d(std::size_t{4096} << *rc::gen::inRange(0, 3), *rc::gen::arbitrary<bool>(), *rc::gen::inRange<std::size_t>(1, 5000));
  std::size_t sent = 0;
  std::size_t got = 0;
  bool refused = false;
  while (got != sizes.size()) {
    auto const turns = *rc::gen::inRange(1, 6);
    for (int i = 0; i != turns && sent != sizes.size() && !refused; ++i) {
      refused = d.writer->put(pattern(sizes[sent], sent)) == ring_status::nothing;
      sent += refused ? 0 : 1;
    }
    for (int i = *rc::gen::inRange(1, 6); i != 0; --i) {
      auto const done = d.next();
      RC_ASSERT(done.has_value());
      if (*done != step::frame) continue;
      RC_ASSERT(same(d.frame, pattern(sizes[got], got)));
      ++got;
    }
    RC_ASSERT(d.writer->pump() != ring_status::corrupt);
    refused = refused && d.writer->room_again() != ring_status::done;
  }
  d.writer->pump();
  RC_ASSERT(d.writer->kept() == 0U);
}

TEST_P(Frames, AWriterCutAtAnyPointLeavesWholeFramesInOrderAndNoOther) {
  std::vector<std::size_t> const sizes{100, 9000, 3, 0, 20'000, 2500, 700, 5000};
  bool all = false;
  for (std::size_t cut = 0; !all; ++cut) {
    direction d(4096, GetParam());
    std::size_t sent = 0;
    std::size_t got = 0;
    auto const take = [&] {
      auto const done = d.next();
      if (!done) return false;
      if (*done == step::frame) {
        EXPECT_TRUE(same(d.frame, pattern(sizes[got], got))) << "cut " << cut << ", frame " << got;
        ++got;
      }
      return *done != step::nothing;
    };
    for (std::size_t steps = 0; steps != cut; ++steps) {
      if (steps % 3 == 2) {
        take();
      } else if (sent == sizes.size() || d.writer->put(pattern(sizes[sent], sent)) != ring_status::done) {
        d.writer->pump();
      } else {
        ++sent;
      }
    }
    d.end_writer();
    while (take()) {
    }
    EXPECT_LE(got, sent);
    all = got == sizes.size();
    ASSERT_LT(cut, 1000U);
  }
}

TEST(FramesLent, AreKeptUntilTheyWereReadAndNoLonger) {
  direction d(1 << 16, true);
  std::size_t sent = 0;
  while (d.writer->put(pattern(lend_from, sent)) == ring_status::done) ++sent;
  EXPECT_EQ(sent, d.writer->kept());
  EXPECT_LT(sent, 100U);
  EXPECT_EQ(d.writer->room_again(), ring_status::nothing);
  EXPECT_EQ(d.writer->arm(), ring_status::nothing);
  ASSERT_EQ(*d.reader.next(d.frame), step::frame);
  EXPECT_TRUE(d.reader.give_back()) << "the writer sleeps until one was read";
  EXPECT_EQ(d.writer->arm(), ring_status::done);
  EXPECT_EQ(d.writer->pump(), ring_status::done);
  EXPECT_EQ(d.writer->kept(), sent - 1);
  EXPECT_EQ(d.writer->room_again(), ring_status::done);
  EXPECT_EQ(d.writer->put(pattern(lend_from, sent)), ring_status::done);
}

TEST(FramesLent, AreReadInStepsSoThatOthersHaveTheirTurn) {
  direction large(1 << 16, true);
  descriptor const file = *sealed_memory_file("test-ring", ring_data_offset + 4096);
  large.reader.open(ring_reader(*ring_memory::map(file.get(), 4096)), 16 << 20);
  large.writer->open(ring_writer(*ring_memory::map(file.get(), 4096)), 1);
  large.reader.attach(peer_memory(::getpid(), large.mark->address(), large.mark->value()));
  auto const sent = pattern(5 << 20, 1);
  ASSERT_EQ(large.writer->put(sent), ring_status::done);
  EXPECT_EQ(*large.next(), step::working);
  EXPECT_FALSE(large.reader.arm()) << "it is not done";
  EXPECT_EQ(*large.next(), step::working);
  EXPECT_EQ(*large.next(), step::frame);
  EXPECT_TRUE(same(large.frame, sent));
  EXPECT_EQ(large.writer->pump(), ring_status::done);
  EXPECT_EQ(large.writer->kept(), 0U);
}

TEST(FramesLent, OfAWriterWhoseMarkIsGoneAreNotTaken) {
  direction d(1 << 16, true);
  auto const kept = pattern(5000, 1);
  ASSERT_EQ(d.writer->put(kept), ring_status::done);
  d.mark->wipe();
  EXPECT_EQ(d.failure(), errc::unavailable);
}

/// What comes of reading, and of looking for it once more when it has ended, a process that has the number of the sender and whose
/// mark is not there.
std::pair<errc, errc> read_of_a_stranger() {
  memory_mark mark;
  std::uint64_t secret = 42;
  int ends[2];
  if (::pipe(ends) != 0) return {};
  pid_t const stranger = ::fork();
  if (stranger == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    mark.wipe();
    static_cast<void>(!::write(ends[1], "x", 1));
    for (;;) ::pause();
  }
  char ready = 0;
  EXPECT_EQ(::read(ends[0], &ready, 1), 1);
  auto const address = reinterpret_cast<std::uint64_t>(&secret);
  std::uint64_t copy = 0;
  peer_memory const of_stranger(stranger, mark.address(), mark.value());
  auto const code_of = [](result<void> const& done) { return done ? errc::ok : done.failure().code; };
  auto const living = code_of(of_stranger.read(address, std::as_writable_bytes(std::span(&copy, 1))));
  ::kill(stranger, SIGKILL);
  ::waitpid(stranger, nullptr, 0);
  ::close(ends[0]);
  ::close(ends[1]);
  return {living, code_of(of_stranger.probe())};
}

TEST(FramesLent, AreNotReadFromAnotherProcessThatHasTheNumber) {
  EXPECT_EQ(read_of_a_stranger(), std::pair(errc::unavailable, errc::unavailable));
  memory_mark const mark;
  EXPECT_TRUE(peer_memory(::getpid(), mark.address(), mark.value()).probe());
  EXPECT_EQ(peer_memory(0, mark.address(), mark.value()).probe().failure().code, errc::unauthenticated);
}

#if defined(ROOST_PLANTS) && ROOST_PLANTS
TEST(PlantedBugs, MarkUnchecked) {
  find_plant("mark-unchecked")->arm(true);
  EXPECT_EQ(read_of_a_stranger(), std::pair(errc::ok, errc::unavailable)) << "a stranger's memory was not taken for a frame";
  find_plant("mark-unchecked")->arm(false);
}
#endif

// What a hostile peer may write, and what comes of it.
TEST(FramesForged, AreRefused) {
  struct forgery {
    char const* what;
    bool attached;
    errc expected;
    std::vector<std::pair<record_kind, std::vector<std::uint64_t>>> records;
  };
  auto const here = reinterpret_cast<std::uint64_t>(&lend_from);
  for (auto const& each : std::vector<forgery>{
           {"a loan that was not allowed", false, errc::bad_frame, {{record_kind::loan, {here, 8}}}},
           {"a loan of nothing", true, errc::bad_frame, {{record_kind::loan, {here, 0}}}},
           {"a loan above the limit", true, errc::too_large, {{record_kind::loan, {here, most + 1}}}},
           {"a loan as large as it gets", true, errc::too_large, {{record_kind::loan, {here, ~std::uint64_t{0}}}}},
           {"a loan of memory that is not there", true, errc::bad_frame, {{record_kind::loan, {8, 8}}}},
           {"a loan at the end of all memory", true, errc::bad_frame, {{record_kind::loan, {~std::uint64_t{0} - 3, 8}}}},
           {"a loan cut short", true, errc::bad_frame, {{record_kind::loan, {here}}}},
           {"a loan with more behind it", true, errc::bad_frame, {{record_kind::loan, {here, 8, 8}}}},
           {"a piece of nothing", false, errc::bad_frame, {{record_kind::piece, {1}}}},
           {"no size", false, errc::bad_frame, {{record_kind::begin, {}}}},
           {"a size of nothing", false, errc::bad_frame, {{record_kind::begin, {0}}}},
           {"a size above the limit", false, errc::too_large, {{record_kind::begin, {most + 1}}}},
           {"an empty piece", false, errc::bad_frame, {{record_kind::begin, {16}}, {record_kind::piece, {}}}},
           {"a piece too many", false, errc::bad_frame, {{record_kind::begin, {16}}, {record_kind::piece, {1, 2, 3}}}},
           {"a frame between pieces", false, errc::bad_frame, {{record_kind::begin, {16}}, {record_kind::frame, {1}}}},
           {"a loan between pieces", true, errc::bad_frame, {{record_kind::begin, {16}}, {record_kind::loan, {here, 8}}}},
           {"another size between pieces", false, errc::bad_frame, {{record_kind::begin, {16}}, {record_kind::begin, {16}}}}}) {
    direction d(4096, each.attached);
    for (auto const& [kind, words] : each.records) ASSERT_EQ(d.raw.put(kind, std::as_bytes(std::span(words))), ring_status::done);
    EXPECT_EQ(d.failure(), each.expected) << each.what;
  }
}

TEST(FramesForged, AReaderThatSaysItReadMoreThanWasLentIsRefused) {
  direction d(4096, true);
  ASSERT_EQ(d.writer->put(pattern(3000, 1)), ring_status::done);
  d.header.header().pulled.store(2);
  EXPECT_EQ(d.writer->pump(), ring_status::corrupt);
  EXPECT_EQ(d.writer->kept(), 1U);
}

}  // namespace
}  // namespace roost::shm
