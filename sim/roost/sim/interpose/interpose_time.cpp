// Clocks show the virtual time of the host; sleeping keeps the worker busy, as it does live.

#include <roost/sim/interpose/interpose.hpp>

#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

using roost::sim::inside_now;

ROOST_REAL(int, clock_gettime, (clockid_t which, timespec* to), which, to)
ROOST_REAL(int, gettimeofday, (timeval * to, void* zone), to, zone)
ROOST_REAL(time_t, time, (time_t* to), to)
ROOST_REAL(clock_t, clock, ())
ROOST_REAL(int, timespec_get, (timespec * to, int base), to, base)
ROOST_REAL(int, nanosleep, (timespec const* wanted, timespec* left), wanted, left)
ROOST_REAL(int, clock_nanosleep, (clockid_t which, int flags, timespec const* wanted, timespec* left), which, flags, wanted, left)
ROOST_REAL(int, usleep, (useconds_t wanted), wanted)
ROOST_REAL(unsigned, sleep, (unsigned wanted), wanted)

namespace {

constexpr std::int64_t second = 1'000'000'000;

std::int64_t shown(roost::sim::inside& step, clockid_t which) {
  switch (which) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_TAI: return step.wall();
    case CLOCK_BOOTTIME: return step.boot();
    default: return step.monotonic();
  }
}

std::int64_t count(timespec const& t) { return t.tv_sec * second + t.tv_nsec; }

}  // namespace

extern "C" {

int clock_gettime(clockid_t which, timespec* to) noexcept {  // banned-call: stands in front of it
  auto* const step = inside_now();
  if (step == nullptr) return real_clock_gettime(which, to);
  std::int64_t const now = shown(*step, which);
  *to = {now / second, now % second};
  return 0;
}

int gettimeofday(timeval* __restrict to, void* __restrict zone) noexcept {  // banned-call: stands in front of it
  auto* const step = inside_now();
  if (step == nullptr) return real_gettimeofday(to, zone);
  std::int64_t const now = step->wall();
  *to = {now / second, now % second / 1'000};
  return 0;
}

time_t time(time_t* to) noexcept {
  auto* const step = inside_now();
  if (step == nullptr) return real_time(to);
  time_t const now = step->wall() / second;
  if (to != nullptr) *to = now;
  return now;
}

clock_t clock() noexcept {
  auto* const step = inside_now();
  if (step == nullptr) return real_clock();
  return step->monotonic() / (second / CLOCKS_PER_SEC);
}

int timespec_get(timespec* to, int base) noexcept {  // banned-call: stands in front of it
  auto* const step = inside_now();
  if (step == nullptr) return real_timespec_get(to, base);
  std::int64_t const now = step->wall();
  *to = {now / second, now % second};
  return base;
}

int nanosleep(timespec const* wanted, timespec* left) {  // banned-call: stands in front of it
  auto* const step = inside_now();
  if (step == nullptr) return real_nanosleep(wanted, left);
  step->blocks(count(*wanted));
  return 0;
}

int clock_nanosleep(clockid_t which, int flags, timespec const* wanted, timespec* left) {  // banned-call: stands in front of it
  auto* const step = inside_now();
  if (step == nullptr) return real_clock_nanosleep(which, flags, wanted, left);
  step->blocks((flags & TIMER_ABSTIME) != 0 ? count(*wanted) - shown(*step, which) : count(*wanted));
  return 0;
}

int usleep(useconds_t wanted) {  // banned-call: stands in front of it
  auto* const step = inside_now();
  if (step == nullptr) return real_usleep(wanted);
  step->blocks(std::int64_t{wanted} * 1'000);
  return 0;
}

unsigned sleep(unsigned wanted) {
  auto* const step = inside_now();
  if (step == nullptr) return real_sleep(wanted);
  step->blocks(wanted * second);
  return 0;
}

}  // extern "C"
