#pragma once
// Waiting without holding a thread: the loop runs on a fiber; a handler that waits parks the fiber under it, and a spare one
// takes the loop over. A handler that does not wait costs no switch. (The runner-fiber scheme of Boost.Context based schedulers.)

#include <roost/base/unique_function.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace roost {

/// The place where one suspended handler stands. Owned by whoever parks, usually on the parked stack itself.
class parked {
 public:
  parked() = default;
  parked(parked const&) = delete;
  parked& operator=(parked const&) = delete;
  bool suspended() const noexcept { return fiber_ != nullptr; }

 private:
  friend class fiber_pool;
  void* fiber_ = nullptr;
};

/// The fibers of one loop on one thread. Nothing here may be called from another thread.
///
/// Each switch saves and restores the two words of the C++ exception state and errno, and calls the address and thread
/// sanitizers' fiber hooks where built with them. Stacks are lazily touched slots of one reserved region with guards.
class fiber_pool {
 public:
  /// `step` is one turn of the loop; it returns false to leave `run`. It may be entered again on another fiber while an earlier
  /// turn is parked, so it keeps no state on its stack across anything that can park.
  fiber_pool(unique_function<bool()> step, std::size_t stack_bytes = 0, std::size_t max_fibers = 0);
  /// No handler may be parked.
  ~fiber_pool();

  /// Runs the loop on the calling thread until `step` returns false. Parked handlers stay parked meanwhile.
  void run();
  /// True on a fiber of this pool, so that `park` is allowed.
  bool inside() const noexcept;
  /// Suspends the calling handler until `resume` or `unwind`; the loop goes on on a spare fiber.
  void park(parked& where);
  /// From the loop: lets a parked handler go on in place of the caller, whose own turn of the loop ends when it is next run.
  void resume(parked& where);
  /// From the loop: lets a parked handler run to the end of its turn and then returns. It must not park again meanwhile.
  void unwind(parked& where);
  /// Leaves the calling handler where it stands, for good: its stack and what is on it are lost until the process ends.
  [[noreturn]] void abandon();
  /// Whether `address` is in the guard under a stack, so that a fault there is an overflow. Also from a signal handler.
  bool is_guard(void const* address) const noexcept;
  /// Of one fiber, its guard included.
  std::size_t stack_bytes() const noexcept;
  /// Handlers now parked.
  std::size_t parked_count() const noexcept;

 private:
  class impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace roost
