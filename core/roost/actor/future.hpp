#pragma once
// Futures: values that come later. Waiting suspends the actor's handler, not the thread. Used on one proc only.

#include <roost/actor/cell.hpp>
#include <roost/actor/port_base.hpp>
#include <roost/actor/proc_runtime.hpp>
#include <roost/base/unique_function.hpp>
#include <roost/wire/codec.hpp>
#include <roost/wire/fingerprint.hpp>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <algorithm>
#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace roost {

/// What `void` is as a value.
struct unit {
  auto operator<=>(unit const&) const = default;
};

namespace detail {

template <class T>
using stored = std::conditional_t<std::is_void_v<T>, unit, T>;

/// The state that a future and its copies share. As a port it takes the one answer of a call.
class future_base : public port_base, public awaited_answers {
 public:
  bool ready() const noexcept { return ready_; }
  /// Suspends until ready; gives errc::timeout at the deadline, which leaves the future as it was, and errc::deadlock at once
  /// where it can never be ready while the caller waits.
  errc wait(instant deadline, wait_kind kind);
  /// Whether it becomes ready only by a callback of the actor of `frame`, none of which runs while `frame` waits.
  bool comes_after(handler_frame const& frame) const noexcept;
  /// Whom a wait for it names as its target.
  actor_id awaited_actor() const noexcept { return awaited ? target : actor_id{}; }
  void add_observer(observer_node& node) { observers_.add(node); }
  void remove_observer(observer_node& node) { observers_.remove(node); }
  /// Fails with errc::timeout then, unless ready before; the answer that comes later is dropped.
  void expire_at(instant deadline);
  /// Runs once when ready (now, if it is), in code of the runtime. The callback must not own this future, which owns it
  /// and may never be ready.
  void when_ready(unique_function<void()> callback);

  bool can_end_without(actor_id const& silent) const noexcept override { return ready_ || !awaited || target != silent; }
  bool once() const noexcept override { return true; }
  future_base();
  ~future_base() override;

  bool by_callback = false;  ///< A callback of `owner` makes it ready.

 protected:
  void become_ready();

 private:
  struct expiry final : timer {
    explicit expiry(future_base& f) : of(&f) {}
    void expired() override;
    future_base* of;
    bool passed = false;
  };
  expiry expiry_{*this};
  bool ready_ = false;
  observer_list observers_;
  std::vector<unique_function<void()>> callbacks_;
};

template <class T>
class future_state : public future_base {
 public:
  void set(T value) {
    if (ready()) return;
    outcome_.emplace(std::move(value));
    become_ready();
  }
  void fail(error why) override {
    if (ready()) return;
    outcome_.emplace(std::move(why));
    become_ready();
  }
  result<T> const& outcome() const { return *outcome_; }
  result<T>& outcome() { return *outcome_; }

  result<void> take(void*, std::uint64_t) override { return error(errc::bad_argument, "no values are sent to this future"); }
  result<void> take_bytes(shared_bytes const&, std::uint64_t) override {
    return error(errc::bad_argument, "no values are sent to this future");
  }

 private:
  std::optional<result<T>> outcome_;
};

/// The state of a call's future: it takes the answer.
template <class T>
class answer_state final : public future_state<T> {
 public:
  result<void> take(void* value, std::uint64_t type) override {
    if (type != wire::fingerprint_of<T>()) return mismatch();
    this->set(std::move(*static_cast<T*>(value)));
    return {};
  }
  result<void> take_bytes(shared_bytes const& encoded, std::uint64_t type) override {
    if (type != wire::fingerprint_of<T>()) return mismatch();
    auto value = wire::decode<T>(encoded);
    if (!value) return value.failure();
    this->set(std::move(*value));
    return {};
  }

 private:
  static error mismatch() { return error(errc::fingerprint_mismatch, "the answer has another type than the caller expects"); }
};

/// A callback of the user's, as a message of the actor to itself.
template <class F>
class callback_message final : public message {
 public:
  explicit callback_message(F f) : f_(std::move(f)) {}
  void invoke(handler_frame&) override { f_(); }

 private:
  F f_;
};

template <class F>
void post_callback(proc_runtime& home, std::uint64_t local, F f) {
  if (auto* cell = home.find(local)) cell->post(std::make_unique<callback_message<F>>(std::move(f)));
}

/// Makes a future ready by what `f` gives or throws, which is code of the user's.
template <class T, class F>
void answer_by(future_state<T>& state, F f) {
  auto outcome = [&]() -> result<T> {
    try {
      return f();
    } catch (...) {
      return error_of(std::current_exception());
    }
  }();
  runtime_entry const inside;
  if (outcome) {
    state.set(*std::move(outcome));
  } else {
    state.fail(outcome.failure());
  }
}

[[noreturn]] void throw_error(error const& why);
/// Why a wait for a future ended with that code, before the future was ready.
error wait_error(errc outcome);
/// The instant `timeout` from now on the current proc's clock.
instant deadline_in(nanoseconds timeout);

}  // namespace detail

/// A value of type T that comes later, or an error. Copies observe the same value; a timeout does not spoil it. Only inside an
/// actor, on its own proc.
template <class T>
class [[nodiscard]] future {
 public:
  using value_type = detail::stored<T>;
  using state_type = detail::future_state<value_type>;

