#pragma once
// The lock of a live proc's runtime.

#include <roost/platform/runtime_lock.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace roost {

/// On which one thread sleeps until it changes.
using wake_signal = std::atomic<std::uint32_t>;

/// Held for parts of a microsecond, so who finds it taken looks again for a while before it sleeps. A thread may take it on one fiber
/// and give it back on another, which is beyond what a mutex of the library promises to sanitizers.
class live_lock final : public runtime_lock {
 public:
  using runtime_lock::share;
  /// Inside: once this thread has given the lock back, whoever sleeps on `signal`, which has changed, is woken. Else it would be
  /// awake before the lock is free, and would have to sleep once more.
  void wake_after(std::shared_ptr<wake_signal> signal);

 private:
  static constexpr std::size_t most_waking = 4;  // At once; more are woken where they are.
  enum : int { free, held, held_and_wanted };
  void acquire() override;
  void release() noexcept override;
  void release_and_wake() noexcept;

  std::atomic<int> state_ = free;
  std::array<std::shared_ptr<wake_signal>, most_waking> waking_;  // The holder's.
  std::size_t waking_count_ = 0;
};

/// Tells the processor that this thread waits for another.
inline void pause_briefly() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace roost
