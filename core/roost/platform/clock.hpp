#pragma once
// The seam of time. Simulated: virtual nanoseconds, skewed per host. Live: the kernel's monotonic, boot and wall clocks.

#include <roost/base/units.hpp>

#include <atomic>
#include <cstdint>

namespace roost {

/// Something that runs once at a set time. It must be disarmed (or have expired) before it is destroyed.
///
/// `expired` runs on the control lane of the proc that armed it, never inside a handler; it may arm the timer again.
class timer {
 public:
  timer() = default;
  timer(timer const&) = delete;
  timer& operator=(timer const&) = delete;
  virtual void expired() = 0;
  bool armed() const noexcept { return slot != 0; }

  /// Belongs to the clock that armed it: 0 while disarmed.
  std::uint64_t slot = 0;

 protected:
  ~timer() = default;
};

/// The clocks of one host as one proc sees them. Call only from that proc.
class clock {
 public:
  virtual ~clock() = default;
  /// Never goes back; stands still while the host sleeps.
  virtual instant now() const = 0;
  /// A `now()` of not long ago: at most some tens of the proc's steps, where reading the clock takes longer than most of them.
  instant lately() const { return last_ == nullptr ? now() : last_->load(std::memory_order_relaxed); }
  /// Never goes back; goes on while the host sleeps. Leases are counted on it.
  virtual instant boot() const = 0;
  /// Nanoseconds since 1970 as this host believes; may step.
  virtual std::int64_t wall() const = 0;
  /// Runs `t.expired()` once, not before `when` on `now()`. An armed timer is moved.
  virtual void arm(timer& t, instant when) = 0;
  /// After this returns `t` does not run. Harmless when it is not armed.
  virtual void disarm(timer& t) = 0;

 protected:
  clock() = default;
  /// `last`: what `now` said last, where reading the clock takes long.
  explicit clock(std::atomic<instant> const& last) noexcept : last_(&last) {}

 private:
  std::atomic<instant> const* last_ = nullptr;
};

}  // namespace roost
