#pragma once
// Which nodes of a directed graph lie on a cycle.

#include <cstdint>
#include <utility>
#include <vector>

namespace roost::sim::check {

/// For each of `nodes` the number of its strongly connected component (Tarjan, 1972, without recursion), or 0 where it is on no
/// cycle. An edge lies on a cycle when both its ends have the same number but 0. Edges name nodes below `nodes`.
std::vector<std::uint32_t> cycles_of(std::uint32_t nodes, std::vector<std::pair<std::uint32_t, std::uint32_t>> edges);

}  // namespace roost::sim::check
