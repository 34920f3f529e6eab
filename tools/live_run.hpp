#pragma once
// Running a program on real processes of this machine.

#include <roost/base/error.hpp>
#include <roost/platform/launcher.hpp>
#include <roost/sim/scenario.hpp>

#include <optional>
#include <string>
#include <vector>

namespace roost::tools {

struct live_options {
  std::string on = "local";
  std::string transport = "shm";          ///< "loopback" or "shm".
  std::vector<std::string> arguments;     ///< Of the program.
  std::optional<sim::scenario> scenario;  ///< Its topology and arguments, where one was named.
  bool json = false;
};

/// Whether this process was exec'd as a proc of a live run; then `run_live_child` is all that it does.
bool is_live_child(int argc, char** argv) noexcept;
int run_live_child(int argc, char** argv, proc_program& program);

/// Runs the program to its end. The exit code of the process, or `errc::unavailable`.
result<int> live_run(live_options const& options, proc_program& program);

}  // namespace roost::tools
