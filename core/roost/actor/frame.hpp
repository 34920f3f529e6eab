#pragma once
// One activation of user code on an actor, and its waits.

#include <roost/actor/message.hpp>
#include <roost/base/error.hpp>
#include <roost/platform/platform.hpp>

#include <coroutine>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>

namespace roost::detail {

enum class activation : std::uint8_t { construct, handler, callback, supervise, cleanup };

/// A running or suspended piece of user code. Lives on the stack of its fiber.
struct handler_frame {
  handler_frame(actor_cell& on, activation what) : cell(&on), kind(what) {}
  handler_frame(handler_frame const&) = delete;
  handler_frame& operator=(handler_frame const&) = delete;

  actor_cell* cell;
  activation kind;
  bool concurrent = false;
  bool must_end = false;           ///< The next suspension throws `ended`.
  bool destroys = false;           ///< The actor's destructor runs.
  bool answered = false;           ///< A value or error went to `reply`, or the handler took the reply port.
  bool coroutine = false;          ///< Its handler is a coroutine: it is a `coroutine_frame`.
  std::uint16_t ended_thrown = 0;  ///< How often a wait threw `ended`.
  message* handled = nullptr;      ///< Null for what is no message.
  instant deadline = never;
  failure const* supervised = nullptr;  ///< What `supervise` sees to.
  std::unique_ptr<error> end_reason;    ///< Null: for no reason that is known.
  waiter* waiting = nullptr;
  handler_frame* next = nullptr;  ///< Of the same actor.

  /// Who waits for what this activation answers, and who waits for them.
  chain_ptr chain() const { return handled == nullptr ? nullptr : handled->chain; }
  error why_ended() const { return end_reason == nullptr ? error() : *end_reason; }
  void end_because(error const& why) {
    must_end = true;
    end_reason = std::make_unique<error>(why);
  }
  /// A destructor runs: the actor's, or one of a handler that unwinds. What throws there ends the process.
  bool may_not_wait() const noexcept { return destroys || std::uncaught_exceptions() > 0; }
};

/// Of a handler that is a coroutine; it owns the message that it handles.
struct coroutine_frame final : handler_frame {
  coroutine_frame(actor_cell& on, activation what, std::unique_ptr<message> of) : handler_frame(on, what), owned(std::move(of)) {
    coroutine = true;
  }
  std::unique_ptr<message> owned;
};

// banned-call: the current-context pointer, one a loop
inline constinit thread_local handler_frame* frame_of_this_thread = nullptr;

/// The activation that runs now on this thread; null outside.
inline handler_frame* current_frame() noexcept { return frame_of_this_thread; }
inline void set_current_frame(handler_frame* frame) noexcept { frame_of_this_thread = frame; }

/// The user's code of `frame` runs in this scope, outside the runtime.
class frame_scope {
 public:
  frame_scope(handler_frame& frame, runtime_lock& lock) noexcept : outside_(lock) { set_current_frame(&frame); }
  ~frame_scope() { set_current_frame(nullptr); }
  frame_scope(frame_scope const&) = delete;
  frame_scope& operator=(frame_scope const&) = delete;

 private:
  outside_runtime outside_;
};

[[noreturn]] void refuse_outside_actors(char const* what);
/// The activation that runs now; outside an actor it throws `errc::bad_argument` with a sentence that names `what`.
inline handler_frame& require_frame(char const* what) {
  auto* const frame = current_frame();
  if (frame == nullptr) refuse_outside_actors(what);
  return *frame;
}

/// What user code threw, as an error.
error error_of(std::exception_ptr thrown);

/// What a wait for answers waits for.
class awaited_answers {
 public:
  /// Whether the wait can end while `silent` answers nothing.
  virtual bool can_end_without(actor_id const& silent) const noexcept = 0;

 protected:
  ~awaited_answers() = default;
};

/// One wait of one frame: on the stack of the waiting handler, or in its coroutine. Woken at most once; the first reason wins.
class waiter final : public runnable {
 public:
  explicit waiter(handler_frame& of);
  ~waiter();

  /// Suspends until `wake`, the deadline (its own or the frame's), or the end of the actor: then it throws `ended`.
  /// Gives what it was woken with, errc::timeout at the deadline.
  errc wait(wait_kind kind, actor_id target, instant deadline);
  /// The same in two halves, which hold no fiber: `suspended` is resumed once the wait has ended, and then calls `finish`.
  /// False: it has ended already, and nobody is resumed.
  bool suspend(wait_kind kind, actor_id target, instant deadline, std::coroutine_handle<> suspended);
  errc finish();
  /// Ends the wait; harmless when it has ended.
  void wake(errc outcome);
  /// Lets a wait that ended meanwhile go on; `hold` is its reverse, while `supervise` runs.
  void release();
  void hold();
  /// From now on the end of the actor does not end the wait; it goes on to its own end and throws `ended` then.
  void shield() noexcept { shielded_ = true; }
  bool woken() const noexcept { return outcome_.has_value(); }
  bool has_deadline() const noexcept { return timer_.armed(); }
  wait_kind kind() const noexcept { return kind_; }
  actor_id const& target() const noexcept { return target_; }
  /// Whether it waits for what only a handler of `who` brings.
  bool needs(actor_id const& who) const noexcept {
    if (answers != nullptr) return !answers->can_end_without(who);
    return target_ == who && (kind_ == wait_kind::reply || kind_ == wait_kind::credit);
  }

  awaited_answers const* answers = nullptr;  ///< Lives as long as the wait.
  message_stamp request;                     ///< Whose answer it waits for, for observers; zero where there is none.
  bool at_port = false;                      ///< It waits for room at a port of its target, for observers.

  void run() override;
  /// The proc ends: lets the handler unwind at once.
  void unwind_now();

 private:
  bool begin(wait_kind kind, actor_id target, instant deadline);
  bool suspended() const noexcept { return slot_.suspended() || coroutine_; }

  struct deadline_timer final : timer {
    explicit deadline_timer(waiter& w) : owner(&w) {}
    void expired() override { owner->wake(errc::timeout); }
    waiter* owner;
  };

  handler_frame* frame_;
  parked slot_;
  std::coroutine_handle<> coroutine_;
  deadline_timer timer_{*this};
  std::optional<errc> outcome_;
  wait_kind kind_ = wait_kind::reply;
  actor_id target_;
  std::uint64_t number_ = 0;  ///< Among the actor's waits.
  bool shielded_ = false;
};

}  // namespace roost::detail
