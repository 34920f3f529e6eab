#pragma once
// Whether a fault of a plan that somebody edited can strike anybody in its cluster.

#include <roost/sim/fault_plan.hpp>
#include <roost/sim/scenario.hpp>

#include <span>
#include <string>

namespace roost::sim {

/// Why `fault` does nothing in a run of `cluster`, or what it lacks; empty where it is well. `endpoints` are those of the program;
/// where there are none, each name may be one.
std::string impossible(fault_operation const& fault, scenario const& cluster, std::span<std::string const> endpoints);

/// Whether these targets are all hosts, each by its name, so that nobody is left for the other side.
bool names_all_hosts(std::vector<target_name> const& group, std::uint32_t hosts);

}  // namespace roost::sim
