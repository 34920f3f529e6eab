#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tests/bench/between.hpp>
#include <tests/bench/measure.hpp>

#include <algorithm>
#include <atomic>
#include <bit>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <new>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t window_bytes = std::size_t{4} << 20;

/// What both processes see.
struct meeting_place {
  alignas(64) std::atomic<std::uint64_t> there = 0;
  alignas(64) std::atomic<std::uint64_t> back = 0;
  alignas(64) std::byte window[window_bytes] = {};
};

void await(std::atomic<std::uint64_t> const& counter, std::uint64_t least) noexcept {
  while (counter.load(std::memory_order_acquire) < least) {
  }
}

/// Runs `far` in a process of its own and times `near` in this one. Ends this process where there can be no second one.
exchange between_two(std::uint64_t count, std::function<void(meeting_place&)> const& near,
                     std::function<void(meeting_place&)> const& far) {
  void* const base =
      ::mmap(nullptr, sizeof(meeting_place), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (base == MAP_FAILED) std::abort();
  auto& shared = *new (base) meeting_place;
  auto const other = ::fork();
  if (other < 0) std::abort();
  if (other == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    pin_to_core(1);
    shared.back.store(1);
    far(shared);
    std::_Exit(0);
  }
  pin_to_core(0);
  await(shared.back, 1);
  stopwatch watch;
  near(shared);
  auto const spent = watch.stop();
  ::waitpid(other, nullptr, 0);
  ::munmap(base, sizeof(meeting_place));
  return {spent.wall_nanoseconds, count};
}

}  // namespace

bool pin_to_core(unsigned index) noexcept {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return false;
  auto left = index % static_cast<unsigned>(std::max(1, CPU_COUNT(&allowed)));
  for (unsigned cpu = 0; cpu != CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed) || left-- != 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    return ::sched_setaffinity(0, sizeof one, &one) == 0;
  }
  return false;
}

exchange bare_round_trips(std::uint64_t rounds) {
  return between_two(
      rounds,
      [rounds](meeting_place& shared) {
        for (std::uint64_t i = 1; i <= rounds; ++i) {
          shared.there.store(i, std::memory_order_release);
          await(shared.back, i + 1);
        }
      },
      [rounds](meeting_place& shared) {
        for (std::uint64_t i = 1; i <= rounds; ++i) {
          await(shared.there, i);
          shared.back.store(i + 1, std::memory_order_release);
        }
      });
}

exchange bare_copies(std::uint64_t count, std::uint64_t size) {
  auto const slots = std::max<std::uint64_t>(1, window_bytes / std::max<std::uint64_t>(1, size));
  return between_two(
      count,
      [=](meeting_place& shared) {
        std::vector<std::byte> const from(size, std::byte{1});
        for (std::uint64_t i = 0; i != count; ++i) {
          if (i >= slots) await(shared.back, i - slots + 2);
          std::memcpy(shared.window + i % slots * size, from.data(), size);
          shared.there.store(i + 1, std::memory_order_release);
        }
        await(shared.back, count + 1);
      },
      [=](meeting_place& shared) {
        std::vector<std::byte> to(size);
        for (std::uint64_t i = 0; i != count; ++i) {
          await(shared.there, i + 1);
          std::memcpy(to.data(), shared.window + i % slots * size, size);
          shared.back.store(i + 2, std::memory_order_release);
        }
      });
}

}  // namespace bench
