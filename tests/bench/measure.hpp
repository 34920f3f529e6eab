#pragma once
// What one piece of work costs this process: time, instructions, allocations, memory.

#include <cstdint>
#include <string>

namespace bench {

struct cost {
  std::int64_t processor_nanoseconds = 0;  ///< Of this process; benchmarks run on one thread.
  std::int64_t wall_nanoseconds = 0;
  std::uint64_t instructions = 0;  ///< In user mode; 0 where the machine has no counter for them.
  std::uint64_t allocations = 0;   ///< Calls of operator new, where its counting replacement is linked.
  std::uint64_t peak_bytes = 0;    ///< How much the highest resident size of the process grew.
};

/// Measures from its construction to `stop`. One at a time.
class stopwatch {
 public:
  stopwatch();
  ~stopwatch();
  stopwatch(stopwatch const&) = delete;
  stopwatch& operator=(stopwatch const&) = delete;
  cost stop();

 private:
  int counter_ = -1;
  cost start_;
};

/// "\"processor_ns\":5,..." without braces.
std::string to_json(cost const& spent);

/// Calls of operator new so far; 0 where they are not counted.
std::uint64_t allocations_so_far() noexcept;
void count_allocations_with(std::uint64_t (*source)() noexcept) noexcept;

}  // namespace bench
