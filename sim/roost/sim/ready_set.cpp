#include <roost/sim/ready_set.hpp>

#include <roost/base/keyed.hpp>

#include <algorithm>

namespace roost::sim {

schedule_policy draw_policy(scenario const& what, std::uint64_t seed) {
  if (what.policy != schedule_policy::per_seed) return what.policy;
  constexpr schedule_policy portfolio[] = {schedule_policy::in_order, schedule_policy::uniform, schedule_policy::priorities};
  auto const drawn = keyed_hash(seed, draw_domain::schedule, child_key({}, "schedule", "policy"), 0).low;
  return portfolio[scale_below(drawn, std::size(portfolio))];
}

char const* to_string(schedule_policy policy) {
  switch (policy) {
    case schedule_policy::per_seed: return "per_seed";
    case schedule_policy::in_order: return "in_order";
    case schedule_policy::uniform: return "uniform";
    case schedule_policy::priorities: return "priorities";
  }
  return "unknown";
}

std::uint64_t ready_set::rank_of(runnable const& r) const noexcept {
  if (policy_ == schedule_policy::uniform) return keyed_hash(seed_, draw_domain::schedule, r.key, r.steps).low;
  // A priority lasts for 4 to 128 of the runnable's own steps, from a phase of its own.
  constexpr std::uint64_t priority_draws = std::uint64_t{1} << 63;
  auto const shape = keyed_hash(seed_, draw_domain::schedule, r.key, priority_draws - 1);
  std::uint64_t const shift = 2 + scale_below(shape.low, 6);
  std::uint64_t const stretch = (r.steps + (shape.high & 127)) >> shift;
  return keyed_hash(seed_, draw_domain::schedule, r.key, priority_draws + stretch).low;
}

bool ready_set::later(ranked const& a, ranked const& b) noexcept {
  if (a.rank != b.rank) return a.rank < b.rank;
  if (a.who->key != b.who->key) return a.who->key > b.who->key;
  return a.arrival > b.arrival;
}

void ready_set::push_ranked(runnable& r) {
  ranked_.push_back({rank_of(r), ++arrivals_, &r});
  std::push_heap(ranked_.begin(), ranked_.end(), later);
}

void ready_set::push(runnable& r) {
  if (policy_ == schedule_policy::in_order) {
    r.next = nullptr;
    (first_ == nullptr ? first_ : last_->next) = &r;
    last_ = &r;
    return;
  }
  if (empty()) {
    first_ = &r;
    return;
  }
  if (first_ != nullptr) {
    push_ranked(*first_);
    first_ = nullptr;
  }
  push_ranked(r);
}

runnable& ready_set::pop() {
  if (first_ != nullptr) {
    runnable& r = *first_;
    first_ = policy_ == schedule_policy::in_order ? r.next : nullptr;
    r.next = nullptr;
    return r;
  }
  std::pop_heap(ranked_.begin(), ranked_.end(), later);
  runnable& r = *ranked_.back().who;
  ranked_.pop_back();
  return r;
}

void ready_set::remove(runnable& r) {
  if (policy_ != schedule_policy::in_order) {
    if (first_ == &r) first_ = nullptr;
    std::erase_if(ranked_, [&](ranked const& each) { return each.who == &r; });
    std::make_heap(ranked_.begin(), ranked_.end(), later);
    return;
  }
  runnable* before = nullptr;
  for (runnable* each = first_; each != nullptr; before = each, each = each->next) {
    if (each != &r) continue;
    (before == nullptr ? first_ : before->next) = r.next;
    if (last_ == &r) last_ = before;
    r.next = nullptr;
    return;
  }
}

void ready_set::make_fair() {
  if (policy_ == schedule_policy::in_order) return;
  std::vector<runnable*> order;
  while (!empty()) order.push_back(&pop());
  policy_ = schedule_policy::in_order;
  for (runnable* r : order) push(*r);
}

}  // namespace roost::sim
