#pragma once
// The agents of a proc and of a host, as actors: they say what the runtime knows of the actors and procs there.

#include <roost/actor/export.hpp>
#include <roost/platform/status.hpp>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace roost {

namespace detail {

/// Constructs an agent, as its first message.
template <class Agent>
class agent_construct;

}  // namespace detail

/// The agent of a proc: `procs.agents()`. An actor like others: it may be called, watched, and named in messages, and whoever waits for
/// it learns of the end of its proc. It is made when it is first addressed, has no owner, and lives as long as its proc: nobody can
/// stop it, kill it, or be linked to it.
class proc_agent final : public actor {
 public:
  /// What the proc is and does, with at most `most_actors` of its actors, itself among them. `uptime_ns` and `busy_ns` are for those
  /// who look from outside, and stay 0.
  proc_status status(std::uint64_t most_actors);
  /// Stops actors of its proc, as `roost::stop` does: the one of that id ("h0/p1.1/a17"), or all of that name, with their place in
  /// the mesh ("team[gpu=3/8]") or without ("team"). How many there were.
  std::uint64_t stop_actors(std::string which);

 private:
  template <class Agent>
  friend class detail::agent_construct;
  proc_agent() = default;
};
ROOST_EXPORT_AS("roost.proc_agent", proc_agent, status, stop_actors)

/// The agent of a host: `hosts.agents()`. An actor as that of a proc is. The one of the first host lives in the root's proc; the
/// others live in procs of their own, number 0 of each host, which are launched when they are first asked for. When that proc fails,
/// alone or with its host, the host has no agent any more.
class host_agent final : public actor {
 public:
  /// The procs of its host, itself among them where it has a proc of its own: those that live, and the last 64 that have ended.
  void procs(reply_port<std::vector<host_proc_status>> answer);

 private:
  template <class Agent>
  friend class detail::agent_construct;
  friend class detail::proc_runtime;
  host_agent() = default;
  /// The answer to the oldest question.
  void seen(result<std::vector<host_proc_status>> procs);

  std::deque<reply_port<std::vector<host_proc_status>>> asking_;
};
ROOST_EXPORT_AS("roost.host_agent", host_agent, procs)

}  // namespace roost
