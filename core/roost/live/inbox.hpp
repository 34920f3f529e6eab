#pragma once
// Tasks for the loop of one proc from other threads: what the stand-in has to tell, and code that ran beside the loop.

#include <roost/base/unique_function.hpp>
#include <roost/live/event_loop.hpp>

#include <atomic>
#include <mutex>
#include <vector>

namespace roost {

/// `push` from any thread, all else from the thread that runs the loop. The loop does not sleep while anything is in it.
class inbox final : private poll_source {
 public:
  explicit inbox(event_loop& loop) : loop_(loop) { loop_.add(*this); }
  ~inbox() { loop_.remove(*this); }
  inbox(inbox const&) = delete;
  inbox& operator=(inbox const&) = delete;

  void push(unique_function<void()> task);
  bool empty() const noexcept { return !has_tasks_.load(std::memory_order_acquire); }
  /// Runs what is in it, in order; true when there was anything.
  bool run();
  /// Drops what is in it.
  void clear();

 private:
  bool poll() override { return false; }
  bool arm() override { return empty(); }
  void disarm() override {}

  event_loop& loop_;
  std::mutex changing_;
  std::vector<unique_function<void()>> tasks_;
  std::atomic<bool> has_tasks_ = false;
};

}  // namespace roost
