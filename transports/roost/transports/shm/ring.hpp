#pragma once
// Records from one writer to one reader through a sealed memory file that both have mapped. Neither believes the other: what the
// other side wrote is input, checked before use, and nothing that it writes can make this side touch memory outside the ring.
//
// Indices count bytes and never wrap; each side keeps its own in private memory and only publishes it. A record is a header of
// eight bytes and its bytes, padded to eight. The reader makes the ring.

#include <roost/base/bytes.hpp>
#include <roost/base/error.hpp>
#include <roost/live/descriptor.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace roost::shm {

/// The first page of the file. Public for tests that play a hostile peer.
struct ring_header {
  alignas(64) std::atomic<std::uint64_t> written;        ///< Stored by the writer.
  alignas(64) std::atomic<std::uint32_t> reader_sleeps;  ///< Set by the reader; the writer that clears it rings.
  alignas(64) std::atomic<std::uint64_t> taken;          ///< Stored by the reader.
  std::atomic<std::uint64_t> pulled;                     ///< Likewise: how many loans it is done with.
  std::atomic<std::uint32_t> may_lend;                   ///< Likewise: whether it can read the writer's memory.
  alignas(64) std::atomic<std::uint32_t> writer_sleeps;  ///< Set by a writer without room; the reader that clears it rings.
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<std::uint32_t>::is_always_lock_free);

inline constexpr std::size_t ring_data_offset = 4096;
inline constexpr std::size_t least_capacity = 4096;
inline constexpr std::size_t greatest_capacity = std::size_t{1} << 30;
/// What a record of so many bytes takes of a ring.
constexpr std::size_t room_for(std::size_t size) noexcept { return 8 + (size + 7) / 8 * 8; }

enum class record_kind : std::uint8_t {
  frame,  ///< A whole frame.
  begin,  ///< Of a frame that follows in pieces: its size, of eight bytes.
  piece,
  loan,  ///< Where in the writer's memory a frame lies: its address and its size, of eight bytes each.
};

/// What comes next in a ring.
struct record {
  record_kind kind = record_kind::frame;
  std::size_t size = 0;
};

/// A mapped ring file.
class ring_memory {
 public:
  ring_memory() = default;
  ring_memory(ring_memory&& other) noexcept;
  ring_memory& operator=(ring_memory&& other) noexcept;
  ~ring_memory();
  /// Maps `file`, which must be sealed against changes of size and have exactly the size of a ring of `capacity`.
  static result<ring_memory> map(int file, std::uint64_t capacity);

  ring_header& header() const noexcept { return *reinterpret_cast<ring_header*>(base_); }
  std::byte* data() const noexcept { return base_ + ring_data_offset; }
  std::size_t capacity() const noexcept { return capacity_; }

 private:
  std::byte* base_ = nullptr;
  std::size_t capacity_ = 0;
};

enum class ring_status : std::uint8_t { done, nothing, corrupt };

class ring_reader {
 public:
  ring_reader() = default;
  explicit ring_reader(ring_memory memory) : memory_(std::move(memory)) {}

  /// Says what comes next, without taking it. After `corrupt` the ring is of no use.
  ring_status peek(record& next) noexcept;
  /// Takes the record that `peek` told of, and copies it `into` bytes of just its size.
  void take(std::span<std::byte> into) noexcept;
  /// What it took since the last `give_back` ended a loan.
  void pulled() noexcept { ++pulled_; }
  /// Whether the writer may lend; it may not before this is said.
  void allow_loans(bool allowed) noexcept { memory_.header().may_lend.store(allowed ? 1 : 0); }
  /// Whether so much was taken since the last `give_back` that the writer may run short of room.
  bool owes_room() const noexcept { return taken_ - given_back_ >= memory_.capacity() / 4; }
  /// Lets the writer have the room of what was taken; true when it sleeps for room and must be rung.
  bool give_back() noexcept;
  /// Asks to be rung; false when there is something to take already.
  bool arm() noexcept;
  void disarm() noexcept { memory_.header().reader_sleeps.store(0); }

 private:
  ring_memory memory_;
  std::uint64_t taken_ = 0;
  std::uint64_t given_back_ = 0;    // What the writer knows of it.
  std::uint64_t seen_written_ = 0;  // What is known to be there: a look at the writer's line takes long.
  std::uint64_t pulled_ = 0;
  std::uint64_t told_pulled_ = 0;
};

class ring_writer {
 public:
  ring_writer() = default;
  explicit ring_writer(ring_memory memory) : memory_(std::move(memory)) {}

  std::size_t capacity() const noexcept { return memory_.capacity(); }
  /// Copies a record in, or nothing when there is no room for it. What it takes is at most the capacity.
  ring_status put(record_kind kind, std::span<std::byte const> content) noexcept;
  /// After a frame was put: true when the reader sleeps and must be rung.
  bool must_ring() noexcept;
  /// Whether there is room now for `bytes` as counted by `room_for`.
  ring_status has_room(std::size_t bytes) noexcept;
  /// Asks to be rung when something is taken; anything but `nothing` means not to sleep.
  ring_status arm(std::size_t bytes) noexcept;
  void disarm() noexcept { memory_.header().writer_sleeps.store(0); }
  /// Whether the reader has taken all that was put. Input: a reader that says so wrongly has only lost it.
  bool all_taken() const noexcept { return memory_.header().taken.load(std::memory_order_acquire) == written_; }
  bool may_lend() const noexcept { return memory_.header().may_lend.load(std::memory_order_relaxed) == 1; }
  /// How many loans the reader says that it is done with. Input: it may say anything.
  std::uint64_t pulled() const noexcept { return memory_.header().pulled.load(std::memory_order_acquire); }

 private:
  ring_memory memory_;
  std::uint64_t written_ = 0;
  std::uint64_t seen_taken_ = 0;
};

}  // namespace roost::shm
