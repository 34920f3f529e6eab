#pragma once
// What is ready to run, first come first served. The links are in the runnables.

#include <roost/platform/runnable.hpp>

namespace roost {

class run_queue {
 public:
  run_queue() = default;
  run_queue(run_queue const&) = delete;
  run_queue& operator=(run_queue const&) = delete;

  bool empty() const noexcept { return first_ == nullptr; }
  void push(runnable& r) noexcept {
    r.next = nullptr;
    r.queued = true;
    *end_ = &r;
    end_ = &r.next;
  }
  /// Null when it is empty.
  runnable* pop() noexcept {
    runnable* const r = first_;
    if (r == nullptr) return nullptr;
    first_ = r->next;
    if (first_ == nullptr) end_ = &first_;
    r->queued = false;
    return r;
  }
  /// The first of those that another worker may run; null when there is none among the first few.
  runnable* take_movable() noexcept;
  /// False when `r` is not in it.
  bool remove(runnable& r) noexcept;

 private:
  runnable* first_ = nullptr;
  runnable** end_ = &first_;
};

}  // namespace roost
