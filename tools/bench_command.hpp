#pragma once
// `roost bench`: what Roost costs, beside its bounds and beside its peers on the same machine in the same run.

#include <tools/invocation.hpp>
#include <tools/output.hpp>

namespace roost::tools {

/// The simulator, beside SimGrid.
///
/// Runs the benchmark programs that are built beside this executable, each repetition in a process of its own and those of both
/// sides in turn; prints medians, and the ratio to each bound. Returns the exit code of the process: 0 also where a bound is missed.
int bench_sim(invocation const& asked, output& out);
/// The same for messages, requests and actors within one live proc, beside the C++ Actor Framework and a bare loop.
int bench_local(invocation const& asked, output& out);
/// The same for two workers of one live proc, beside two threads that hand one word to and fro. Wall time.
int bench_workers(invocation const& asked, output& out);
/// The same for two exec'd procs over shared memory, beside bare copies and a bare cache line between two processes. Wall time.
int bench_shm(invocation const& asked, output& out);
/// From the exec of a program until each of its procs over shared memory has answered, beside bare processes of the same executable.
int bench_start(invocation const& asked, output& out);

}  // namespace roost::tools
