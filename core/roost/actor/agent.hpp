#pragma once
// What proc runtimes say to each other: spawning, ends, answers, verdicts. A closed list.

#include <roost/base/bytes.hpp>
#include <roost/base/error.hpp>
#include <roost/base/ids.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace roost::detail {

/// In the endpoint field of messages to actor 0. They keep the order of the session, behind earlier messages of the sender.
enum class agent_op : std::uint64_t {
  answer_value = 1,  ///< reply_port is the caller's port; the payload is the value; fingerprint its type.
  answer_error,      ///< reply_port is the caller's port; the payload is an error.
  spawn,             ///< spawn_body.
  stop,              ///< target_body: drain and end; with a reason: a kill for which the control lane had no room.
  ended,             ///< ended_body, to the proc of the owner.
  watch,             ///< watch_body, to the proc of the watched.
  down,              ///< down_body, to the proc of the watcher.
  succeeded,         ///< succession: from the owner's proc, or an answer.
  who,               ///< actor_id: who has taken its place?
  launch_agent,      ///< host_id, to the root's proc: let that host have an agent.
};

/// On the control lane, ahead of data.
enum class control_kind : std::uint16_t {
  verdict = 1,  ///< std::vector<verdict_body>: those procs are dead.
  kill,         ///< target_body. Many at once go as `agent_op::stop`.
  lease,        ///< Empty: the parent lives.
  shutdown,     ///< Empty: the parent's program is over; end.
  cycle_probe,  ///< cycle_probe_body: one more step along a chain of suspended senders.
};

struct wire_error {
  std::uint16_t code = 0;
  std::string what;
  std::string where;
  bool simulated = false;
};
/// An error chain, newest first.
struct error_body {
  std::vector<wire_error> chain;
};
error_body to_body(error const& e);
error from_body(error_body const& body);

struct spawn_body {
  std::uint64_t local = 0;
  actor_id owner;
  std::string class_name;
  std::string name;
  std::vector<std::string> labels;
  std::vector<std::uint64_t> sizes;
  std::uint64_t rank = 0;
  std::uint64_t fingerprint = 0;
  shared_bytes arguments;
};
struct target_body {
  std::uint64_t local = 0;
  error_body why;
};
struct ended_body {
  actor_id owner;
  actor_id child;
  error_body why;
};
struct watch_body {
  actor_id watcher;
  std::uint64_t port = 0;
  actor_id watched;
  bool linked = false;
};
struct down_body {
  actor_id watcher;
  std::uint64_t port = 0;
  actor_id watched;
  bool linked = false;
  error_body why;
};
/// The first thing that a launched proc reads.
struct bootstrap_body {
  proc_id parent;
  proc_id root;
  std::string cluster;
  std::string token;
  std::string name;
  std::vector<proc_id> failed;  ///< Procs that had failed before.
};
/// "from" is suspended without credit for "to", or for a port of it: does the chain of suspended senders lead back to `initiator`, or
/// does "to" wait, without a deadline, for what the initiator is to answer?
struct cycle_probe_body {
  actor_id initiator;
  std::uint64_t wait = 0;  ///< Its wait, in its proc's count.
  actor_id from;
  actor_id to;
  std::uint64_t port = 0;  ///< 0: `to` itself.
  std::uint32_t open = 0;  ///< Messages or values of `from` that `to` has not handled, as the proc of `from` knows it.
  std::uint32_t hops = 0;
  actor_id asked;       ///< Whom "to" has called, itself or through others, in the chain that the initiator serves; none: nobody.
  bool closed = false;  ///< "to" is the initiator, and its wait has no end.
};
struct verdict_body {
  proc_id dead;
  error_body why;
};

}  // namespace roost::detail
