#pragma once
// The bounds of work between two processes of one host, and where each of the two runs.

#include <cstdint>

namespace bench {

/// Puts the calling thread on the `index`-th core that this process may use, counted round; false where the kernel refuses.
bool pin_to_core(unsigned index) noexcept;

/// What was done between two bare processes, each on a core of its own where there are two.
struct exchange {
  std::int64_t wall_nanoseconds = 0;
  std::uint64_t count = 0;
};

/// One cache line there and back, `rounds` times; both sides look without pause. No system call, no copy: the least it can take.
exchange bare_round_trips(std::uint64_t rounds);
/// `count` blocks of `size` bytes copied into shared memory by one process and out of it by the other, through four megabytes.
exchange bare_copies(std::uint64_t count, std::uint64_t size);

}  // namespace bench
