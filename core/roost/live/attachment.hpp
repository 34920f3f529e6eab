#pragma once
// A controller's hold on an agent that stays: how it gets one, before there is a loop.

#include <roost/base/error.hpp>
#include <roost/base/ids.hpp>
#include <roost/base/units.hpp>
#include <roost/live/attach_stream.hpp>
#include <roost/live/descriptor.hpp>
#include <roost/live/spawn.hpp>

#include <sys/types.h>

#include <string>
#include <vector>

namespace roost {

/// An agent that serves this controller until `note_socket` hangs up, wherever this is given to. Forked processes that have copies
/// keep it too, unless they `close` theirs.
struct attachment {
  std::string path;
  pid_t agent = -1;
  nanoseconds bound{0};  ///< Silence after which either side counts as gone.
  attach_stream notes;   ///< To the agent.
  descriptor control;    ///< To the process that it runs for this controller.
  output_pipes written;  ///< What that process writes.
};

struct attach_options {
  host_id host;                                 ///< Which host of the program it is to be.
  proc_id root;                                 ///< The root proc.
  std::size_t hosts = 2;                        ///< Of the program.
  std::vector<std::string> arguments = {};      ///< Added to the command line of every proc and agent.
  std::string run = {};                         ///< How the run is called by who asks what procs do.
  std::string build = {};                       ///< Of this executable, for people.
  nanoseconds bound = std::chrono::seconds(3);  ///< For the answer, and for silence later.
};

/// Has the agent that listens at `path` run this very executable as a host agent of this controller, in this process's working
/// directory and environment. Blocks for up to the bound, within which it tries again where the agent has too many callers. Errors, each naming the path: `errc::unavailable`, `errc::version_mismatch`,
/// `errc::unauthenticated` where the agent is another user's; then the agent does not serve this controller.
result<attachment> attach_agent(std::string const& path, attach_options const& options);

/// What an agent that stays says of itself.
struct agent_state {
  pid_t agent = -1;
  std::string text;  ///< "idle", "attached: process 12, ...".
};
/// Errors: as of `attach_agent`.
result<agent_state> ask_agent(std::string const& path, nanoseconds bound);
/// Has the agent end in order, which ends what it runs, and waits until it has; `bound` is for its first answer.
result<agent_state> stop_agent(std::string const& path, nanoseconds bound);

}  // namespace roost
