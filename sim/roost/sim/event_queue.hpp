#pragma once
// What happens next: a 4-ary heap of pending events in one total order, with events that can be moved and cancelled.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace roost::sim {

/// Nanoseconds of true virtual time since the run began. No simulated host reads it; hosts have clocks that differ from it.
using moment = std::int64_t;

/// The place of an event among all others: time, then the entity that caused it, then that entity's own sequence. No two pending
/// events may have the same.
struct event_order {
  moment at = 0;
  std::uint64_t key = 0;
  std::uint64_t sequence = 0;
  auto operator<=>(event_order const&) const = default;
};

/// Something that happens at one moment. Whoever owns it keeps it alive while it is queued.
class event {
 public:
  event() = default;
  event(event const&) = delete;
  event& operator=(event const&) = delete;
  /// It happens. The event is no longer queued and may be queued again, or freed, from inside. Nothing may be kept on the stack
  /// across anything that can park.
  virtual void fire() = 0;
  bool queued() const noexcept { return position_ != nowhere; }

 protected:
  ~event() = default;

 private:
  friend class event_queue;
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
  std::size_t position_ = nowhere;
};

/// Pending events, least first. Pushing, moving, cancelling and taking cost O(log n); pushing what happens next costs O(1).
class event_queue {
 public:
  bool empty() const noexcept { return heap_.size() == (hole_ ? 1U : 0U); }
  std::size_t size() const noexcept { return heap_.size() - (hole_ ? 1 : 0); }
  /// `e` must not be queued.
  void push(event& e, event_order order);
  /// `e` must be queued; it gets a new place.
  void move(event& e, event_order order);
  /// Harmless when `e` is not queued.
  void cancel(event& e);
  /// Takes the least event and tells its place; nullptr when there is none.
  event* pop(event_order& order);
  /// The place of the least event; the queue must not be empty.
  event_order const& next();

 private:
  struct node {
    event_order order;
    event* what = nullptr;
  };

  void place(std::size_t at, node const& n) noexcept {
    heap_[at] = n;
    n.what->position_ = at;
  }
  void sift_up(std::size_t at, node const& n) noexcept;
  void sift_down(std::size_t at, node const& n) noexcept;
  void fill_hole() noexcept;
  void take_out(std::size_t at) noexcept;

  std::vector<node> heap_;
  bool hole_ = false;  ///< The root was taken; the next push fills its place without touching the rest.
};

}  // namespace roost::sim
