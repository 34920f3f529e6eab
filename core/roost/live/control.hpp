#pragma once
// The control plane of a live proc: sessions, transport, launcher and their timers. The proc's own loop drives it between handlers.
// A second thread stands in while a handler keeps the loop busy, so that nobody takes a proc that computes for a dead one. Where other
// workers run handlers of the proc meanwhile, it does for them all that the loop would do.

#include <roost/base/knobs.hpp>
#include <roost/live/clock.hpp>
#include <roost/live/inbox.hpp>
#include <roost/live/lock.hpp>
#include <roost/platform/control_gate.hpp>
#include <roost/platform/platform.hpp>
#include <roost/platform/progress.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace roost {

/// Call inside the runtime, except where said otherwise. "Inside" below means between `enter` and `leave`.
class live_control final : public control_gate, private executor {
 public:
  /// All outlive it. `user_time` is the clock of the handlers.
  live_control(event_loop& loop, live_clock& user_time, live_lock& lock, knob_values const& knobs)
      : loop_(loop), user_time_(user_time), lock_(lock), knobs_(knobs), told_(loop) {}
  ~live_control() override { stop(); }

  void enter() override;
  void leave() noexcept override;
  bool standing_in() const noexcept override { return standing_in_; }
  void post(unique_function<void()> task) override { told_.push(std::move(task)); }

  /// The clock of what runs on the control plane. From inside.
  live_clock& clock() noexcept { return clock_; }
  /// Takes what is ready on the control plane, and nothing else. From inside.
  executor& as_executor() noexcept { return *this; }
  /// What the loop is to do for others. `push` from any thread.
  inbox& told() noexcept { return told_; }
  inbox const& told() const noexcept { return told_; }
  /// What runs now; the loop's own to write.
  progress_page& progress() noexcept { return progress_; }
  /// While standing in, from inside: how long the handler that runs has been seen to run, and its name: "Player.hit of h0/p1.1/a7".
  nanoseconds busy_for() const { return live_clock().now() - minded_since_; }
  std::string busy_with() const;

  /// From now on a thread stands in where need be; `seams` are those of the control plane.
  void start(platform& seams, proc_id self);
  void stop();

  /// Looks at timers, sources and posted tasks, perhaps also at descriptors; true when anything was done. From inside, by the
  /// proc's own loop.
  bool look(bool at_descriptors);
  /// Something is ready to run: exact from inside, else it may be about to change.
  bool has_ready() const noexcept { return has_ready_.load(std::memory_order_relaxed); }
  /// Runs the first of what is ready; false when there is nothing. From inside.
  bool run_one();
  void ready(runnable& r, lane where) override;
  void withdraw(runnable& r) override;

  /// The loop is about to sleep, or awake again.
  void sleeps(bool now) noexcept { asleep_.store(now); }
  /// The loop is about to run a handler.
  void begins_handler() noexcept {
    if (parked_.load()) call_stand_in();
  }

 private:
  void spend(nanoseconds) override {}
  bool run_beside(unique_function<void()> body, unique_function<void()>) override {
    body();
    return false;
  }
  instant offloaded(nanoseconds) override { return clock_.now(); }
  std::uint32_t place(entity_key, bool) override { return 0; }
  void leave(std::uint32_t) override {}
  void run_on(std::uint32_t, unique_function<void()> task) override { task(); }
  std::shared_ptr<side_door> door() override { return nullptr; }
  fiber_pool& fibers() override;

  // The stand-in's thread.
  void stand_in(platform& seams);
  /// False when the loop has come back.
  bool drive(std::uint64_t since);
  bool look_around(bool at_descriptors);
  bool pause(nanoseconds at_most);
  void park();
  void mind_progress(platform& seams);

  void call_stand_in() noexcept;

  event_loop& loop_;
  live_clock& user_time_;
  live_lock& lock_;
  knob_values const& knobs_;
  inbox told_;
  live_clock clock_;
  run_queue ready_;
  std::atomic<bool> has_ready_ = false;

  std::mutex inside_;
  unsigned depth_ = 0;        // Of whoever is inside the runtime.
  bool standing_in_ = false;  // Changed inside.

  std::atomic<std::uint64_t> turns_ = 0;  // Looks of the proc's own loop.
  std::atomic<bool> asleep_ = false;
  std::atomic<bool> parked_ = false;
  progress_page progress_;

  std::mutex pausing_;
  std::condition_variable called_;
  bool over_ = false;
  proc_id self_;
  std::thread thread_;

  // The stand-in's own.
  std::uint64_t minded_turn_ = 0;
  instant minded_since_{};
  bool reported_ = false;
};

/// "Player.hit of h0/p1.1/a7".
std::string name_of(progress_page::view const& seen, proc_id self);
/// The same for the log: `actor`, `endpoint`, `running_ns`.
log_fields fields_of(progress_page::view const& seen, proc_id self, nanoseconds running);

}  // namespace roost
