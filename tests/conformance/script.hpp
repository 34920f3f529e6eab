#pragma once
// Straight-line code of one proc on the bare seams: a coroutine that goes on when what it waits for is there.

#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>

namespace roost::conformance {

/// Owns the coroutine; destroying it unwinds what is suspended.
class script {
 public:
  struct promise_type {
    script get_return_object() { return script(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { failure = std::current_exception(); }
    std::exception_ptr failure;
  };

  script() = default;
  script(script&& other) noexcept : code_(std::exchange(other.code_, nullptr)) {}
  script& operator=(script&& other) noexcept {
    std::swap(code_, other.code_);
    return *this;
  }
  ~script() {
    if (code_) code_.destroy();
  }

  bool done() const noexcept { return !code_ || code_.done(); }
  /// Runs to the next wait. Throws what the script threw.
  void go_on() {
    code_.resume();
    if (code_.promise().failure) std::rethrow_exception(std::exchange(code_.promise().failure, nullptr));
  }

 private:
  explicit script(std::coroutine_handle<promise_type> code) : code_(code) {}
  std::coroutine_handle<promise_type> code_;
};

/// What a suspended script waits for. Lives in the script's frame.
class awaited {
 public:
  virtual bool ready() = 0;

 protected:
  ~awaited() = default;
};

/// Waits until `Condition` gives true, or an optional that holds something, and gives back that. It is asked again whenever
/// something happened to the proc.
template <class Stage, class Condition>
class wait final : awaited {
 public:
  wait(Stage& where, char const* what, Condition condition) : where_(where), what_(what), condition_(std::move(condition)) {}
  bool await_ready() { return ready(); }
  void await_suspend(std::coroutine_handle<>) { where_.suspended(*this, what_); }
  auto await_resume() {
    if constexpr (std::is_same_v<decltype(value_), bool>)
      return value_;
    else
      return *std::move(value_);
  }

 private:
  bool ready() override { return static_cast<bool>(value_ = condition_()); }

  Stage& where_;
  char const* what_;
  Condition condition_;
  decltype(std::declval<Condition&>()()) value_{};
};

}  // namespace roost::conformance
