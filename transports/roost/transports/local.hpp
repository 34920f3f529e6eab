#pragma once
// A whole program on this machine: the root proc here, its other procs exec'd (over shared memory) or as threads (loopback).

#include <roost/base/error.hpp>
#include <roost/live/attachment.hpp>
#include <roost/live/platform.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace roost {

enum class local_transport : std::uint8_t { shm, loopback };

struct local_run {
  local_transport transport = local_transport::shm;
  host_id host = {};                        ///< The root is proc 0, incarnation 1 of it.
  std::size_t hosts = 1;                    ///< Numbered on from `host`; exec'd procs of the others have an agent a host.
  bool own_networks = false;                ///< Agents, with their procs, have network namespaces of their own.
  std::vector<std::string> arguments = {};  ///< Added to the command line of exec'd procs and agents.
  knob_values knobs = {};
  bool catch_signals = true;
  /// Called for each proc of this process before it is made, on its own thread: sets observer, probes, log level, directory.
  std::function<void(live_options&)> prepare = {};
};

/// Runs `program` as the root proc until it finishes; ends and waits for all other procs; returns what the root finished with.
/// Call from the thread that lives as long as the process. With loopback, `program.make` is called from several threads.
/// Agents that were `attached` are those of the hosts after the first, in order; without any they are started.
error run_local(proc_program& program, local_run const& how, std::vector<attachment> attached = {});

/// Runs `program` as a proc that `run_local` exec'd; for a main in which `is_child(argc, argv)` holds, before anything else.
/// Returns what main returns. `prepare` as in `local_run`, with `self` and `name` set.
int run_local_child(int argc, char const* const* argv, proc_program& program, knob_values knobs = {},
                    std::function<void(live_options&)> const& prepare = {});

}  // namespace roost
