#pragma once
// The loop of one proc: handlers first come first served on the thread that runs it, and between them the control plane, for which
// another thread stands in while a handler takes long.

#include <roost/base/error.hpp>
#include <roost/base/knobs.hpp>
#include <roost/base/unique_function.hpp>
#include <roost/live/clock.hpp>
#include <roost/live/control.hpp>
#include <roost/live/event_loop.hpp>
#include <roost/live/offload_pool.hpp>
#include <roost/live/run_queue.hpp>
#include <roost/platform/executor.hpp>

#include <atomic>
#include <mutex>

namespace roost {

class live_executor final : public executor {
 public:
  /// All three outlive the executor.
  live_executor(event_loop& loop, live_clock& time, knob_values const& knobs);

  void ready(runnable& r, lane where) override;
  void withdraw(runnable& r) override;
  void spend(nanoseconds) override {}
  bool run_beside(unique_function<void()> body, unique_function<void()> done) override;
  instant offloaded(nanoseconds) override { return clock_.now(); }
  /// One loop serves all actors of a live proc.
  std::uint32_t add_worker(entity_key) override { return 0; }
  void remove_worker(std::uint32_t) override {}
  fiber_pool& fibers() override { return fibers_; }

  event_loop& loop() noexcept { return loop_; }
  live_clock& time() noexcept { return clock_; }
  live_control& control() noexcept { return control_; }

  /// Runs `begin` before anything else, then the loop until `finish`; returns what it was given.
  error run(unique_function<void()> begin);
  /// From any thread: the loop ends after the running step. The first call counts.
  void finish(error why);
  /// From any thread: runs what may block, and must not throw, on a thread of the pool; dropped once the loop is over.
  void run_aside(unique_function<void()> task) { beside_.run(std::move(task)); }
  /// After `run`: waits for code that runs beside the loop, and begins no more of it.
  void stop_beside() { beside_.stop(); }
  bool finished() const noexcept { return finished_.load(std::memory_order_acquire); }
  /// After `run`: runs `body` on a fiber of the loop and nothing else.
  void run_alone(unique_function<void()> body);

 private:
  bool step();
  void look(bool at_descriptors);
  bool run_control();
  bool something_to_do() const noexcept;
  void idle();

  event_loop& loop_;
  live_clock& clock_;
  knob_values const& knobs_;
  live_control control_;
  offload_pool beside_;
  run_queue user_;
  unique_function<void()> alone_;
  std::mutex finishing_;
  error why_finished_;
  std::atomic<bool> finished_ = false;
  std::size_t control_in_a_row_ = 0;
  std::size_t steps_before_look_ = 0;
  std::size_t looks_before_descriptors_ = 0;
  fiber_pool fibers_;
};

}  // namespace roost
