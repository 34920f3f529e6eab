#pragma once
// The seam of observation: what can be seen from outside at the edge of the user's code, for checkers, records and traces.
// Nothing in core reads what an observer knows, and an observer changes nothing but the stamps that travel with messages.

#include <roost/base/error.hpp>
#include <roost/base/ids.hpp>
#include <roost/base/units.hpp>

#include <cstdint>
#include <string_view>

namespace roost {

/// Travels with one message from the send call to the handler, untouched. All zero: nobody observes.
struct message_stamp {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(message_stamp const&) const = default;
};

/// One send as the user's code made it.
struct send_observation {
  actor_id sender;
  actor_id receiver;
  endpoint_id endpoint;
  bytes size;                 ///< By the codec's visitor.
  bool awaits_reply = false;  ///< Its reply port ends with the error when it is not handled.
  instant deadline = never;   ///< Of the call.
};

/// One start of the user's code of an actor.
struct start_observation {
  actor_id actor;
  endpoint_id endpoint;  ///< Zero for callbacks.
  message_stamp stamp;
  std::uint32_t limit = 0;  ///< How many handlers of this endpoint run at a time; zero: each runs alone.
  bytes size;               ///< Of what the handler gets, as `send_observation` counts it; zero: not known.
};

enum class wait_kind : std::uint8_t { reply, credit, receiver, sleep, spawn, several, offload };

/// Where a wait stands and what could end it.
struct wait_observation {
  actor_id waiter;
  std::uint64_t wait = 0;  ///< Unique within the waiter.
  wait_kind kind = wait_kind::reply;
  actor_id target;  ///< What it waits for; equal to `waiter` where it is no actor.
  instant deadline = never;
  message_stamp request;  ///< Of the call whose answer it waits for; zero where it waits for none, or for several.
  bool at_port = false;   ///< It waits for room at a port of `target`, not at the actor itself.
};

enum class value_step : std::uint8_t {
  sent,      ///< It takes room of its sender.
  back,      ///< It was not received, and takes none any more.
  received,  ///< By the handler that reads the port.
  closed,    ///< The port, with all that is in it.
};

/// Where a value that was sent to a port is.
struct value_observation {
  value_step step = value_step::sent;
  proc_id home;            ///< Of the port.
  std::uint64_t port = 0;  ///< Unique within `home`.
  actor_id sender;         ///< None where a port is closed, or for one value.
  actor_id owner;          ///< None where the sender speaks.
  bool once = false;       ///< The port is for one value.
};

/// All calls come from the proc in which the thing happened, at the moment when it happened.
class observer {
 public:
  virtual ~observer() = default;

  virtual void actor_started(actor_id actor, entity_key key, std::string_view class_name, actor_id owner) = 0;
  virtual void actor_ended(actor_id actor, errc reason) = 0;

  /// A send was admitted (all credit granted); the stamp returned travels with it.
  virtual message_stamp sent(send_observation const& send) = 0;
  /// The runtime told the sender that the message was not handled (`not_handled` or `unknown`), by its reply port or a receipt.
  virtual void told(actor_id sender, message_stamp stamp, errc fate, errc why) = 0;

  /// A message that was not handled is back at its sender, which will be told in its turn; it holds no credit any more.
  virtual void returned(actor_id sender, message_stamp stamp) = 0;

  /// The user's code of an actor starts to run for a message, or for a callback.
  virtual void handler_started(start_observation const& start) = 0;
  virtual void handler_ended(actor_id actor, message_stamp stamp, errc outcome) = 0;
  /// `supervise` and `cleanup` of an actor, which obey rules of their own.
  virtual void supervise_started(actor_id actor, actor_id failed, errc why) = 0;
  virtual void supervise_ended(actor_id actor, actor_id failed, bool handled) = 0;
  virtual void cleanup_started(actor_id actor) = 0;
  virtual void cleanup_ended(actor_id actor) = 0;

  /// An answer left the handler (or its explicit reply port) of the request of `stamp`; it reached the waiting future.
  virtual void replied(actor_id replier, message_stamp request) = 0;
  virtual void reply_arrived(actor_id caller, message_stamp request, errc outcome) = 0;
  /// The obligation to answer the request of `stamp` goes from one actor to another, in a message.
  virtual void forwarded(actor_id from, actor_id to, message_stamp request) = 0;

  virtual void wait_started(wait_observation const& wait) = 0;
  virtual void wait_ended(actor_id waiter, std::uint64_t wait, errc outcome) = 0;

  /// `by` asked `whom` to end: at once, or once it has handled what it accepted.
  virtual void end_asked(actor_id by, actor_id whom, bool drains) = 0;
  virtual void value_moved(value_observation const& value) = 0;
  /// `watcher` asked to be told of the end of `watched`; `linked`: and fails with it.
  virtual void watch_started(actor_id watcher, actor_id watched, bool linked) = 0;
  /// A monitor or link of `watcher` was told that `watched` ended.
  virtual void notice(actor_id watcher, actor_id watched, errc reason) = 0;
  /// The root's hook ran.
  virtual void unhandled_fault(error const& why) = 0;
  /// A frame of the session layer as it went to (or came from) the transport, for traces and digests.
  virtual void frame(proc_id from, proc_id to, bool outgoing, std::uint64_t kind, std::uint64_t number, std::uint64_t size) = 0;
};

/// Where `always`, `sometimes`, `reachable` and `buggify` end. Names are stable text, unique per meaning.
class probe_sink {
 public:
  virtual ~probe_sink() = default;
  virtual void always(bool held, std::string_view name, std::string_view where) = 0;
  virtual void sometimes(std::string_view name) = 0;
  /// A name that the campaign must see at least once.
  virtual void expect_sometimes(std::string_view name) = 0;
  virtual bool buggify(std::string_view name) = 0;
};

}  // namespace roost
