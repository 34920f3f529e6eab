#pragma once
// What `roost bench sim` measures of the simulator: whole programs on simulated clusters, every checker and the digest on.

#include <roost/sim/run.hpp>

#include <cstdint>

namespace bench {

/// `hosts` hosts (even) with one proc each, in pairs; within a pair one message goes to and fro, `rounds` times each way.
roost::sim::run_result ping_pong(std::uint32_t hosts, std::uint32_t rounds);

/// `hosts` hosts with one proc each; an actor in each spawns `actors` - 1 more beside it. When all are there some are
/// asked, and then all are stopped.
roost::sim::run_result crowd(std::uint32_t hosts, std::uint32_t actors);

/// Eight procs on two hosts; an actor in each makes `calls` awaited calls to members that it draws, under drawn faults and knobs.
roost::sim::run_result small_scenario(std::uint32_t calls);

}  // namespace bench
