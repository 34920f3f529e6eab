#pragma once
// The process that starts and watches the procs of one host for the root's launcher, which started it (remote_host.hpp).

#include <roost/base/error.hpp>
#include <roost/base/knobs.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace roost {

/// The first argument of a host agent. After it come the number of its control socket, whether it has a network namespace of its own,
/// and the arguments that it adds to the command line of its procs.
inline constexpr std::string_view agent_command_word = "__agent";
/// Where the arguments for procs begin on an agent's command line.
inline constexpr int agent_argument_count = 4;

/// The beginning of an agent's command line.
std::vector<std::string> agent_arguments(bool own_network);

/// Tells whether a command line is that of a host agent.
bool is_host_agent(int argc, char const* const* argv) noexcept;

/// All that a host agent does, for a main in which `is_host_agent(argc, argv)` holds, before anything else: until the root hangs up.
/// Then its procs end as those of the root do. It dies with the root, and they with it. Returns what main returns.
int run_host_agent(int argc, char const* const* argv, knob_values const& knobs);

/// Gives this process a network namespace of its own, in which the loopback interface is up. It goes with the last process in it.
/// Errors: `errc::unavailable`, with what is lacking.
result<void> enter_own_network();

}  // namespace roost
