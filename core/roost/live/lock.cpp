#include <roost/live/lock.hpp>

#include <utility>

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

void live_lock::wake_after(std::shared_ptr<wake_signal> signal) {
  if (waking_count_ == most_waking) return signal->notify_one();
  waking_[waking_count_++] = std::move(signal);
}

void live_lock::release() noexcept {
  if (waking_count_ != 0) return release_and_wake();
  if (state_.exchange(free, std::memory_order_release) == held_and_wanted) state_.notify_one();
}

void live_lock::release_and_wake() noexcept {
  auto const waking = std::exchange(waking_, {});
  waking_count_ = 0;
  release();
  for (auto const& signal : waking) {
    if (signal != nullptr) signal->notify_one();
  }
}

}  // namespace roost
