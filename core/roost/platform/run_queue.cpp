#include <roost/platform/run_queue.hpp>

namespace roost {

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
  for (runnable** at = &first_; *at != nullptr; at = &(*at)->next) {
    if (*at != &r) continue;
    *at = r.next;
    if (end_ == &r.next) end_ = at;
    r.queued = false;
    return true;
  }
  return false;
}

}  // namespace roost
