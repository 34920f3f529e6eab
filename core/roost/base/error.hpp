#pragma once
// One error type: a code, a sentence, the place where it arose, and the error that caused it.
// Values at module borders (`result<T>`), exceptions (`roost::exception`) at the user's edge.

#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace roost {

enum class errc : std::uint16_t {
  ok = 0,
  // Fates of messages and waits (spec G3, G4, G10).
  not_handled,     ///< The message was certainly not handled.
  unknown,         ///< The message may or may not have been handled.
  no_reply,        ///< The reply port was destroyed unanswered.
  timeout,         ///< The deadline passed.
  deadlock,        ///< The wait would close a cycle of waiting callers or suspended senders.
  would_block,     ///< No credit, and the caller may not suspend.
  too_deep,        ///< The call chain has more than its limit of callers.
  unbounded_wait,  ///< A receiver is neither linked to actors nor received with a deadline.
  // What became of the other side.
  actor_failed,   ///< The target actor failed; the cause is chained.
  actor_stopped,  ///< The target actor stopped.
  actor_killed,   ///< The target actor was killed.
  no_such_actor,  ///< No actor of that id was ever here.
  proc_failed,    ///< The target's proc was declared failed.
  path_lost,      ///< The path to a living proc is lost.
  stale,          ///< The message was bound to an earlier incarnation or membership epoch.
  ended,          ///< The waiting actor itself is being ended.
  // User code.
  handler_threw,  ///< The endpoint threw; its message is the text.
  mesh_partial,   ///< A collective result lacks some ranks.
  not_one_rank,   ///< `call_one` needs exactly one rank.
  unsupervised,   ///< A failure reached the root.
  // Input from outside.
  bad_frame,             ///< A frame is malformed.
  too_large,             ///< A limit on size, nesting or count was passed; the text names it.
  version_mismatch,      ///< The peer speaks another wire version; both are named.
  unauthenticated,       ///< The peer's proof of membership is wrong.
  fingerprint_mismatch,  ///< The two builds disagree on a message's structure.
  unknown_endpoint,      ///< The receiver has no such endpoint.
  bad_argument,          ///< The caller passed something impossible; the text says what was expected.
  bad_scenario,          ///< A scenario or repro file is wrong; the place is file:line:column.
  // Resources and internals.
  launch_failed,
  unavailable,
  broken_invariant,
};

/// The code as written in `errc`, for example "path_lost".
std::string_view to_string(errc code) noexcept;

/// One link of a chain of causes. Immutable; copying shares the causes.
struct error {
  errc code = errc::ok;
  std::string what;   ///< One sentence: what failed and why.
  std::string where;  ///< Endpoint, mesh, point, proc or host; file:line:column for input. May be empty.
  std::shared_ptr<error const> cause;
  bool simulated = false;  ///< A simulated fault made it.

  error() = default;
  error(errc c, std::string text, std::string place = {}, std::shared_ptr<error const> because = {})
      : code(c), what(std::move(text)), where(std::move(place)), cause(std::move(because)) {}

  explicit operator bool() const noexcept { return code != errc::ok; }
  /// Whether this error or one of its causes is of that code.
  bool because_of(errc of) const noexcept;
  /// This error as the result of `because`, at the end of this error's own chain.
  error caused_by(error because) const;
  /// First line: what, where and why; then one indented line per cause.
  std::string describe() const;
};

/// What `.get()` and other user-facing calls throw.
class exception : public std::runtime_error {
 public:
  explicit exception(error e) : std::runtime_error(e.describe()), error_(std::move(e)) {}
  error const& why() const noexcept { return error_; }
  errc code() const noexcept { return error_.code; }

 private:
  error error_;
};

/// Thrown at the suspension of a handler that must end. Not a `std::exception`, so that `catch (std::exception&)` lets it pass.
struct ended {
  error why;
};

/// A value or an error.
template <class T>
class [[nodiscard]] result {
 public:
  result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  result(error e) : state_(std::in_place_index<1>, std::move(e)) {}

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }
  T& operator*() & { return std::get<0>(state_); }
  T const& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  T const* operator->() const { return &std::get<0>(state_); }
  error const& failure() const { return std::get<1>(state_); }
  /// The value, or throws `exception`.
  T const& value() const& {
    if (!has_value()) throw exception(failure());
    return std::get<0>(state_);
  }
  T&& value() && {
    if (!has_value()) throw exception(failure());
    return std::get<0>(std::move(state_));
  }

 private:
  std::variant<T, error> state_;
};

template <>
class [[nodiscard]] result<void> {
 public:
  result() = default;
  result(error e) : error_(std::move(e)) {}
  bool has_value() const noexcept { return error_.code == errc::ok; }
  explicit operator bool() const noexcept { return has_value(); }
  error const& failure() const { return error_; }
  void value() const {
    if (!has_value()) throw exception(error_);
  }

 private:
  error error_;
};

/// Prints the broken invariant with its state and aborts. `state` is what a reader needs to see why.
[[noreturn]] void broken(char const* invariant, std::string const& state, char const* file, int line);

}  // namespace roost

/// Aborts with `state` (a std::string expression, evaluated only then) unless `condition` holds. Never for input from outside.
#define ROOST_INVARIANT(condition, state) \
  (static_cast<bool>(condition) ? void(0) : ::roost::broken(#condition, (state), __FILE__, __LINE__))
