#pragma once
// The lock of a live proc's runtime.

#include <roost/platform/runtime_lock.hpp>

#include <mutex>

namespace roost {

/// Held for parts of a microsecond, so who finds it taken looks again for a while before it sleeps.
class live_lock final : public runtime_lock {
 public:
  using runtime_lock::share;

 private:
  void acquire() override;
  void release() noexcept override { held_.unlock(); }

  std::mutex held_;
};

/// Tells the processor that this thread waits for another.
inline void pause_briefly() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace roost
