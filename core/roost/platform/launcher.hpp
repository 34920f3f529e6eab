#pragma once
// The seam of processes. Live: exec of the same program. Simulated: a new simulated process.

#include <roost/base/bytes.hpp>
#include <roost/base/error.hpp>
#include <roost/base/ids.hpp>
#include <roost/platform/status.hpp>

#include <memory>
#include <string>
#include <vector>

namespace roost {

struct launch_request {
  proc_id id;              ///< Chosen by the launching proc; a fresh incarnation.
  std::string name;        ///< Decoration for logs and entity keys: "procs/3".
  shared_bytes bootstrap;  ///< What the new proc reads first, opaque to the launcher.
};

/// How a proc ended that is told as exited with `why`, for people.
inline std::string end_text(error const& why) { return why ? why.describe() : "in order"; }

/// What a launcher tells its proc, on the control lane.
class launcher_events {
 public:
  /// The proc runs its loop.
  virtual void launched(proc_id id) = 0;
  /// The proc never ran, or ended: by itself (errc::ok), or with the reason.
  virtual void exited(proc_id id, error why) = 0;
  /// Told to the root's proc only: another proc, `by`, launches `id`. On its way before `id` begins, so that there is always a
  /// living proc that knows of it.
  virtual void launching(proc_id id, proc_id by) {
    static_cast<void>(id);
    static_cast<void>(by);
  }

  /// The answer to `look_at_host`.
  virtual void host_seen(result<std::vector<host_proc_status>> procs) { static_cast<void>(procs); }

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
  /// Starts a proc on `request.id.host`, by way of the root, which is told; ends in `launched` or `exited`.
  virtual void launch(launch_request request) = 0;
  /// Ends a proc at once; `exited` follows.
  virtual void kill(proc_id id) = 0;
  /// Asks who started this proc for all procs of this host that it started, by id; `host_seen` follows.
  virtual void look_at_host() = 0;
  /// This proc is done, well (errc::ok) or not: its loop ends after the running step. For the root it ends the program.
  virtual void finish(error why) = 0;
};

struct platform;

/// The runtime of one proc as its surroundings hold it: made with its seams, begun, ended, destroyed.
class proc_instance {
 public:
  virtual ~proc_instance() = default;
  /// Attaches to the seams and starts; called once, on the control lane.
  virtual void begin() = 0;
  /// The proc crashed or its program is over: its seams are mute; every actor and parked handler is unwound, in the order of
  /// their keys, before this returns. Destruction follows.
  virtual void unwind() = 0;
  /// What is to be seen of it, with at most `most_actors` actors. From the proc's own loop.
  virtual proc_status status(std::size_t most_actors) const {
    static_cast<void>(most_actors);
    return {};
  }
  /// A line about each session. From inside the gate of the control plane, on whatever thread.
  virtual std::vector<std::string> sessions() const { return {}; }
};

/// What one executable runs in a proc: the user's program in the root, actors of others elsewhere.
class proc_program {
 public:
  virtual ~proc_program() = default;
  /// The root proc of the program has an empty bootstrap.
  virtual std::unique_ptr<proc_instance> make(platform& seams, proc_id self, shared_bytes bootstrap) = 0;
  /// The arguments of the program, before its root is made.
  virtual void set_arguments(std::vector<std::string>) {}
};

}  // namespace roost
