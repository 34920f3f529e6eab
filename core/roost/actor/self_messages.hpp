#pragma once
// Delayed and periodic messages of an actor to itself.

#include <roost/actor/endpoint.hpp>

#include <functional>

namespace roost {

namespace detail {
/// Posts `f` to the current actor after `delay`, then every `period` unless it is zero.
void post_later(nanoseconds delay, nanoseconds period, std::function<void()> f);
}  // namespace detail

/// Runs `f` once as a message of the current actor, not before `delay`; never while a handler of it waits. Dropped when the
/// actor is stopped or ends first, and at once where `delay` is beyond all time.
template <class F>
void after(nanoseconds delay, F f) {
  detail::post_later(delay, nanoseconds(0), std::move(f));
}
/// The same again and again, each `period` after the start of the one before. Throws `errc::bad_argument` for a period that is not positive.
template <class F>
void every(nanoseconds period, F f) {
  if (period <= nanoseconds(0)) detail::throw_error(error(errc::bad_argument, "every() needs a period above zero"));
  detail::post_later(period, period, std::move(f));
}

}  // namespace roost
