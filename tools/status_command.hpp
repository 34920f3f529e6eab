#pragma once
// `get` and `describe`: what the procs of live runs on this machine are doing.

#include <tools/invocation.hpp>
#include <tools/output.hpp>

namespace roost::tools {

/// `roost get [runs|hosts|procs|actors|metrics]`: a table, or with --json an object for each. Returns the exit code of the process:
/// `exit_unreachable` where nothing runs, or the run that was named does not.
int get_status(invocation const& asked, output& out);
/// `roost describe PROC|ACTOR`: all that one of them says of itself.
int describe_status(invocation const& asked, output& out);

}  // namespace roost::tools
