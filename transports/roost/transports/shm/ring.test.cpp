#include <gtest/gtest.h>

#include <roost/transports/shm/ring.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <thread>
#include <vector>

namespace roost::shm {
namespace {

struct pair {
  ring_reader reader;
  ring_writer writer;
  ring_memory raw;  // A third mapping, for a hostile hand.
};

pair make(std::size_t capacity) {
  descriptor const file = *sealed_memory_file("test-ring", ring_data_offset + capacity);
  auto const map = [&] { return *ring_memory::map(file.get(), capacity); };
  return {ring_reader(map()), ring_writer(map()), map()};
}

std::vector<std::byte> pattern(std::size_t size, std::size_t seed) {
  std::vector<std::byte> content(size);
  for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<std::byte>(seed + i * 7);
  return content;
}

ring_status take_frame(ring_reader& reader, shared_bytes& frame) {
  record next;
  auto const status = reader.peek(next);
  if (status != ring_status::done) return status;
  EXPECT_EQ(next.kind, record_kind::frame);
  frame = shared_bytes::made(next.size, [&reader](std::span<std::byte> content) { reader.take(content); });
  return status;
}

void expect_frame(ring_reader& reader, std::vector<std::byte> const& content) {
  shared_bytes frame;
  ASSERT_EQ(take_frame(reader, frame), ring_status::done);
  ASSERT_EQ(frame.size(), content.size());
  EXPECT_TRUE(content.empty() || std::memcmp(frame.view().data(), content.data(), content.size()) == 0);
}

TEST(Ring, GivesBackFramesOfEverySizeAtEveryOffset) {
  pair p = make(4096);
  std::size_t number = 0;
  for (std::size_t size = 0; size < 700; ++size)
    for (std::size_t repeat = 0; repeat < 7; ++repeat) {
      auto const content = pattern(size, ++number);
      ASSERT_EQ(p.writer.put(record_kind::frame, content), ring_status::done);
      expect_frame(p.reader, content);
      p.reader.give_back();
    }
  shared_bytes frame;
  EXPECT_EQ(take_frame(p.reader, frame), ring_status::nothing);
}

TEST(Ring, TakesAFrameThatFillsItWhole) {
  pair p = make(4096);
  auto const content = pattern(4096 - 8, 3);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(p.writer.put(record_kind::frame, content), ring_status::done);
    EXPECT_EQ(p.writer.put(record_kind::frame, {}), ring_status::nothing);
    expect_frame(p.reader, content);
    EXPECT_TRUE(p.reader.owes_room());
    p.reader.give_back();
  }
}

TEST(Ring, IsFullUntilSomethingIsTaken) {
  pair p = make(4096);
  auto const content = pattern(1000, 1);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(p.writer.put(record_kind::frame, content), ring_status::done);
  EXPECT_EQ(p.writer.put(record_kind::frame, content), ring_status::nothing);
  EXPECT_EQ(p.writer.arm(room_for(1000)), ring_status::nothing);
  expect_frame(p.reader, content);
  EXPECT_TRUE(p.reader.give_back());
  EXPECT_FALSE(p.reader.give_back());
  EXPECT_EQ(p.writer.has_room(room_for(1000)), ring_status::done);
}

TEST(Ring, AReaderThatSleepsIsRungOnceAndOneThatIsAwakeNever) {
  pair p = make(4096);
  EXPECT_EQ(p.writer.put(record_kind::frame, {}), ring_status::done);
  EXPECT_FALSE(p.writer.must_ring());
  EXPECT_FALSE(p.reader.arm());
  p.reader.disarm();
  expect_frame(p.reader, {});
  EXPECT_TRUE(p.reader.arm());
  EXPECT_EQ(p.writer.put(record_kind::frame, {}), ring_status::done);
  EXPECT_TRUE(p.writer.must_ring());
  EXPECT_FALSE(p.writer.must_ring());
}

TEST(Ring, AnIndexOutOfRangeIsSeenByBothSides) {
  for (std::uint64_t const wrong : {std::uint64_t{4104}, std::uint64_t{1} << 63, ~std::uint64_t{0}, std::uint64_t{12}}) {
    pair p = make(4096);
    p.raw.header().written.store(wrong);
    shared_bytes frame;
    EXPECT_EQ(take_frame(p.reader, frame), ring_status::corrupt) << wrong;
    p.raw.header().taken.store(wrong);
    EXPECT_EQ(p.writer.has_room(8), ring_status::corrupt) << wrong;
  }
}

TEST(Ring, AnIndexThatGoesBackIsSeenByBothSides) {
  pair p = make(4096);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(p.writer.put(record_kind::frame, {}), ring_status::done);
  for (int i = 0; i < 3; ++i) expect_frame(p.reader, {});
  p.reader.give_back();
  EXPECT_EQ(p.writer.has_room(8), ring_status::done);
  p.raw.header().written.store(8);
  shared_bytes frame;
  EXPECT_EQ(take_frame(p.reader, frame), ring_status::corrupt);
  p.raw.header().taken.store(8);
  EXPECT_EQ(p.writer.has_room(8), ring_status::corrupt);
}

TEST(Ring, ALengthThatDoesNotFitIsRefused) {
  for (std::uint32_t const length : {std::uint32_t{9}, std::uint32_t{4096}, ~std::uint32_t{0}, ~std::uint32_t{7}}) {
    pair p = make(4096);
    EXPECT_EQ(p.writer.put(record_kind::frame, pattern(8, 1)), ring_status::done);
    std::uint32_t const forged[2] = {length, length ^ 0x726f6f70U};
    std::memcpy(p.raw.data(), forged, sizeof forged);
    shared_bytes frame;
    EXPECT_EQ(take_frame(p.reader, frame), ring_status::corrupt) << length;
  }
}

TEST(Ring, FilesThatAreNotSealedOrOfAnotherSizeAreNotMapped) {
  descriptor const loose(::memfd_create("loose", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(loose.get(), ring_data_offset + 4096), 0);
  EXPECT_EQ(ring_memory::map(loose.get(), 4096).failure().code, errc::bad_frame);
  descriptor const file = *sealed_memory_file("test-ring", ring_data_offset + 4096);
  for (std::uint64_t const capacity : {std::uint64_t{0}, std::uint64_t{8192}, std::uint64_t{4095}, std::uint64_t{1} << 62})
    EXPECT_EQ(ring_memory::map(file.get(), capacity).failure().code, errc::bad_frame) << capacity;
  EXPECT_TRUE(ring_memory::map(file.get(), 4096));
}

TEST(Ring, CarriesFramesBetweenThreadsInOrderAndWhole) {
  pair p = make(8192);
  constexpr std::size_t count = 20'000;
  std::thread writer([&] {
    for (std::size_t i = 0; i < count; ++i)
      while (p.writer.put(record_kind::frame, pattern(i * 31 % 900, i)) != ring_status::done) std::this_thread::yield();
  });
  for (std::size_t i = 0; i < count; ++i) {
    shared_bytes frame;
    ring_status got = ring_status::nothing;
    while ((got = take_frame(p.reader, frame)) == ring_status::nothing) std::this_thread::yield();
    ASSERT_EQ(got, ring_status::done);
    if (p.reader.owes_room()) p.reader.give_back();
    auto const content = pattern(i * 31 % 900, i);
    ASSERT_EQ(frame.size(), content.size());
    ASSERT_TRUE(content.empty() || std::memcmp(frame.view().data(), content.data(), content.size()) == 0);
  }
  writer.join();
}

}  // namespace
}  // namespace roost::shm
