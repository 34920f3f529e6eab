#pragma once
// The queue of the yardsticks: intrusive, first in, first out. It shares nothing with what they measure.

namespace bench {

/// Of things with a member `next`.
template <class T>
class fifo {
 public:
  bool empty() const noexcept { return first_ == nullptr; }
  void push(T& one) noexcept {
    one.next = nullptr;
    (last_ == nullptr ? first_ : last_->next) = &one;
    last_ = &one;
  }
  T* pop() noexcept {
    T* const one = first_;
    if (one == nullptr) return nullptr;
    first_ = one->next;
    if (first_ == nullptr) last_ = nullptr;
    return one;
  }

 private:
  T* first_ = nullptr;
  T* last_ = nullptr;
};

}  // namespace bench
