#pragma once
// The seam of processes. Live: exec of the same program. Simulated: a new simulated process.

#include <roost/base/bytes.hpp>
#include <roost/base/error.hpp>
#include <roost/base/ids.hpp>

#include <string>
#include <vector>

namespace roost {

struct launch_request {
  proc_id id;              ///< Chosen by the launching proc; a fresh incarnation.
  std::string name;        ///< Decoration for logs and entity keys: "procs/3".
  shared_bytes bootstrap;  ///< What the new proc reads first, opaque to the launcher.
};

/// What a launcher tells its proc, on the control lane.
class launcher_events {
 public:
  /// The proc runs its loop.
  virtual void launched(proc_id id) = 0;
  /// The proc never ran, or ended: by itself (errc::ok), or with the reason.
  virtual void exited(proc_id id, error why) = 0;

 protected:
  ~launcher_events() = default;
};

/// Starts and ends procs. Call only from the owning proc.
class launcher {
 public:
  virtual ~launcher() = default;
  virtual void attach(launcher_events* events) = 0;
  /// The hosts on which procs can be launched; the first is this one.
  virtual std::vector<host_id> hosts() const = 0;
  /// Starts a proc on `request.id.host`; ends in `launched` or `exited`.
  virtual void launch(launch_request request) = 0;
  /// Ends a proc at once; `exited` follows.
  virtual void kill(proc_id id) = 0;
};

}  // namespace roost
