#pragma once
// Threads for code that blocks, made when there is need of them, and the watch over it.

#include <roost/base/ids.hpp>
#include <roost/base/knobs.hpp>
#include <roost/base/unique_function.hpp>
#include <roost/live/clock.hpp>
#include <roost/platform/platform.hpp>
#include <roost/platform/progress.hpp>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace roost {

/// What is run begins in the order in which it came. From any thread, except where said otherwise.
class offload_pool {
 public:
  /// Both outlive it.
  offload_pool(live_clock& clock, knob_values const& knobs);
  /// Like `stop`.
  ~offload_pool() { stop(); }
  offload_pool(offload_pool const&) = delete;
  offload_pool& operator=(offload_pool const&) = delete;

  /// Before anything is run for handlers; `seams` are theirs.
  void start(platform& seams, proc_id self);
  /// Runs `task`, which must not throw, on a thread of its own while it lasts, or when one of those that there may be is free.
  void run(unique_function<void()> task) { push({std::move(task), {}}); }
  /// Inside the runtime: the same for a handler, which is named when its code takes as long as a handler that is stuck.
  void run_for(progress_page::whose const& handler, unique_function<void()> task);
  /// From one thread, outside, where handlers run no more: waits for what has begun, and drops the rest. Nothing runs afterwards.
  void stop();

 private:
  struct order {
    unique_function<void()> task;
    progress_page::whose handler;
  };
  /// All but the page is changed by whoever has the lock.
  struct place {
    std::thread thread;
    progress_page page;
    instant since = never;  ///< When its task began; `never` while it has none.
    bool reported = false;
  };
  struct watch_timer final : timer {
    explicit watch_timer(offload_pool& p) : all(&p) {}
    void expired() override { all->mind(); }
    offload_pool* all;
  };

  void push(order what);
  void work(place& mine);
  /// Names in the log the handlers whose code takes long.
  void report_stuck();
  void mind();

  live_clock& clock_;
  knob_values const& knobs_;
  platform* seams_ = nullptr;
  proc_id self_;
  watch_timer watch_{*this};
  std::mutex changing_;
  std::condition_variable has_work_;
  std::condition_variable has_ended_;
  std::deque<order> orders_;
  std::deque<place> places_;
  std::size_t idle_ = 0;
  std::size_t ended_ = 0;
  bool over_ = false;
};

}  // namespace roost