  future() = default;
  explicit future(boost::intrusive_ptr<state_type> state) : state_(std::move(state)) {}

  bool valid() const noexcept { return state_ != nullptr; }
  /// Throws `errc::bad_argument` for a future that stands for nothing; so do waits for one.
  bool ready() const {
    runtime_entry const inside;
    return standing().ready();
  }
  /// Waits, then gives the value or throws `exception`. A wait ends at the deadline inherited by the handler, too.
  T get() const& { return finish(never); }
  T get() && {
    future const keep(std::move(state_));
    return keep.finish(never);
  }
  /// Throws `errc::timeout` after `timeout`; the future can be observed again.
  T get(nanoseconds timeout) const { return finish(detail::deadline_in(timeout)); }
  /// Waits, and gives the value or the error without throwing it.
  result<value_type> wait() const { return wait_until(never); }
  result<value_type> wait(nanoseconds timeout) const { return wait_until(detail::deadline_in(timeout)); }
  /// Runs `f(value)` as a message of the calling actor once the value is there; never while a handler of it waits, so that a
  /// handler's wait for what this returns is `errc::deadlock` at once. An error passes to the future that this returns,
  /// without `f`.
  template <class F>
  auto then(F f) const {
    using R = decltype(call(f, std::declval<value_type&>()));
    runtime_entry const inside;
    auto const next = boost::intrusive_ptr(new detail::future_state<detail::stored<R>>());
    auto& frame = detail::require_frame("then()");
    auto& home = frame.cell->home();
    auto const local = frame.cell->id().local;
    next->owner = frame.cell->id();
    next->home = &home;
    next->by_callback = true;
    standing().when_ready([ready = state_.get(), next, &home, local, f = std::move(f)]() mutable {
      detail::post_callback(home, local, [state = boost::intrusive_ptr(ready), next, f = std::move(f)]() mutable {
        detail::answer_by(*next, [&]() -> result<detail::stored<R>> {
          if (!state->outcome()) return state->outcome().failure();
          if constexpr (std::is_void_v<R>) {
            call(f, *state->outcome());
            return unit{};
          } else {
            return call(f, *state->outcome());
          }
        });
      });
    });
    return future<R>(next);
  }
  /// Says that nobody will look at the result.
  void detach() const noexcept {}
  boost::intrusive_ptr<state_type> const& state() const noexcept { return state_; }

 private:
  state_type& standing() const {
    if (state_ == nullptr) detail::throw_error(error(errc::bad_argument, "a future that stands for nothing"));
    return *state_;
  }
  template <class F>
  static decltype(auto) call(F& f, value_type& value) {
    if constexpr (std::is_void_v<T> && std::is_invocable_v<F&>) {
      return f();
    } else {
      return f(value);
    }
  }
  result<value_type> wait_until(instant deadline) const {
    if (auto const outcome = standing().wait(deadline, wait_kind::reply); outcome != errc::ok) return detail::wait_error(outcome);
    return state_->outcome();
  }
  T finish(instant deadline) const {
    if (auto const outcome = standing().wait(deadline, wait_kind::reply); outcome != errc::ok)
      detail::throw_error(detail::wait_error(outcome));
    auto const& outcome = state_->outcome();
    if (!outcome) detail::throw_error(outcome.failure());
    if constexpr (!std::is_void_v<T>) return *outcome;
  }

  boost::intrusive_ptr<state_type> state_;
};

namespace detail {
/// Waits until `wanted` of `states` are ready; gives their indices in ascending order, or throws `errc::timeout`.
std::vector<std::size_t> wait_states(std::vector<future_base*> const& states, std::size_t wanted, instant deadline);

template <class T>
std::vector<future_base*> states_of(std::vector<future<T>> const& futures) {
  std::vector<future_base*> states;
  for (auto const& f : futures) states.push_back(f.state().get());
  return states;
}
}  // namespace detail

/// Waits until at least `n` are ready (a value or an error) and gives the indices of all that are, ascending. Throws
/// `errc::bad_argument` when there are fewer than `n`, `errc::deadlock` when fewer than `n` can come before the handler ends
/// (see `then`), `errc::timeout` at the deadline.
template <class T>
std::vector<std::size_t> wait_n(std::size_t n, std::vector<future<T>> const& futures, nanoseconds timeout = nanoseconds::max()) {
  return detail::wait_states(detail::states_of(futures), n, detail::deadline_in(timeout));
}
template <class T>
std::size_t wait_any(std::vector<future<T>> const& futures, nanoseconds timeout = nanoseconds::max()) {
  return wait_n(1, futures, timeout).front();
}
template <class T>
void wait_all(std::vector<future<T>> const& futures, nanoseconds timeout = nanoseconds::max()) {
  (void)wait_n(futures.size(), futures, timeout);
}
template <class... T>
void wait_all(future<T> const&... futures) {
  (void)detail::wait_states({futures.state().get()...}, sizeof...(T), never);
}
template <class... T>
std::size_t wait_any(future<T> const&... futures) {
  return detail::wait_states({futures.state().get()...}, 1, never).front();
}

}  // namespace roost
