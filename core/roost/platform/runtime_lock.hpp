#pragma once
// Where several threads run the handlers of one proc: the user's code runs at the same time, the runtime under it one at a time.

#include <atomic>

namespace roost {

/// Guards what the runtime keeps of one proc. A thread holds it while it runs code of the runtime, and leaves it while it runs code
/// of the user's. Until it is shared, one thread does everything, and holding it costs nothing.
class runtime_lock {
 public:
  runtime_lock() = default;
  runtime_lock(runtime_lock const&) = delete;
  runtime_lock& operator=(runtime_lock const&) = delete;
  virtual ~runtime_lock() = default;

  [[gnu::always_inline]] void lock() {
    if (shared()) acquire();
  }
  [[gnu::always_inline]] void unlock() noexcept {
    if (shared()) release();
  }
  /// Once true it stays so.
  bool shared() const noexcept { return shared_.load(std::memory_order_relaxed); }

 protected:
  /// By the only thread so far, while it runs code of the runtime: from now on there are others.
  void share() {
    if (shared()) return;
    acquire();
    shared_.store(true, std::memory_order_relaxed);
  }

 private:
  virtual void acquire() = 0;
  virtual void release() noexcept = 0;
  std::atomic<bool> shared_ = false;
};

/// Where there is only one thread.
class no_lock final : public runtime_lock {
 private:
  void acquire() override {}
  void release() noexcept override {}
};

namespace detail {
// banned-call: says which code runs on a thread, as the current-context pointer does
inline constinit thread_local runtime_lock* lock_left_by_this_thread = nullptr;
}  // namespace detail

/// Whether the code that runs now may touch what the lock guards: it is none of the user's.
inline bool inside_runtime() noexcept { return detail::lock_left_by_this_thread == nullptr; }

/// Whether the code that runs now is the user's, and no other thread can be inside the runtime.
inline bool only_thread_outside() noexcept {
  auto const* const left = detail::lock_left_by_this_thread;
  return left != nullptr && !left->shared();
}

/// Code of the user's runs in this scope.
class outside_runtime {
 public:
  explicit outside_runtime(runtime_lock& lock) noexcept : lock_(&lock) {
    lock.unlock();
    detail::lock_left_by_this_thread = &lock;
  }
  ~outside_runtime() {
    detail::lock_left_by_this_thread = nullptr;
    lock_->lock();
  }
  outside_runtime(outside_runtime const&) = delete;
  outside_runtime& operator=(outside_runtime const&) = delete;

 private:
  runtime_lock* lock_;
};

/// The user's code calls the runtime, which runs in this scope. Does nothing in code of the runtime and outside actors.
class runtime_entry {
 public:
  [[gnu::always_inline]] runtime_entry() : lock_(detail::lock_left_by_this_thread) {
    if (lock_ == nullptr) return;
    detail::lock_left_by_this_thread = nullptr;
    lock_->lock();
  }
  [[gnu::always_inline]] ~runtime_entry() {
    if (lock_ == nullptr) return;
    lock_->unlock();
    detail::lock_left_by_this_thread = lock_;
  }
  runtime_entry(runtime_entry const&) = delete;
  runtime_entry& operator=(runtime_entry const&) = delete;

 private:
  runtime_lock* lock_;
};

}  // namespace roost
