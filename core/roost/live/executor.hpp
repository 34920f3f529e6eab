#pragma once
// The loop of one proc: handlers first come first served on the thread that runs it, and between them the control plane, for which
// another thread stands in while a handler takes long. With several workers the handlers run on threads of their own.

#include <roost/base/error.hpp>
#include <roost/base/knobs.hpp>
#include <roost/base/unique_function.hpp>
#include <roost/live/clock.hpp>
#include <roost/live/control.hpp>
#include <roost/live/door.hpp>
#include <roost/live/event_loop.hpp>
#include <roost/live/offload_pool.hpp>
#include <roost/live/workers.hpp>
#include <roost/platform/executor.hpp>

#include <atomic>
#include <mutex>

namespace roost {

class live_executor final : public executor, private sleep_guard {
 public:
  /// All three outlive the executor.
  live_executor(event_loop& loop, live_clock& time, knob_values const& knobs);

  void ready(runnable& r, lane where) override;
  void withdraw(runnable& r) override;
  void spend(nanoseconds) override {}
  bool run_beside(unique_function<void()> body, unique_function<void()> done) override;
  instant offloaded(nanoseconds) override { return clock_.now(); }
  std::uint32_t place(entity_key, bool dedicated) override {
    return dedicated ? workers_.add_dedicated() : workers_.next_shared();
  }
  void leave(std::uint32_t worker) override { workers_.leave(worker); }
  void run_on(std::uint32_t worker, unique_function<void()> task) override;
  std::shared_ptr<side_door> door() override { return door_; }
  fiber_pool& fibers() override;

  event_loop& loop() noexcept { return loop_; }
  live_clock& time() noexcept { return clock_; }
  live_control& control() noexcept { return control_; }
  live_lock& lock() noexcept { return lock_; }

  /// Runs `begin` before anything else, then the loop until `finish`; returns what it was given once no handler runs any more.
  /// `seams` are those of the handlers.
  error run(platform& seams, proc_id self, unique_function<void()> begin);
  /// The same for a loop that runs no handlers.
  error run(unique_function<void()> begin);
  /// From any thread: the loop ends after the running step. The first call counts.
  void finish(error why);
  /// From any thread: runs what may block, and must not throw, on a thread of the pool; dropped once the loop is over.
  void run_aside(unique_function<void()> task) { beside_.run(std::move(task)); }
  /// After `run`: waits for code that runs beside the loop, and begins no more of it. Foreign threads are refused from now on.
  void stop_beside() {
    door_->close();
    beside_.stop();
    control_.told().clear();
  }
  bool finished() const noexcept { return finished_.load(std::memory_order_acquire); }
  /// After `run`: runs `body` on a fiber of the loop and nothing else. Then the workers end.
  void run_alone(unique_function<void()> body);

 private:
  bool step();
  /// A step that is not only the next of the handlers.
  bool other_step();
  void run_user();
  void ready_control(runnable& r);
  void look(bool at_descriptors);
  bool run_control();
  bool something_to_do() const noexcept;
  void idle();
  void run_loop(unique_function<void()> first);
  // While it sleeps other workers may do what they like.
  void leave() noexcept override;
  void enter() override;

  event_loop& loop_;
  live_clock& clock_;
  knob_values const& knobs_;
  live_lock lock_;
  live_control control_;
  live_workers workers_;
  offload_pool beside_;
  run_queue user_;
  unique_function<void()> alone_;
  std::shared_ptr<live_door> door_ = std::make_shared<live_door>(control_.told());
  bool sleeps_ = false;
  std::mutex finishing_;
  error why_finished_;
  std::atomic<bool> finished_ = false;
  std::size_t control_in_a_row_ = 0;
  std::size_t steps_before_look_ = 0;
  std::size_t looks_before_descriptors_ = 0;
  fiber_pool fibers_;
};

}  // namespace roost
