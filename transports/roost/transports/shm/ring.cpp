#include <roost/base/plant.hpp>
#include <roost/transports/shm/ring.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace roost::shm {
namespace {

ROOST_DEFINE_PLANT(end_of_ring_unseen, "end-of-ring-unseen", "G3",
                   "reads the rest of a frame that goes on at the ring's front from another place");
ROOST_DEFINE_PLANT(ring_index_trusted, "ring-index-trusted", "G3",
                   "reads as far as the writer says that it wrote, whatever it says");

constexpr std::uint32_t record_mark = 0x726f6f70;
constexpr std::uint32_t record_kinds = 4;

struct record_header {
  std::uint32_t size = 0;
  std::uint32_t check = 0;  // `size` with `record_mark` and the kind, so that a stray write is seen.
};
static_assert(sizeof(record_header) == 8);

constexpr std::size_t cache_line = 64;
constexpr std::size_t prefetched = 4 * cache_line;

void prefetch(std::byte const* data, std::size_t start, std::size_t capacity) noexcept {
  for (std::size_t at = start; at < std::min(start + prefetched, capacity); at += cache_line) __builtin_prefetch(data + at);
}

}  // namespace

ring_memory::ring_memory(ring_memory&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)), capacity_(std::exchange(other.capacity_, 0)) {}

ring_memory& ring_memory::operator=(ring_memory&& other) noexcept {
  std::swap(base_, other.base_);
  std::swap(capacity_, other.capacity_);
  return *this;
}

ring_memory::~ring_memory() {
  if (base_ != nullptr) munmap(base_, ring_data_offset + capacity_);
}

result<ring_memory> ring_memory::map(int file, std::uint64_t capacity) {
  if (capacity < least_capacity || capacity > greatest_capacity || !std::has_single_bit(capacity))
    return error(errc::bad_frame,
                 "a ring of " + std::to_string(capacity) + " bytes is refused: a power of two from 4KiB to 1GiB is expected");
  int const wanted = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  int const seals = ::fcntl(file, F_GET_SEALS);
  if (seals < 0 || (seals & wanted) != wanted) return error(errc::bad_frame, "the memory file of a ring is not sealed");
  struct stat facts{};
  if (::fstat(file, &facts) != 0) return system_error("look at the memory file of a ring", errno);
  if (static_cast<std::uint64_t>(facts.st_size) != ring_data_offset + capacity)
    return error(errc::bad_frame,
                 "the memory file of a ring of " + std::to_string(capacity) + " bytes has " + std::to_string(facts.st_size));
  void* const base = ::mmap(nullptr, ring_data_offset + capacity, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (base == MAP_FAILED) return system_error("map a ring", errno);
  ring_memory mapped;
  mapped.base_ = static_cast<std::byte*>(base);
  mapped.capacity_ = capacity;
  return mapped;
}

ring_status ring_reader::peek(record& next) noexcept {
  std::size_t const capacity = memory_.capacity();
  if (seen_written_ == taken_) {
    std::uint64_t const written = memory_.header().written.load(std::memory_order_acquire);
    if (written == taken_) return ring_status::nothing;
    // A writer that went back makes a huge difference here.
    if ((written - taken_ > capacity || written % 8 != 0) && !ROOST_PLANT(ring_index_trusted)) return ring_status::corrupt;
    seen_written_ = written;
  }
  record_header header;
  std::memcpy(&header, memory_.data() + (taken_ & (capacity - 1)), sizeof header);
  std::uint32_t const kind = header.size ^ header.check ^ record_mark;
  if (kind >= record_kinds || room_for(header.size) > seen_written_ - taken_) return ring_status::corrupt;
  next = {static_cast<record_kind>(kind), header.size};
  return ring_status::done;
}

void ring_reader::take(std::span<std::byte> into) noexcept {
  std::size_t const capacity = memory_.capacity();
  std::size_t const start = (taken_ + sizeof(record_header)) & (capacity - 1);
  std::size_t const before_end = std::min(into.size(), capacity - start);
  if (before_end > 0) std::memcpy(into.data(), memory_.data() + start, before_end);
  if (before_end < into.size()) {
    std::size_t const front = ROOST_PLANT(end_of_ring_unseen) ? before_end : 0;
    std::memcpy(into.data() + before_end, memory_.data() + front, into.size() - before_end);
  }
  taken_ += room_for(into.size());
  // The next record was written on another core: what comes of this one hides the way from there.
  prefetch(memory_.data(), taken_ & (capacity - 1), capacity);
}

bool ring_reader::give_back() noexcept {
  if (given_back_ == taken_ && told_pulled_ == pulled_) return false;
  given_back_ = taken_;
  told_pulled_ = pulled_;
  memory_.header().pulled.store(pulled_, std::memory_order_release);
  // Ordered before the look at `writer_sleeps`; the writer stores that and then looks at this.
  memory_.header().taken.store(taken_);
  auto& sleeps = memory_.header().writer_sleeps;
  return sleeps.load() != 0 && sleeps.exchange(0) != 0;
}

bool ring_reader::arm() noexcept {
  memory_.header().reader_sleeps.store(1);
  return memory_.header().written.load() == taken_;
}

ring_status ring_writer::has_room(std::size_t bytes) noexcept {
  std::uint64_t const taken = memory_.header().taken.load();
  if (taken < seen_taken_ || taken > written_ || taken % 8 != 0) return ring_status::corrupt;
  seen_taken_ = taken;
  return capacity() - (written_ - taken) >= bytes ? ring_status::done : ring_status::nothing;
}

ring_status ring_writer::put(record_kind kind, std::span<std::byte const> content) noexcept {
  std::size_t const size = room_for(content.size());
  // A look at the reader's line is saved while what was seen of it will do.
  if (capacity() - (written_ - seen_taken_) < size)
    if (ring_status const room = has_room(size); room != ring_status::done) return room;
  std::size_t const mask = capacity() - 1;
  auto const length = static_cast<std::uint32_t>(content.size());
  record_header const header{.size = length, .check = length ^ record_mark ^ static_cast<std::uint32_t>(kind)};
  std::memcpy(memory_.data() + (written_ & mask), &header, sizeof header);
  std::size_t const start = (written_ + sizeof header) & mask;
  std::size_t const before_end = std::min(content.size(), capacity() - start);
  if (before_end > 0) std::memcpy(memory_.data() + start, content.data(), before_end);
  if (before_end < content.size()) std::memcpy(memory_.data(), content.data() + before_end, content.size() - before_end);
  written_ += size;
  // Ordered before the look at `reader_sleeps`; the reader stores that and then looks at this.
  memory_.header().written.store(written_);
  return ring_status::done;
}

bool ring_writer::must_ring() noexcept {
  auto& sleeps = memory_.header().reader_sleeps;
  return sleeps.load() != 0 && sleeps.exchange(0) != 0;
}

ring_status ring_writer::arm(std::size_t bytes) noexcept {
  memory_.header().writer_sleeps.store(1);
  return has_room(bytes);
}

}  // namespace roost::shm
