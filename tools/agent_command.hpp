#pragma once
// `roost agent`: a host agent that stays.

#include <tools/invocation.hpp>
#include <tools/output.hpp>

namespace roost::tools {

/// Listens, says each change in a line, and serves who attaches until it is to end. Returns the exit code of this process, `exit_ok`
/// when it ended in order. Call from the process's only thread.
int run_agent(invocation const& asked, output& out);
/// Whether a file of that path is a socket, as agents have.
bool names_agent(std::string const& path);
/// Says what the agent that listens there does.
int describe_agent(invocation const& asked, output& out);
/// Ends the agent that listens there, and waits for that.
int stop_agent(invocation const& asked, output& out);

}  // namespace roost::tools
