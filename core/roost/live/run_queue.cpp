#include <roost/live/run_queue.hpp>

namespace roost {

void run_queue::push(runnable& r) noexcept {
  r.next = nullptr;
  r.queued = true;
  (last_ != nullptr ? last_->next : first_) = &r;
  last_ = &r;
}

runnable* run_queue::pop() noexcept {
  runnable* const r = first_;
  if (r == nullptr) return nullptr;
  first_ = r->next;
  if (first_ == nullptr) last_ = nullptr;
  r->next = nullptr;
  r->queued = false;
  return r;
}

runnable* run_queue::take_movable() noexcept {
  constexpr int most_looked_at = 16;
  int looked_at = 0;
  for (auto* each = first_; each != nullptr && looked_at != most_looked_at; each = each->next, ++looked_at) {
    if (!each->may_move()) continue;
    remove(*each);
    return each;
  }
  return nullptr;
}

bool run_queue::remove(runnable& r) noexcept {
  for (runnable *before = nullptr, *each = first_; each != nullptr; before = each, each = each->next) {
    if (each != &r) continue;
    (before != nullptr ? before->next : first_) = r.next;
    if (last_ == &r) last_ = before;
    r.next = nullptr;
    r.queued = false;
    return true;
  }
  return false;
}

}  // namespace roost
