#include <roost/live/offload_pool.hpp>

#include <utility>

namespace roost {

void offload_pool::run(unique_function<void()> task) {
  std::lock_guard const lock(changing_);
  if (over_) return;
  tasks_.push_back(std::move(task));
  if (tasks_.size() > idle_ && threads_.size() < most_threads_) threads_.emplace_back([this] { work(); });
  has_work_.notify_one();
}

void offload_pool::stop() {
  {
    std::lock_guard const lock(changing_);
    over_ = true;
    tasks_.clear();
    has_work_.notify_all();
  }
  for (auto& each : threads_) each.join();
  threads_.clear();
}

void offload_pool::work() {
  std::unique_lock lock(changing_);
  for (;;) {
    ++idle_;
    has_work_.wait(lock, [this] { return over_ || !tasks_.empty(); });
    --idle_;
    if (over_) return;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

}  // namespace roost
