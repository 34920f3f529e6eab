#pragma once
// The command line that `roost` and every executable linked with `roost::main` share.

namespace roost {
class proc_program;
}

namespace roost::tools {

/// Exit codes beside the verdicts of runs (sim/run.hpp).
enum exit_code : int {
  exit_ok = 0,
  exit_usage = 64,
  exit_bad_input = 65,
  exit_unreachable = 69,
  exit_bug = 70,
  exit_interrupted = 130,
};

/// Runs one command to its end and returns the exit code of the process. Throws nothing.
///
/// `program` is what this executable runs in its procs. With null this is the plain `roost`, which gives commands that need a
/// program to the executable that the scenario names, with the same arguments. Call it once, from main: it may redirect standard
/// output, take over SIGINT, and start processes that die with the calling thread.
int run_command_line(int argc, char** argv, proc_program* program);

}  // namespace roost::tools
