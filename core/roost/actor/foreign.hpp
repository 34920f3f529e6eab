#pragma once
// Threads that are no actors': those of users, of libraries, callbacks of devices. What they may do, and in which order it comes.

#include <roost/actor/foreign_post.hpp>
#include <roost/actor/future.hpp>
#include <roost/actor/port.hpp>
#include <roost/platform/side_door.hpp>

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace roost {

namespace detail {

class foreign_sender;

/// The answer that a foreign thread waits for. Touched only within `door->change` and `door->wait`.
template <class T>
struct foreign_answer {
  std::optional<result<T>> outcome;
};

/// Gives the answer, at the latest when it is destroyed.
template <class T>
class foreign_giver {
 public:
  foreign_giver(std::shared_ptr<side_door> door, std::shared_ptr<foreign_answer<T>> answer)
      : door_(std::move(door)), answer_(std::move(answer)) {}
  foreign_giver(foreign_giver&&) noexcept = default;
  foreign_giver& operator=(foreign_giver&&) = delete;
  ~foreign_giver() {
    if (answer_ != nullptr) give(error(errc::unavailable, "the actor for this thread ended before it answered"));
  }
  void give(result<T> outcome) {
    auto const to = std::exchange(answer_, nullptr);
    door_->change([&] { to->outcome.emplace(std::move(outcome)); });
  }

 private:
  std::shared_ptr<side_door> door_;
  std::shared_ptr<foreign_answer<T>> answer_;
};

template <class R>
struct answered_by {
  using type = R;
};
template <class T>
struct answered_by<future<T>> {
  using type = T;
};

}  // namespace detail

/// The right of foreign threads to reach the proc of the actor that took it. A plain value; copy it to any thread. It says nothing
/// about lifetime: what comes too late is refused.
class foreign_access {
 public:
  foreign_access() = default;
  foreign_access(std::shared_ptr<side_door> door, detail::proc_runtime& home, actor_id owner, std::string name,
                 std::uint64_t most)
      : door_(std::move(door)), home_(&home), owner_(owner), name_(std::move(name)), most_(most) {}

 private:
  friend class foreign_thread;
  std::shared_ptr<side_door> door_;
  detail::proc_runtime* home_ = nullptr;  ///< Used only inside its runtime.
  actor_id owner_;
  std::string name_;
  std::uint64_t most_ = 1;  ///< Requests that may be open.
};

/// Lets foreign threads in, as `name` in errors and logs. Only inside an actor, which owns the actors of those threads: they end with
/// it, and it supervises them.
foreign_access open_to_threads(std::string name = "thread");

/// Makes the calling thread a sender of its own while it lives: it has an actor in the proc, which does what the thread asks for in
/// the order in which it asks. Use it on the thread that made it, which is no worker and runs no handler, one at a time.
///
/// Inside, `port::send` and `once_port::send` work on that thread as they do in a handler, except that nothing suspends the thread: at
/// most `link.credit_messages` requests (those sends, and what is posted) are open. Errors: `errc::would_block` for one more;
/// `errc::unavailable` where the actor that let it in, or the whole proc, has ended; `errc::bad_argument` inside a handler, and for
/// an access that nobody gave.
class foreign_thread {
 public:
  explicit foreign_thread(foreign_access const& access);
  /// What was asked for is still done.
  ~foreign_thread();
  foreign_thread(foreign_thread const&) = delete;
  foreign_thread& operator=(foreign_thread const&) = delete;

  /// Runs `f()` as a message of the thread's actor, where it may use the runtime as any handler does. What it throws fails that actor.
  template <class F>
  void post(F f) {
    detail::post_to(*sender_, std::move(f));
  }
  /// The same, and blocks until there is room and then until it is over (in simulation, where offloaded code is the only such thread,
  /// it cannot: `errc::would_block`): gives what `f` returns, or the value of the future that it returns; throws what it throws,
  /// as an `exception`, and `errc::timeout` when either takes longer than `timeout`.
  template <class F>
  auto blocking_get(F f, nanoseconds timeout = nanoseconds::max()) {
    using R = typename detail::answered_by<std::invoke_result_t<F&>>::type;
    using T = detail::stored<R>;
    auto const answer = std::make_shared<detail::foreign_answer<T>>();
    wait_for_room(timeout);
    post([f = std::move(f), to = detail::foreign_giver<T>(door_, answer)]() mutable {
      try {
        to.give(value_of<R>(f));
      } catch (ended const& over) {
        to.give(detail::error_of(std::current_exception()));
        throw;
      } catch (...) {
        to.give(detail::error_of(std::current_exception()));
      }
    });
    wait([&] { return answer->outcome.has_value(); }, timeout);
    if (!*answer->outcome) detail::throw_error(answer->outcome->failure());
    if constexpr (!std::is_void_v<R>) return std::move(**answer->outcome);
  }

 private:
  template <class R, class F>
  static detail::stored<R> value_of(F& f) {
    if constexpr (!std::is_same_v<std::invoke_result_t<F&>, R>) {
      if constexpr (std::is_void_v<R>) {
        f().get();
        return unit{};
      } else {
        return f().get();
      }
    } else if constexpr (std::is_void_v<R>) {
      f();
      return unit{};
    } else {
      return f();
    }
  }
  void wait_for_room(nanoseconds timeout);
  void wait(unique_function<bool()> holds, nanoseconds timeout);

  std::shared_ptr<side_door> door_;
  std::shared_ptr<detail::foreign_sender> sender_;
};

}  // namespace roost
