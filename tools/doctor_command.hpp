#pragma once
// `roost doctor`: whether this machine has what Roost runs on, and what follows where it has not.

#include <tools/invocation.hpp>
#include <tools/output.hpp>

namespace roost::tools {

/// Runs all probes and prints a line for each. Returns `exit_ok` when all that is needed works, else `exit_unreachable`.
int doctor(invocation const& asked, output& out);

}  // namespace roost::tools
