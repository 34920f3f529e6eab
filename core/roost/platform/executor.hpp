#pragma once
// The seam of execution: who runs next. Live: first come first served on a worker thread. Simulated: the seed's policy.

#include <roost/base/fiber.hpp>
#include <roost/base/ids.hpp>
#include <roost/base/unique_function.hpp>
#include <roost/base/units.hpp>
#include <roost/platform/run_queue.hpp>
#include <roost/platform/side_door.hpp>

#include <cstdint>
#include <memory>

namespace roost {

/// Which party of a proc runs something: a worker (handlers), or its control plane (agents, sessions, timers).
enum class lane : std::uint8_t { user, control };

/// Runs the runnables of one proc, one at a time per worker and on the control plane. Call only inside the runtime of the proc.
class executor {
 public:
  virtual ~executor() = default;
  /// Queues `r` behind what is ready in that lane; nothing happens when it is queued already.
  virtual void ready(runnable& r, lane where) = 0;
  /// The same for the handlers' lane.
  [[gnu::always_inline]] void ready_user(runnable& r) {
    if (r.queued) return;
    if (at_hand_ != nullptr && r.worker == 0) [[likely]] {
      at_hand_->push(r);
    } else {
      ready(r, lane::user);
    }
  }
  /// Takes `r` out of the ready queue if it is there.
  virtual void withdraw(runnable& r) = 0;
  /// The running step declares that it takes `duration` of its worker's time. Live: nothing, since it really took it.
  virtual void spend(nanoseconds duration) = 0;
  /// Runs code that blocks, which must not throw, where it keeps no other actor of the proc waiting. Live: on a thread of a pool;
  /// true, and `done` is called inside the runtime when it is over. Simulated: at once; false, and `done` is not called.
  virtual bool run_beside(unique_function<void()> body, unique_function<void()> done) = 0;
  /// Simulated: when what ran beside its worker, and declares to take `duration`, is over.
  virtual instant offloaded(nanoseconds duration) = 0;
  /// The worker for the actor of `key`: one of those that all share, or one that is `dedicated` to it, so that it keeps nothing
  /// else of the proc waiting.
  virtual std::uint32_t place(entity_key key, bool dedicated) = 0;
  /// Nothing of that actor is queued or runs any more.
  virtual void leave(std::uint32_t worker) = 0;
  /// Runs `task` on the loop of that worker, where no step runs, and returns when it is over.
  virtual void run_on(std::uint32_t worker, unique_function<void()> task) = 0;
  /// The way in for threads that are none of the workers.
  virtual std::shared_ptr<side_door> door() = 0;
  /// The fibers of the worker that calls: handlers park on them.
  virtual fiber_pool& fibers() = 0;

 protected:
  /// Where handlers of the first worker are queued, while nobody has to be told of them; else null.
  run_queue* at_hand_ = nullptr;
};

}  // namespace roost
