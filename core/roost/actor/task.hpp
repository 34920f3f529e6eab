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
  bool begun = false;
  bool done = false;

  std::suspend_always initial_suspend() noexcept { return {}; }
  struct final_awaiter {
    bool await_ready() noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> finished) noexcept {
      finished.promise().done = true;
      auto const next = finished.promise().waiting;  // None where who awaits it has not been suspended yet.
      return next ? next : std::noop_coroutine();
    }
    void await_resume() noexcept {}
  };
  final_awaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { thrown = std::current_exception(); }
};

/// Starts a task that `awaiting` awaits. False: it is done already, and `awaiting` goes on without having been suspended, so that a
/// loop over tasks that need not wait takes no more stack with each, whatever the compiler does with tail calls.
template <class Promise>
bool run_to_suspension(std::coroutine_handle<Promise> started, std::coroutine_handle<> awaiting) {
  if (!started) throw_error(error(errc::bad_argument, "co_await of a task that was moved from"));
  if (started.promise().begun) throw_error(error(errc::bad_argument, "co_await of a task that was awaited before"));
  started.promise().begun = true;
  started.resume();
  if (started.promise().done) return false;
  started.promise().waiting = awaiting;
  return true;
}

}  // namespace detail

/// A coroutine endpoint or a part of one. It starts when it is awaited, once; parameters are taken by value. While it is suspended in
/// `co_await` it holds its own frame and no fiber; waits that are plain calls (`get`, `sleep`, `recv`, room to send) hold one. Tasks
/// that await each other run on one stack until something suspends: some hundreds deep, as calls would be. Awaiting one twice, or one
/// that was moved from, throws `errc::bad_argument`.
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
  bool await_suspend(std::coroutine_handle<> awaiting) { return detail::run_to_suspension(handle_, awaiting); }
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
  bool await_suspend(std::coroutine_handle<> awaiting) { return detail::run_to_suspension(handle_, awaiting); }
  void await_resume() {
    if (handle_.promise().thrown) std::rethrow_exception(handle_.promise().thrown);
  }
  std::coroutine_handle<promise_type> handle() const noexcept { return handle_; }

 private:
  explicit task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

namespace detail {

/// The wait of a coroutine for one future; lives in the coroutine while it is suspended, and holds no fiber.
class coroutine_wait {
 public:
  coroutine_wait() = default;
  coroutine_wait(coroutine_wait const&) = delete;
  coroutine_wait& operator=(coroutine_wait const&) = delete;
  ~coroutine_wait();

  /// False where `who` goes on at once.
  bool suspend(future_base& on, std::coroutine_handle<> who);
  /// Throws `ended`, or the error with which the wait ended before the future was ready.
  void finish();

 private:
  boost::intrusive_ptr<future_base> on_;
  std::optional<waiter> waiter_;
  observer_node node_;
};

}  // namespace detail

/// `co_await` on a future: suspends the coroutine until it is ready, then gives the value or throws.
template <class T>
class future_awaiter {
 public:
  explicit future_awaiter(future<T> observed) : observed_(std::move(observed)) {}
  bool await_ready() const { return observed_.ready(); }
  bool await_suspend(std::coroutine_handle<> who) { return wait_.suspend(*observed_.state(), who); }
  T await_resume() {
    wait_.finish();
    return observed_.get();
  }

 private:
  future<T> observed_;
  detail::coroutine_wait wait_;
};
template <class T>
future_awaiter<T> operator co_await(future<T> f) {
  return future_awaiter<T>(std::move(f));
}

}  // namespace roost
