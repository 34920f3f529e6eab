#pragma once
// The base of users' actors: private state, and handlers that run one at a time.

#include <roost/actor/failure.hpp>
#include <roost/actor/fwd.hpp>
#include <roost/base/error.hpp>
#include <roost/base/unique_function.hpp>
#include <roost/base/units.hpp>
#include <roost/platform/log.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace roost {

/// One start of a handler or callback, as a proc's flight recorder keeps it.
struct flight_record {
  instant at{};
  std::string endpoint;  ///< Empty: a callback or the constructor.
  actor_id sender;       ///< Nil for callbacks.
};

/// Where a handler runs and what it was sent. Valid only during the handler.
class context {
 public:
  /// The actor's own place in its mesh.
  roost::point const& point() const;
  std::uint64_t rank() const { return point().rank(); }
  /// The receiver's place in the slice that the message was cast to; its own place for everything else.
  roost::point message_point() const;
  std::uint64_t message_rank() const { return message_point().rank(); }
  actor_id self() const;
  proc_id proc() const;
  host_id host() const;
  /// The name given at spawn.
  std::string const& name() const;
  /// Who sent the message; nil for callbacks.
  actor_id caller() const;
  /// When the handler's caller no longer waits; `never` without a deadline.
  instant deadline() const;
  /// What this actor started last, oldest first, this handler included: what the proc's flight recorder still has of it (it keeps the
  /// last `actor.flight_entries` starts of all its actors). When an actor fails, the last of them go to the log.
  std::vector<flight_record> recent() const;

 private:
  friend context here();
  explicit context(detail::handler_frame& frame) : frame_(&frame) {}
  detail::handler_frame* frame_;
};

/// The context of the handler that runs now. Throws `errc::bad_argument` outside a handler.
context here();

/// The runtime's clocks and randomness, deterministic in simulation. Only inside a handler.
instant now();
/// Suspends the handler, not the thread. Ends early only with the actor, or at the handler's inherited deadline (then it throws
/// `errc::timeout`).
void sleep(nanoseconds duration);
/// 64 random bits of this actor's own stream.
std::uint64_t random_bits();
/// Uniform in [0, bound).
std::uint64_t random_below(std::uint64_t bound);
/// Writes one line to the platform's log, with the actor as its source. Only inside a handler.
void log_line(log_level level, std::string_view line, log_fields const& fields = {});
/// The same, of a format as fmt has it: `log("at step {}", 3)`.
template <class... Args>
void log(fmt::format_string<Args...> format, Args&&... args) {
  log_line(log_level::info, fmt::format(format, std::forward<Args>(args)...));
}
/// With fields: `log({{"step", 3}, {"loss", 0.25}}, "goes on")`. As text they come behind the line as `step=3 loss=0.25`; as JSON
/// they are members of its object `fields`, with their types kept.
template <class... Args>
void log(log_fields const& fields, fmt::format_string<Args...> format, Args&&... args) {
  log_line(log_level::info, fmt::format(format, std::forward<Args>(args)...), fields);
}
/// As important as that: `log(log_level::warning, {{"step", 3}}, "the loss grows")`.
template <class... Args>
void log(log_level level, log_fields const& fields, fmt::format_string<Args...> format, Args&&... args) {
  log_line(level, fmt::format(format, std::forward<Args>(args)...), fields);
}
/// Runs code that blocks, and gives what it returns or throws. The actor is busy until it is over, and others of its proc are not.
/// Simulated: it runs at once and takes `takes` of virtual time, whatever deadline the handler has. Live: it runs on a thread of
/// a pool, and takes what it takes; what belongs to the runtime (`here()`, sends, futures) does not work in it. An actor that is
/// ended meanwhile ends when it is over.
template <class F>
auto offload(nanoseconds takes, F&& f);
/// Ends with the actor after what is already in its mailbox.
void stop_self();
/// Declares that this handler takes `duration` of its worker's time in simulation; live it does nothing.
void spend(nanoseconds duration);

/// Tells the current actor once, by `actor::down`, when `other` ends (or at once, when it has ended), however often it is watched before
/// that. Any actor may watch any.
void watch(actor_id other);
/// Like `watch`, and when either fails the other fails with it as the cause. A clean stop only tells. Beside a watch it tells once, too.
void link_to(actor_id other);
/// Ends an actor without draining, whoever owns it; its owner sees `errc::actor_killed`.
void kill(actor_id other);
/// Lets an actor drain and end, whoever owns it.
void stop(actor_id other);

/// Base of every actor class. Constructed, used and destroyed on one of its proc's workers, not always the same.
///
/// Destructors, its own and those that run while a handler unwinds, may send where there is room, and never wait: what would have
/// to wait there throws `errc::would_block`, which ends the process unless the destructor catches it.
///
/// A class that says `static constexpr bool dedicated = true;` gives each of its actors a worker of its own: handlers that compute
/// or block for long keep no other actor of the proc waiting. Live, that is a thread, which lives as long as the actor.
///
/// Handlers of different actors of a proc may run at the same time, on different threads, where `live.workers` is above 1 or some are
/// dedicated; those of one actor never do. So what several actors of a proc share (`proc_local`, pointers, statics) needs its own guard.
class actor {
 public:
  actor();
  actor(actor const&) = delete;
  actor& operator=(actor const&) = delete;
  virtual ~actor() = default;

  /// A failure of something this actor owns. True: handled. False or throwing: this actor fails, and its owner is told with
  /// the chain kept. Runs between handlers, or while one waits; never nested; may itself wait.
  virtual bool supervise(failure const& f);
  /// Runs once when the actor ends, after everything it owns has ended; `why` is null after a clean stop. Bounded in time.
  virtual void cleanup(error const* why);
  /// A message without a reply port was not handled. The default logs it.
  virtual void undelivered(roost::undelivered const& receipt);
  /// A watched actor ended: errc::actor_stopped, actor_failed, actor_killed, proc_failed or path_lost.
  virtual void down(actor_id who, error const& why);

 private:
  friend class detail::actor_cell;
  template <class T>
  friend struct actor_access;
  detail::actor_cell* cell_;
};

namespace detail {
void run_offloaded(nanoseconds takes, unique_function<void()> body);
}

template <class F>
auto offload(nanoseconds takes, F&& f) {
  using R = std::invoke_result_t<F>;
  std::exception_ptr thrown;
  std::conditional_t<std::is_void_v<R>, std::optional<int>, std::optional<R>> value;
  detail::run_offloaded(takes, [&] {
    try {
      if constexpr (std::is_void_v<R>) {
        std::forward<F>(f)();
      } else {
        value.emplace(std::forward<F>(f)());
      }
    } catch (...) {
      thrown = std::current_exception();
    }
  });
  if (thrown) std::rethrow_exception(thrown);
  if constexpr (!std::is_void_v<R>) return std::move(*value);
}

}  // namespace roost
