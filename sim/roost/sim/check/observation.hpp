#pragma once
// What checkers see: one flat record per thing that happened at the edge of the user's code, simulated or recorded live.

#include <roost/base/error.hpp>
#include <roost/base/ids.hpp>
#include <roost/base/units.hpp>
#include <roost/platform/observer.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace roost::sim::check {

enum class observed : std::uint8_t {
  actor_started,      ///< actor, other = owner, key, text = class.
  actor_ended,        ///< actor, outcome.
  sent,               ///< actor = sender, other = receiver, endpoint, stamp, size, flag = awaits a reply, deadline of the call.
  told,               ///< actor = sender, stamp, outcome = fate, why.
  handler_started,    ///< actor, endpoint, stamp, size as it came, flag = concurrent, limit = so many run at a time.
  handler_ended,      ///< actor, stamp, outcome.
  supervise_started,  ///< actor, other = failed, outcome = why.
  supervise_ended,    ///< actor, other, flag = handled.
  cleanup_started,
  cleanup_ended,
  replied,          ///< actor = replier, stamp = of the request.
  reply_arrived,    ///< actor = caller, stamp = of the request, outcome.
  wait_started,     ///< actor, other = target, wait, kind, deadline, stamp = of the awaited answer's request, flag = at a port.
  wait_ended,       ///< actor, wait, outcome.
  notice,           ///< actor = watcher, other = watched, outcome.
  unhandled_fault,  ///< text.
  proc_started,     ///< actor.proc, other.proc = who launched it; nobody: not known.
  proc_crashed,     ///< actor.proc: a fault; its actors ended without a word. flag = nobody sees it, since its host crashed.
  proc_exited,      ///< actor.proc: by itself.
  healed,           ///< The plan is over; the network is whole; settling begins.
  settled,          ///< No event is left.
  watch_started,    ///< actor = watcher, other = watched, flag = linked: a notice more is due, once `watched` ends.
  returned,         ///< actor = sender, stamp: the message is back and holds no room; the sender is told in its turn.
  forwarded,        ///< actor, other = who is to answer now, stamp = of the request.
  end_asked,        ///< actor = who asked, other = who is to end, flag = when it has handled what it accepted.
  value_sent,       ///< actor = sender, other = its port, as a proc and a number.
  value_back,       ///< actor = sender, other = the port: it was not received, and takes no room any more.
  value_received,   ///< actor = owner, other = the port, key = hash of the sender, flag = the port is for one value.
  port_closed,      ///< actor = owner, other = the port.
  kept_busy,        ///< actor.proc: a handler spends its time; until then, the deadline, others there may have no turn.
};
inline constexpr std::size_t observed_kinds = static_cast<std::size_t>(observed::kept_busy) + 1;

struct observation {
  observed what = observed::sent;
  wait_kind kind = wait_kind::reply;
  bool flag = false;
  errc outcome = errc::ok;
  errc why = errc::ok;
  std::uint32_t limit = 0;
  instant at{};
  std::uint64_t event = 0;  ///< The number of the simulator's event, or of the record.
  actor_id actor{};
  actor_id other{};
  endpoint_id endpoint{};
  message_stamp stamp{};
  std::uint64_t size = 0;
  std::uint64_t wait = 0;
  entity_key key{};
  instant deadline = never;
  std::string text{};
};

/// As it is seen at the seam.
observation value_seen(value_observation const& value);
observation start_seen(start_observation const& start);

/// A promise that was seen to break.
struct violation {
  std::string promise;  ///< "G2", or the name of an `always`.
  std::string what;     ///< One line: what failed, where and why.
  instant at{};
  std::uint64_t event = 0;
};

}  // namespace roost::sim::check
