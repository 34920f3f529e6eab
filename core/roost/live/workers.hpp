#pragma once
// Threads that run handlers beside the loop of their proc: those that its actors share, and those of dedicated actors.

#include <roost/base/fiber.hpp>
#include <roost/base/ids.hpp>
#include <roost/base/knobs.hpp>
#include <roost/base/unique_function.hpp>
#include <roost/live/clock.hpp>
#include <roost/live/lock.hpp>
#include <roost/platform/executor.hpp>
#include <roost/platform/platform.hpp>
#include <roost/platform/progress.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace roost {

class live_workers;

/// One thread with its own fibers and queue. It holds the runtime's lock but for the user's code and while it sleeps.
class live_worker {
 public:
  live_worker(live_workers& all, std::uint32_t number, bool dedicated);
  live_worker(live_worker const&) = delete;
  live_worker& operator=(live_worker const&) = delete;

  fiber_pool& fibers() noexcept { return fibers_; }
  /// Of the thread that calls; null where it is none of these.
  static live_worker* current() noexcept { return of_this_thread_; }

 private:
  friend class live_workers;
  void main();
  bool step();
  void idle();
  /// Inside.
  void wake() noexcept;

  static inline constinit thread_local live_worker* of_this_thread_ = nullptr;

  live_workers& all_;
  std::uint32_t number_;
  bool dedicated_;
  run_queue queue_;
  unique_function<void()> task_;
  bool busy_ = false;    ///< A step of it has begun, and neither ended nor parked.
  bool asleep_ = false;  ///< Until it is woken.
  bool over_ = false;
  std::uint64_t seen_turn_ = 0;  ///< Of its page, when it was last minded.
  instant seen_at_{};
  bool reported_ = false;
  std::shared_ptr<wake_signal> signal_ = std::make_shared<wake_signal>(0);  ///< Changes when it is woken.
  std::atomic<bool> ended_ = false;
  progress_page progress_;
  fiber_pool fibers_;
  std::thread thread_;
};

/// The workers of one proc but for its own loop, which is number 0. Call only inside the runtime, except where said otherwise.
class live_workers {
 public:
  /// All outlive it.
  live_workers(live_lock& lock, live_clock& clock, knob_values const& knobs);
  /// After `stop`.
  ~live_workers();
  live_workers(live_workers const&) = delete;
  live_workers& operator=(live_workers const&) = delete;

  /// How many run the actors that have none of their own: 1 is the loop of the proc alone.
  std::size_t shared_count() const noexcept { return shared_count_; }
  /// Makes the threads that actors share, where there are to be any; `seams` are those of the proc's handlers.
  void start(platform& seams, proc_id self);
  /// For an actor without a worker of its own: each in turn.
  std::uint32_t next_shared() noexcept;
  std::uint32_t add_dedicated();
  void leave(std::uint32_t number);

  void push(runnable& r);
  bool remove(runnable& r) noexcept;
  /// Runs `task` on that worker once it runs nothing else, and waits for it.
  void run_on(std::uint32_t number, unique_function<void()> task);
  /// From now on no step begins; waits for those that run.
  void close();
  /// After `close`, outside: ends the threads. No handler is parked.
  void stop();

 private:
  friend class live_worker;
  /// Looks whether actors wait behind a handler that computes while a worker sleeps.
  struct look_timer final : timer {
    explicit look_timer(live_workers& w) : all(&w) {}
    void expired() override { all->spread(); }
    live_workers* all;
  };
  struct mind_timer final : timer {
    explicit mind_timer(live_workers& w) : all(&w) {}
    void expired() override { all->mind_progress(); }
    live_workers* all;
  };

  live_worker& add(bool dedicated);
  live_worker& of(std::uint32_t number) noexcept { return *workers_[number - 1]; }
  /// Something that another of the shared workers has not come to.
  runnable* take_from_others(live_worker const& by) noexcept;
  /// Wakes one of the shared workers that sleep, unless one has just been woken to look around.
  void call_help() noexcept;
  void spread();
  void mind_progress();
  void reap();
  void pin(live_worker& worker);

  live_lock& lock_;
  live_clock& clock_;
  knob_values const& knobs_;
  std::size_t shared_count_;
  platform* seams_ = nullptr;
  proc_id self_;
  std::vector<std::unique_ptr<live_worker>> workers_;  ///< By number, from 1; null where one has left.
  std::size_t turn_ = 0;                               ///< Whose turn it is to be given an actor.
  std::size_t asleep_ = 0;                             ///< Of those that actors share.
  bool helper_called_ = false;
  bool closing_ = false;
  look_timer look_{*this};
  mind_timer mind_{*this};
};

}  // namespace roost
