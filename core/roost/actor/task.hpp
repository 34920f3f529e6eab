#pragma once
// Coroutine endpoints: `task<T>` as an endpoint's return type, `co_await` on futures inside.

#include <roost/actor/future.hpp>

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace roost {

namespace detail {

template <class T>
struct task_promise_base {
  std::coroutine_handle<> waiting;
  std::exception_ptr thrown;
  bool done = false;

  std::suspend_always initial_suspend() noexcept { return {}; }
  struct final_awaiter {
    bool await_ready() noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> finished) noexcept {
      finished.promise().done = true;
      auto const next = finished.promise().waiting;
      return next ? next : std::noop_coroutine();
    }
    void await_resume() noexcept {}
  };
  final_awaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { thrown = std::current_exception(); }
};

}  // namespace detail

/// A coroutine endpoint or a part of one. It starts when it is awaited; parameters are taken by value.
template <class T>
class [[nodiscard]] task {
 public:
  struct promise_type : detail::task_promise_base<T> {
    task get_return_object() { return task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    void return_value(T value) { result.emplace(std::move(value)); }
    std::optional<T> result;
  };
  task(task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  task& operator=(task&&) = delete;
  ~task() {
    if (handle_) handle_.destroy();
  }
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) {
    handle_.promise().waiting = awaiting;
    return handle_;
  }
  T await_resume() {
    if (handle_.promise().thrown) std::rethrow_exception(handle_.promise().thrown);
    return std::move(*handle_.promise().result);
  }
  std::coroutine_handle<promise_type> handle() const noexcept { return handle_; }

 private:
  explicit task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

template <>
class [[nodiscard]] task<void> {
 public:
  struct promise_type : detail::task_promise_base<void> {
    task get_return_object() { return task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    void return_void() {}
  };
  task(task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  task& operator=(task&&) = delete;
  ~task() {
    if (handle_) handle_.destroy();
  }
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) {
    handle_.promise().waiting = awaiting;
    return handle_;
  }
  void await_resume() {
    if (handle_.promise().thrown) std::rethrow_exception(handle_.promise().thrown);
  }
  std::coroutine_handle<promise_type> handle() const noexcept { return handle_; }

 private:
  explicit task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

namespace detail {

/// The future on which the coroutine of this thread suspended last; the handler's own fiber waits for it.
struct task_suspension {
  future_base* on = nullptr;
  std::coroutine_handle<> resume;
};
task_suspension& current_suspension() noexcept;

/// Drives a coroutine to its end on the handler's frame.
template <class T>
T await_task(task<T> running) {
  auto const handle = running.handle();
  handle.resume();
  while (!handle.promise().done) {
    auto const suspension = std::exchange(current_suspension(), {});
    suspension.on->wait(never, wait_kind::reply);
    suspension.resume.resume();
  }
  return running.await_resume();
}

}  // namespace detail

/// `co_await` on a future: suspends the coroutine until it is ready, then gives the value or throws.
template <class T>
struct future_awaiter {
  future<T> observed;
  bool await_ready() const noexcept { return observed.ready(); }
  void await_suspend(std::coroutine_handle<> h) const noexcept { detail::current_suspension() = {observed.state().get(), h}; }
  T await_resume() const { return observed.get(); }
};
template <class T>
future_awaiter<T> operator co_await(future<T> f) {
  return {std::move(f)};
}

}  // namespace roost
