#include <roost/live/door.hpp>

#include <utility>

namespace roost {

bool live_door::enter(unique_function<void()> task) {
  std::lock_guard const lock(changing_);
  if (to_ == nullptr) return false;
  to_->push(std::move(task));
  return true;
}

void live_door::change(unique_function<void()> how) {
  std::lock_guard const lock(changing_);
  how();
  changed_.notify_all();
}

bool live_door::wait(unique_function<bool()> holds, nanoseconds timeout) {
  std::unique_lock lock(changing_);
  bool held = false;
  auto const look = [&] {
    held = holds();
    return held || to_ == nullptr;
  };
  constexpr auto longest = std::chrono::hours(24 * 365);
  changed_.wait_for(lock, std::min<nanoseconds>(timeout, longest), look);
  return held;
}

void live_door::close() {
  std::lock_guard const lock(changing_);
  to_ = nullptr;
  changed_.notify_all();
}

}  // namespace roost
