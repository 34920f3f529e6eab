#pragma once
// A scenario as data: what program runs on what simulated cluster, under which faults, within which bounds.

#include <roost/base/units.hpp>
#include <roost/sim/fault_plan.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace roost::sim {

/// A distribution of latencies, sampled from integer tables so that every build draws the same.
struct latency_model {
  enum class shape : std::uint8_t { constant, uniform, exponential, lognormal };
  shape distribution = shape::lognormal;
  nanoseconds low{20'000};  ///< constant: the value; uniform: the minimum; exponential: the minimum; lognormal: the median (p50).
  nanoseconds high{200'000};  ///< uniform: the maximum; exponential: the mean; lognormal: the 99th percentile.
};

struct link_model {
  latency_model latency;
  std::uint64_t bits_per_second = 10'000'000'000;
  std::uint32_t loss_ppm = 0;
  std::uint32_t duplicate_ppm = 0;
  std::uint32_t reorder_ppm = 0;
  std::uint32_t corrupt_ppm = 0;
};

struct link_rule {
  target_name between_a;
  target_name between_b;
  link_model model;
};

enum class fault_mode : std::uint8_t { off, fixed, swarm };

/// What `scenario::max_frame` may be.
inline constexpr bytes least_max_frame{std::uint64_t{4} << 10};
inline constexpr bytes most_max_frame{std::uint64_t{1} << 30};

/// Faults of one group that one plan holds at most.
inline constexpr std::uint32_t most_operations = 10'000;

/// How often a group of faults strikes: on average once per `every` (0: never), lasting between the two durations.
struct fault_rate {
  nanoseconds every{};
  nanoseconds shortest{};
  nanoseconds longest{};
  std::uint32_t at_most = 0;  ///< 0: `most_operations`.
};

struct fault_settings {
  fault_mode mode = fault_mode::off;
  fault_rate partition;  ///< Shapes (one host, half, one way, half open) are drawn.
  fault_rate reset;
  fault_rate crash_proc;
  fault_rate crash_host;
  fault_rate pause_proc;
  fault_rate slow_host;
  std::uint32_t slow_factor_low_percent = 200;
  std::uint32_t slow_factor_high_percent = 5000;
  fault_rate noise;  ///< Bursts with the ppm figures below as maxima.
  std::uint32_t loss_ppm = 0;
  std::uint32_t duplicate_ppm = 0;
  std::uint32_t reorder_ppm = 0;
  std::uint32_t corrupt_ppm = 0;
  nanoseconds clock_skew_max{};
  std::uint32_t clock_drift_ppm = 0;
  std::uint32_t buggify_ppm = 0;
  bool spare_root = true;  ///< The root's proc and host are not crashed.
};

enum class schedule_policy : std::uint8_t { per_seed, in_order, uniform, priorities };

struct scenario {
  std::string file;  ///< Where it was read; empty when built in a test.
  std::string text;  ///< Its exact text, hashed in repro lines.
  std::string name = "unnamed";
  std::string doc;
  std::string program;  ///< An executable beside the file, then beside `roost`.
  std::vector<std::string> argv;

  std::uint32_t hosts = 2;
  std::uint32_t procs_per_host = 4;
  std::vector<std::pair<std::string, std::uint32_t>> dims;  ///< Of the procs that faults may name, host by host; or none.

  nanoseconds time_limit{std::chrono::seconds(120)};   ///< Virtual.
  nanoseconds wall_limit{std::chrono::seconds(60)};    ///< Per seed.
  nanoseconds fault_window{std::chrono::seconds(10)};  ///< Random faults are drawn within it, from 0.
  nanoseconds settle_limit{std::chrono::seconds(30)};  ///< After the last fault and heal, everything must settle within it.

  link_model net;
  std::vector<link_rule> links;
  bytes max_frame{std::uint64_t{16} << 20};  ///< The largest that the transport takes.
  fault_settings faults;
  fault_plan events;  ///< Pinned, on top of the random ones.
  schedule_policy policy = schedule_policy::per_seed;
  bool draw_knobs = true;                     ///< Every knob per seed; `knobs` wins.
  std::map<std::string, std::int64_t> knobs;  ///< Overrides, by knob name.
  std::vector<std::string> sometimes;         ///< Names that a campaign must have seen.
  bool expect_fault_at_root = false;          ///< A failure that reaches the root is no error (exit 6 otherwise).
};

}  // namespace roost::sim
