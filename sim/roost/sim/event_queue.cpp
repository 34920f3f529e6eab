#include <roost/sim/event_queue.hpp>

#include <algorithm>

namespace roost::sim {
namespace {

constexpr std::size_t arity = 4;

inline bool before(event_order const& a, event_order const& b) noexcept {
  if (a.at != b.at) return a.at < b.at;
  if (a.key != b.key) return a.key < b.key;
  return a.sequence < b.sequence;
}

}  // namespace

void event_queue::sift_up(std::size_t at, node const& n) noexcept {
  while (at != 0) {
    std::size_t const parent = (at - 1) / arity;
    if (!before(n.order, heap_[parent].order)) break;
    place(at, heap_[parent]);
    at = parent;
  }
  place(at, n);
}

void event_queue::sift_down(std::size_t at, node const& n) noexcept {
  node* const heap = heap_.data();
  std::size_t const count = heap_.size();
  for (;;) {
    std::size_t const first = at * arity + 1;
    if (first >= count) break;
    std::size_t const last = std::min(first + arity, count);
    // Ties are rare; without them the least child is found without a branch that could go either way.
    std::size_t least = first;
    moment soonest = heap[first].order.at;
    for (std::size_t child = first + 1; child < last; ++child) {
      moment const time = heap[child].order.at;
      if (time == soonest) [[unlikely]] {
        if (before(heap[child].order, heap[least].order)) least = child;
        continue;
      }
      least = time < soonest ? child : least;
      soonest = std::min(time, soonest);
    }
    if (!before(heap[least].order, n.order)) break;
    place(at, heap[least]);
    at = least;
  }
  place(at, n);
}

void event_queue::fill_hole() noexcept {
  hole_ = false;
  node const last = heap_.back();
  heap_.pop_back();
  if (!heap_.empty()) sift_down(0, last);
}

void event_queue::push(event& e, event_order order) {
  if (hole_) {
    hole_ = false;
    sift_down(0, {order, &e});
    return;
  }
  heap_.emplace_back();
  sift_up(heap_.size() - 1, {order, &e});
}

void event_queue::move(event& e, event_order order) {
  if (hole_) fill_hole();
  std::size_t const at = e.position_;
  if (before(order, heap_[at].order)) {
    sift_up(at, {order, &e});
  } else {
    sift_down(at, {order, &e});
  }
}

void event_queue::take_out(std::size_t at) noexcept {
  node const last = heap_.back();
  heap_.pop_back();
  if (at == heap_.size()) return;
  if (at != 0 && before(last.order, heap_[(at - 1) / arity].order)) {
    sift_up(at, last);
  } else {
    sift_down(at, last);
  }
}

void event_queue::cancel(event& e) {
  if (!e.queued()) return;
  if (hole_) fill_hole();
  std::size_t const at = e.position_;
  e.position_ = event::nowhere;
  take_out(at);
}

event* event_queue::pop(event_order& order) {
  if (hole_) fill_hole();
  if (heap_.empty()) return nullptr;
  event* const least = heap_.front().what;
  order = heap_.front().order;
  least->position_ = event::nowhere;
  hole_ = true;
  return least;
}

event_order const& event_queue::next() {
  if (hole_) fill_hole();
  return heap_.front().order;
}

}  // namespace roost::sim
