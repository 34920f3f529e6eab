#pragma once
// The parts of reading a scenario that stand in files of their own: networks, and faults.

#include <roost/sim/scenario.hpp>
#include <roost/sim/toml_document.hpp>

#include <span>
#include <string>
#include <vector>

namespace roost::sim::detail {

/// Reads latency, bandwidth and the probabilities of `table` into `model`; keys that are absent leave it as it is.
void read_link(toml_table_reader& table, link_model& model, toml_problems& problems);

/// Reads a duration of zero to ten years.
bool read_duration(toml_table_reader& table, std::string_view key, nanoseconds& into);
/// The same, and zero is reported.
bool read_time_span(toml_table_reader& table, std::string_view key, nanoseconds& into);

/// A probability: a number, or a text such as "0.1%".
void read_ppm(toml_table_reader& table, std::string_view key, std::uint32_t& into);

/// What a target must name.
enum class target_kind : std::uint8_t { any, host, proc };

/// Reads "host1", "host1/p2", "*", or "proc(node = 1)" of the cluster, which must have been read: of the latter every proc at that
/// place in its dims. Empty where there is none, which is reported.
std::vector<target_name> read_target(toml_table_reader& table, toml_value const& value, scenario const& cluster,
                                     target_kind wanted);

void read_faults(toml_value const* table, fault_settings& into, toml_problems& problems);
/// `endpoints`: those that triggers may name; empty where they are not known.
void read_events(toml_value const* array, scenario& into, std::span<std::string const> endpoints, toml_problems& problems);

}  // namespace roost::sim::detail
