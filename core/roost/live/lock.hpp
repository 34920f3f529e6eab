#pragma once
// The lock of a live proc's runtime.

#include <roost/platform/runtime_lock.hpp>

#include <atomic>

namespace roost {

/// Held for parts of a microsecond, so who finds it taken looks again for a while before it sleeps. A thread may take it on one fiber
/// and give it back on another, which is beyond what a mutex of the library promises to sanitizers.
class live_lock final : public runtime_lock {
 public:
  using runtime_lock::share;

 private:
  enum : int { free, held, held_and_wanted };
  void acquire() override;
  void release() noexcept override;

  std::atomic<int> state_ = free;
};

/// Tells the processor that this thread waits for another.
inline void pause_briefly() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace roost
