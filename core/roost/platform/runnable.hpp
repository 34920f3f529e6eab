#pragma once
// What executors run.

#include <roost/base/ids.hpp>

#include <cstdint>

namespace roost {

/// Something that can run one step: an actor with a message, or a parked handler whose wait has ended.
///
/// It is in the ready queue of its executor at most once; whoever queues it keeps it alive until it ran or was withdrawn.
class runnable {
 public:
  runnable() = default;
  runnable(runnable const&) = delete;
  runnable& operator=(runnable const&) = delete;
  /// Runs one step as a plain call on the loop fiber of its worker. It may park that fiber.
  virtual void run() = 0;
  /// Whether another worker may run it: nothing of it is parked on this one.
  virtual bool may_move() const noexcept { return false; }

  entity_key key;            ///< Of the actor, for the schedule's decisions.
  std::uint32_t worker = 0;  ///< Which worker runs it.
  bool queued = false;       ///< The executor's mark while queued.
  std::uint64_t steps = 0;   ///< The executor's count of its own steps: the counter of those decisions.
  runnable* next = nullptr;  ///< The executor's link while queued.

 protected:
  ~runnable() = default;
};

}  // namespace roost
