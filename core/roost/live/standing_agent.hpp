#pragma once
// A host agent that stays: it serves one controller after another, each with a process of the controller's own executable.

#include <roost/base/error.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace roost {

struct standing_agent_options {
  std::string path;                                ///< Of its socket file.
  bool own_network = false;                        ///< It has a network namespace of its own, and so has all that it runs.
  std::function<void(std::string_view what)> say;  ///< Told of each change, in one line.
};

/// Listens at the path and serves who attaches (attachment.hpp), one at a time, until the first SIGINT, SIGTERM or SIGHUP, or until it
/// is asked to stop; then it ends in order what it runs. A second signal kills it, and the kernel what it runs.
///
/// It is idle, or attached, or it drains: when its controller detaches, hangs up or is silent for the bound that it has named, all that
/// was run for it is hung up on, killed where it has not ended within `agent_grace`, and waited for, with all that it left behind. Who
/// wants to attach meanwhile waits. Call from the process's only thread, once. Errors: `errc::unavailable`, `errc::bad_argument`;
/// nothing was run then.
result<void> run_standing_agent(standing_agent_options const& options);

}  // namespace roost
