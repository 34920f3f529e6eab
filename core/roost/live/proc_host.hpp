#pragma once
// A host as the root's launcher sees it: its own, or one behind an agent.

#include <roost/base/error.hpp>
#include <roost/base/ids.hpp>
#include <roost/live/control_socket.hpp>
#include <roost/platform/launcher.hpp>

#include <cstdint>

namespace roost {

/// What is told of the procs of a host, from the loop, never from inside a call.
class proc_host_events : public launcher_events {
 public:
  /// A proc of the host asks for a socket to `peer`; ends in `introduce` or `refuse` for it, with `request`.
  virtual void wants(proc_id asking, std::uint64_t request, proc_id peer) = 0;
  /// A proc of the host asks for a proc, on any host; it is told by `tell`.
  virtual void wants_launch(proc_id asking, launch_request request) = 0;
  virtual void wants_kill(proc_id asking, proc_id id) = 0;

 protected:
  ~proc_host_events() = default;
};

/// Call only from the loop.
class proc_host {
 public:
  virtual ~proc_host() = default;
  /// Ends in `launched` and later `exited`, or in `exited`; only `exited` follows for a proc that was given up. Errors: nothing
  /// follows.
  virtual result<void> launch(launch_request request) = 0;
  virtual void kill(proc_id id) = 0;
  /// Kills a proc that may not answer any more: `exited` with `why` follows at once, and nothing later.
  virtual void give_up(proc_id id, error why) = 0;
  virtual bool has(proc_id id) const = 0;
  /// Gives `to` a socket whose other end `peer` gets; `request` is 0 where `peer` asked.
  virtual void introduce(proc_id to, std::uint64_t request, proc_id peer, descriptor socket) = 0;
  /// Tells a proc what became of one that it asked for.
  virtual void tell(proc_id to, control_record news) = 0;
  virtual void refuse(proc_id to, std::uint64_t request, proc_id peer, error const& why) = 0;
};

}  // namespace roost
