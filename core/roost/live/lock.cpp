#include <roost/live/lock.hpp>

namespace roost {
namespace {

constexpr int looks_before_sleep = 200;

}  // namespace

void live_lock::acquire() {
  for (int looks = 0; looks != looks_before_sleep; ++looks) {
    int expected = free;
    if (state_.load(std::memory_order_relaxed) == free && state_.compare_exchange_weak(expected, held, std::memory_order_acquire))
      return;
    pause_briefly();
  }
  while (state_.exchange(held_and_wanted, std::memory_order_acquire) != free)
    state_.wait(held_and_wanted, std::memory_order_relaxed);
}

void live_lock::release() noexcept {
  if (state_.exchange(free, std::memory_order_release) == held_and_wanted) state_.notify_one();
}

}  // namespace roost
