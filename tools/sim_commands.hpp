#pragma once
// `sim run`, `sim verify`, `sim replay`, `sim knobs`, `sim plants`.

#include <roost/platform/launcher.hpp>
#include <tools/invocation.hpp>
#include <tools/output.hpp>
#include <tools/simulation.hpp>

namespace roost::tools {

/// The seeds of "A..B" (both included) or "A". Errors: `errc::bad_argument`.
struct seed_range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};
result<seed_range> parse_seeds(std::string const& text);

/// Each returns the exit code of the process.
int sim_run(invocation const& asked, simulation const& what, proc_program& program, output& out);
int sim_campaign(invocation const& asked, simulation const& what, output& out);
int sim_verify(invocation const& asked, simulation const& what, output& out);
int sim_replay(invocation const& asked, proc_program& program, output& out);
int sim_knobs(output& out);
int sim_plants(output& out);

}  // namespace roost::tools
