#pragma once
// Reading another process's memory where the kernel allows it. Only ever reading: a writer that is stopped in the middle could
// write into what its target has become meanwhile.

#include <roost/base/error.hpp>

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace roost::shm {

using mark_value = std::array<std::uint64_t, 2>;

/// A drawn number in this process's memory, by which whoever reads here can tell that it is still here. It goes before what it
/// vouches for does.
class memory_mark {
 public:
  memory_mark();
  ~memory_mark() { wipe(); }
  memory_mark(memory_mark const&) = delete;
  memory_mark& operator=(memory_mark const&) = delete;

  mark_value value() const noexcept { return {words_[0].load(), words_[1].load()}; }
  std::uint64_t address() const noexcept { return reinterpret_cast<std::uint64_t>(words_.data()); }
  /// From now on nothing that is read here counts.
  void wipe() noexcept;

 private:
  std::array<std::atomic<std::uint64_t>, 2> words_;
};

/// The memory of one process, as long as it has its mark. What the peer says of itself is input.
class peer_memory {
 public:
  peer_memory() = default;
  peer_memory(pid_t process, std::uint64_t mark_address, mark_value mark)
      : process_(process), mark_address_(mark_address), mark_(mark) {}

  /// Fills `into` from `address` on and then looks for the mark, through one hold of the kernel on one process. Errors:
  /// `errc::unauthenticated` where it may not be read, `errc::unavailable` where the process or its mark is gone,
  /// `errc::bad_frame` where it has no such memory. After an error `into` holds anything.
  result<void> read(std::uint64_t address, std::span<std::byte> into) const;
  /// Whether that works: reads the mark alone.
  result<void> probe() const { return read(0, {}); }

 private:
  pid_t process_ = 0;
  std::uint64_t mark_address_ = 0;
  mark_value mark_{};
};

}  // namespace roost::shm
