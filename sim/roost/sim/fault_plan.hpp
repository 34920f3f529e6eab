#pragma once
// The fault plan is data: a list of timed or triggered operations, drawn before the run or written by hand; it can be stored,
// edited, shrunk and replayed.

#include <roost/base/ids.hpp>
#include <roost/base/units.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace roost::sim {

enum class fault_kind : std::uint8_t {
  partition,          ///< No frame passes between `group_a` and `group_b` (both directions) until `at + duration`.
  partition_one_way,  ///< No frame passes from `group_a` to `group_b`.
  half_open,          ///< Every connection between the groups stays open at end a, is gone at end b.
  reset,              ///< Every connection between the groups is reset now.
  heal,               ///< Ends every partition, slow-down and pause now.
  crash_proc,         ///< The target proc ends at once, as by SIGKILL.
  crash_host,         ///< All procs of the target host end at once.
  pause_proc,         ///< The target proc stands still for `duration`, as by SIGSTOP.
  slow_host,          ///< Everything on the target host takes `factor_percent`/100 times as long for `duration`.
  clock_step,         ///< The target host's wall clock jumps by `amount`.
  network_noise,      ///< Loss, duplication, reordering and corruption for `duration` (parts per million below).
};

/// Names a host ("host0"), a proc by its place ("host0/p1": the second proc of that host by ordinal) or everything ("*").
using target_name = std::string;

struct fault_operation {
  fault_kind kind = fault_kind::reset;
  instant at{};                   ///< Virtual time; ignored when `after_count` is set.
  std::string trigger_endpoint;   ///< "Player.ping": the operation fires when its handlers have started ...
  std::uint64_t after_count = 0;  ///< ... this many times; 0: timed.
  std::vector<target_name> group_a;
  std::vector<target_name> group_b;  ///< Empty: everyone else.
  nanoseconds duration{};
  nanoseconds amount{};
  std::uint32_t factor_percent = 100;
  std::uint32_t loss_ppm = 0;
  std::uint32_t duplicate_ppm = 0;
  std::uint32_t reorder_ppm = 0;
  std::uint32_t corrupt_ppm = 0;
  bool pinned = false;  ///< Written in the scenario rather than drawn.
};

using fault_plan = std::vector<fault_operation>;

/// One line per operation, for people and repro files; `parse_fault` is its inverse (in scenario/).
std::string to_string(fault_operation const& operation);

}  // namespace roost::sim
