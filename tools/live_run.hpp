#pragma once
// Running a program on real processes of this machine, and judging afterwards what its procs recorded.

#include <roost/base/error.hpp>
#include <roost/platform/launcher.hpp>
#include <roost/sim/scenario.hpp>
#include <tools/output.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace roost::tools {

struct live_request {
  std::string transport = "shm";              ///< "loopback" or "shm".
  std::size_t hosts = 1;                      ///< The first is this process's; over shm each other has an agent process.
  bool own_networks = false;                  ///< Each agent and its procs have a network namespace of their own.
  std::vector<std::string> attach;            ///< Sockets of the agents of the hosts after the first; empty: they are started.
  std::vector<std::string> arguments;         ///< Of the program.
  std::vector<std::string> plants;            ///< Planted bugs to arm in every process.
  std::map<std::string, std::int64_t> knobs;  ///< By name, in every process.
  std::optional<sim::scenario> scenario;      ///< Its expectations, where one was named.
  std::string record;                         ///< The folder of the records, to be kept; empty: a private one that is removed.
  bool no_record = false;                     ///< Nothing is recorded, and nothing judged.
};

/// Whether this process was exec'd as a proc or a host agent of a live run; then `run_live_child` is all that it does.
bool is_live_child(int argc, char** argv) noexcept;
int run_live_child(int argc, char** argv, proc_program& program);

/// Runs the program to its end, with the log format of this process, says what became of it and what the judge found, and returns the exit code of this process.
///
/// The root proc is a fork of this process, which stays behind to judge, to clean up and to tell of a root that crashed. Signals
/// that end processes reach the root, and a second one kills it; when it has ended no proc is left. Where its records cannot be made,
/// or stop at their limit, the program goes on and the run is not judged: an error only where a folder or a scenario was named. Call from the process's only thread.
int live_run(live_request const& asked, proc_program& program, output& out);

}  // namespace roost::tools
