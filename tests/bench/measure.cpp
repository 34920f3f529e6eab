#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <tests/bench/measure.hpp>

#include <ctime>

namespace bench {
namespace {

std::uint64_t (*allocation_source)() noexcept = nullptr;

std::int64_t nanoseconds_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::uint64_t peak_resident_bytes() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
}

int open_instruction_counter() {
  perf_event_attr what{};
  what.size = sizeof what;
  what.type = PERF_TYPE_HARDWARE;
  what.config = PERF_COUNT_HW_INSTRUCTIONS;
  what.exclude_kernel = 1;
  what.exclude_hv = 1;
  return static_cast<int>(::syscall(SYS_perf_event_open, &what, 0, -1, -1, 0));
}

}  // namespace

std::uint64_t allocations_so_far() noexcept { return allocation_source == nullptr ? 0 : allocation_source(); }
void count_allocations_with(std::uint64_t (*source)() noexcept) noexcept { allocation_source = source; }

stopwatch::stopwatch() : counter_(open_instruction_counter()) {
  start_.peak_bytes = peak_resident_bytes();
  start_.allocations = allocations_so_far();
  start_.wall_nanoseconds = nanoseconds_of(CLOCK_MONOTONIC);
  start_.processor_nanoseconds = nanoseconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

stopwatch::~stopwatch() {
  if (counter_ >= 0) ::close(counter_);
}

cost stopwatch::stop() {
  cost spent;
  spent.processor_nanoseconds = nanoseconds_of(CLOCK_PROCESS_CPUTIME_ID) - start_.processor_nanoseconds;
  spent.wall_nanoseconds = nanoseconds_of(CLOCK_MONOTONIC) - start_.wall_nanoseconds;
  spent.allocations = allocations_so_far() - start_.allocations;
  spent.peak_bytes = peak_resident_bytes() - start_.peak_bytes;
  if (counter_ >= 0 && ::read(counter_, &spent.instructions, sizeof spent.instructions) < 0) spent.instructions = 0;
  return spent;
}

std::string to_json(cost const& spent) {
  return "\"processor_ns\":" + std::to_string(spent.processor_nanoseconds) +
         ",\"wall_ns\":" + std::to_string(spent.wall_nanoseconds) + ",\"instructions\":" + std::to_string(spent.instructions) +
         ",\"allocations\":" + std::to_string(spent.allocations) + ",\"peak_bytes\":" + std::to_string(spent.peak_bytes);
}

}  // namespace bench
