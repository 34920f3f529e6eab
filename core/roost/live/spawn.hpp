#pragma once
// Starting a process that finds a control socket, and streams of its own, where processes of the runtime look for them.

#include <roost/base/error.hpp>
#include <roost/live/descriptor.hpp>

#include <sys/types.h>

#include <string>
#include <vector>

namespace roost {

/// Where an exec'd process finds its control socket.
inline constexpr int child_socket = 3;

/// One end of each pipe that takes what a process writes; `log` only where the log is JSON.
struct output_pipes {
  descriptor output = {};
  descriptor errors = {};
  descriptor log = {};
};

/// Both ends of them: those to read from do not block, and no number of those to write to is one that an exec'd process knows.
struct output_pipe_ends {
  output_pipes read;
  output_pipes write;
};
/// Errors: `errc::unavailable`.
result<output_pipe_ends> make_output_pipes();

/// A copy of which the number is none that an exec'd process knows. Errors: `errc::unavailable`.
result<descriptor> copy_out_of_the_way(int fd);

struct spawn_request {
  std::string executable;
  std::vector<std::string> arguments;                     ///< From the first on, which is a name for people.
  std::vector<std::string> const* environment = nullptr;  ///< Null: this process's.
  int directory = -1;                                     ///< Where it works; -1: where this process does.
  int control = -1;                                       ///< Becomes `child_socket`; out of the way, as those to write to.
  output_pipes const& write;
};

/// Starts a process in a process group of its own, with no signal blocked, and with nothing open but what is said here. Call on the
/// thread that lives as long as this process. Errors: `errc::unavailable`, naming the executable.
result<pid_t> spawn_process(spawn_request const& what);

}  // namespace roost
