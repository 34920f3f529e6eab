#pragma once
// What `sim replay` runs again: from a line, or from a file.

#include <roost/sim/repro.hpp>
#include <tools/invocation.hpp>
#include <tools/simulation.hpp>

#include <optional>

namespace roost::tools {

struct replay_source {
  simulation what;  ///< Not yet read.
  std::uint64_t seed = 0;
  std::optional<sim::repro_file> file;  ///< Where it came from a file.
};

/// Whether REPRO is a line rather than a file.
bool is_repro_line(std::string const& target);

/// Errors: `errc::bad_scenario`, also where the scenario's text is not the one of the line.
result<replay_source> read_replay_source(invocation const& asked);

}  // namespace roost::tools
