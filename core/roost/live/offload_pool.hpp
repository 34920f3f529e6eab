#pragma once
// Threads for code that blocks, made when there is need of them.

#include <roost/base/unique_function.hpp>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace roost {

/// From any thread, but `stop` from one. What is run begins in the order in which it came.
class offload_pool {
 public:
  explicit offload_pool(std::size_t most_threads) : most_threads_(most_threads) {}
  /// Like `stop`.
  ~offload_pool() { stop(); }
  offload_pool(offload_pool const&) = delete;
  offload_pool& operator=(offload_pool const&) = delete;

  /// Runs `task`, which must not throw, on a thread of its own while it lasts, or when one of `most_threads` is free.
  void run(unique_function<void()> task);
  /// Waits for what has begun, and drops the rest. Nothing runs afterwards.
  void stop();

 private:
  void work();

  std::size_t most_threads_;
  std::mutex changing_;
  std::condition_variable has_work_;
  std::deque<unique_function<void()>> tasks_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool over_ = false;
};

}  // namespace roost
