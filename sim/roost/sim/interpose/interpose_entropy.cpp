// Random words come from the proc's keyed stream. Seeding has no effect in simulated steps; what is pure (rand_r, erand48) is left.

#include <roost/sim/interpose/interpose.hpp>

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <random>

using roost::sim::inside_now;

ROOST_REAL(ssize_t, getrandom, (void* to, size_t size, unsigned flags), to, size, flags)
ROOST_REAL(int, getentropy, (void* to, size_t size), to, size)
ROOST_REAL(int, rand, ())
ROOST_REAL(void, srand, (unsigned seed), seed)
ROOST_REAL(long, random, ())
ROOST_REAL(void, srandom, (unsigned seed), seed)
ROOST_REAL(double, drand48, ())
ROOST_REAL(long, lrand48, ())
ROOST_REAL(long, mrand48, ())
ROOST_REAL(void, srand48, (long seed), seed)
ROOST_REAL(uint32_t, arc4random, ())
ROOST_REAL(uint32_t, arc4random_uniform, (uint32_t bound), bound)
ROOST_REAL(void, arc4random_buf, (void* to, size_t size), to, size)

namespace {

void fill(roost::sim::inside& step, void* to, size_t size) {
  auto* at = static_cast<unsigned char*>(to);
  while (size != 0) {
    std::uint64_t const word = step.random_word();
    size_t const part = std::min(size, sizeof word);
    std::memcpy(at, &word, part);
    at += part;
    size -= part;
  }
}

}  // namespace

extern "C" {

ssize_t getrandom(void* to, size_t size, unsigned flags) {
  auto* const step = inside_now();
  if (step == nullptr) return real_getrandom(to, size, flags);
  fill(*step, to, size);
  return static_cast<ssize_t>(size);
}

int getentropy(void* to, size_t size) {
  auto* const step = inside_now();
  if (step == nullptr) return real_getentropy(to, size);
  fill(*step, to, size);
  return 0;
}

int rand() noexcept {  // banned-call: stands in front of it
  auto* const step = inside_now();
  return step == nullptr ? real_rand() : static_cast<int>(step->random_word() >> 33);
}

void srand(unsigned seed) noexcept {  // banned-call: stands in front of it
  if (inside_now() == nullptr) real_srand(seed);
}

long random() noexcept {  // banned-call: stands in front of it
  auto* const step = inside_now();
  return step == nullptr ? real_random() : static_cast<long>(step->random_word() >> 33);
}

void srandom(unsigned seed) noexcept {  // banned-call: stands in front of it
  if (inside_now() == nullptr) real_srandom(seed);
}

double drand48() noexcept {  // banned-call: stands in front of it
  auto* const step = inside_now();
  return step == nullptr ? real_drand48() : static_cast<double>(step->random_word() >> 16) / 281'474'976'710'656.0;
}

long lrand48() noexcept {  // banned-call: stands in front of it
  auto* const step = inside_now();
  return step == nullptr ? real_lrand48() : static_cast<long>(step->random_word() >> 33);
}

long mrand48() noexcept {  // banned-call: stands in front of it
  auto* const step = inside_now();
  return step == nullptr ? real_mrand48() : static_cast<std::int32_t>(step->random_word() >> 32);
}

void srand48(long seed) noexcept {
  if (inside_now() == nullptr) real_srand48(seed);
}

uint32_t arc4random() noexcept {
  auto* const step = inside_now();
  return step == nullptr ? real_arc4random() : static_cast<uint32_t>(step->random_word() >> 32);
}

uint32_t arc4random_uniform(uint32_t bound) noexcept {
  auto* const step = inside_now();
  if (step == nullptr) return real_arc4random_uniform(bound);
  return static_cast<uint32_t>(((step->random_word() >> 32) * bound) >> 32);
}

void arc4random_buf(void* to, size_t size) noexcept {
  auto* const step = inside_now();
  step == nullptr ? real_arc4random_buf(to, size) : fill(*step, to, size);
}

}  // extern "C"

/// What std::random_device gives. It reads its words from the processor, so no call of the C library shows it.
std::random_device::result_type std::random_device::_M_getval() {  // banned-call: stands in front of it
  if (auto* const step = inside_now()) return static_cast<result_type>(step->random_word() >> 32);
  using function = result_type(std::random_device*);  // banned-call: stands in front of it
  static constinit std::atomic<function*> known{nullptr};
  return roost::sim::interpose::next<function>(nullptr, known, "_ZNSt13random_device9_M_getvalEv")(this);
}
