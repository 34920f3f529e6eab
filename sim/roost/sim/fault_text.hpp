#pragma once
// The text form of a fault operation, for people, traces and repro files: one line, exact in both directions.

#include <roost/base/error.hpp>
#include <roost/sim/fault_plan.hpp>

#include <array>
#include <string_view>

namespace roost::sim {

/// The names of `fault_kind`, in its order, as scenario and repro files have them.
inline constexpr std::array<std::string_view, 11> fault_names{"partition", "partition_one_way", "half_open", "reset",
                                                              "heal",      "kill_proc",         "kill_host", "pause_proc",
                                                              "slow_host", "clock_step",        "noise"};

std::string_view to_string(fault_kind kind);

/// Inverse of `to_string(fault_operation)`. Reads any text; errors (`errc::bad_argument`) name the word and what was expected.
///
///     partition host0 | host1,host2 at 10s for 3s pinned
///     kill_proc host1/p2 when Player.ping >= 100
///     noise * at 1s for 2s loss 1000ppm reorder 5000ppm
result<fault_operation> parse_fault(std::string_view text);

}  // namespace roost::sim
