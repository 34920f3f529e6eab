#include <roost/live/inbox.hpp>

#include <utility>

namespace roost {

void inbox::push(unique_function<void()> task) {
  {
    std::lock_guard const lock(changing_);
    tasks_.push_back(std::move(task));
    has_tasks_.store(true);
  }
  loop_.notify();
}

bool inbox::run() {
  if (empty()) return false;
  std::vector<unique_function<void()>> taken;
  {
    std::lock_guard const lock(changing_);
    taken.swap(tasks_);
    has_tasks_.store(false);
  }
  for (auto& each : taken) each();
  return !taken.empty();
}

void inbox::clear() {
  std::vector<unique_function<void()>> dropped;
  std::lock_guard const lock(changing_);
  dropped.swap(tasks_);
  has_tasks_.store(false);
}

}  // namespace roost
