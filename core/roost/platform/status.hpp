#pragma once
// What a proc says of itself to whoever looks: `roost get`, `roost describe`, metrics. Plain values that travel.

#include <roost/base/ids.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace roost {

/// One wait of a handler that has not ended.
struct wait_status {
  std::string what;     ///< "reply", "credit", "receiver", "sleep", "spawn", "several", "offloaded code".
  std::string handler;  ///< "Player.hit"; empty where it is a callback.
  std::string target;   ///< The actor that it waits for, or several; empty where it waits for none.
};

/// One actor.
struct actor_status {
  std::uint64_t local = 0;
  std::string name;  ///< "team[gpu=3/8]".
  std::string class_name;
  std::string owner;           ///< Its id; empty for the root.
  std::string state;           ///< "starting", "running", "draining", "ending".
  std::uint64_t queued = 0;    ///< Messages in its mailbox.
  std::uint64_t handlers = 0;  ///< Running or waiting.
  std::uint64_t failures = 0;  ///< Of what it owns, not yet supervised.
  std::vector<wait_status> waits;
};

/// An actor that has failed, as long as it is remembered.
struct failure_status {
  std::uint64_t local = 0;
  std::string why;  ///< With its causes.
};

/// Since the proc began.
struct proc_counters {
  std::uint64_t handlers_started = 0;  ///< Callbacks included.
  std::uint64_t sent_to_others = 0;    ///< Messages and answers to other procs.
  std::uint64_t told = 0;              ///< Senders of this proc that were told that a message was not handled.
  std::uint64_t actors_started = 0;
  std::uint64_t actors_ended = 0;
  std::uint64_t actors_failed = 0;  ///< Of those that ended.
  std::uint64_t procs_failed = 0;   ///< Of others, as this one knows.
};

/// One proc. Of a proc whose handler keeps its loop busy only what needs no look at its actors, and who keeps it busy.
struct proc_status {
  std::string id;
  std::string name;
  std::uint64_t process = 0;  ///< Of the operating system.
  std::uint64_t uptime_ns = 0;
  std::uint64_t busy_ns = 0;  ///< How long one handler has kept the loop; 0 while the loop turns.
  std::string busy_with;      ///< "Player.hit of h0/p1.1/a7".
  proc_counters counters;
  std::uint64_t actor_count = 0;
  std::vector<actor_status> actors;      ///< At most as many as were asked for.
  std::vector<failure_status> failures;  ///< The latest last.
  std::vector<std::string> sessions;     ///< A line each: peer, channel, what is under way.
};

/// One proc, as the agent of its host knows it.
struct host_proc_status {
  proc_id id;
  std::string name;           ///< As it was launched: "procs/3".
  std::uint64_t process = 0;  ///< Of the operating system; 0 in simulation.
  std::string state;          ///< "starting", "running", "ended".
  std::string end;            ///< How it ended; empty while it has not.
};

/// Of procs that have ended, the agent of a host knows so many, the latest.
inline constexpr std::size_t most_ended_procs = 64;

}  // namespace roost
