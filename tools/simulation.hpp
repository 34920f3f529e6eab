#pragma once
// What commands hand to each other: what is simulated, one run of it to do, and what came of it.

#include <roost/sim/run.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace roost::tools {

/// A scenario with what the command line puts over it. Two processes that hold equal ones run the same.
struct simulation {
  std::string file;
  std::string text;
  std::vector<std::string> settings;  ///< `--set` options.
  std::vector<std::string> plants;    ///< Planted bugs to arm.
  sim::scenario what;                 ///< As read from the four above.
};

/// Reads `what`. Errors: `errc::bad_scenario`.
result<void> read(simulation& into);
/// "FILE:LINE:COLUMN" where the scenario names its program.
std::string place_of_program(simulation const& what);
/// Errors, with that place: it names another program than this executable.
result<void> for_this_program(simulation const& what);
/// Arms the planted bugs of this process. Errors: `errc::bad_argument`, with the nearest name; they begin with `named_by`, where the
/// bugs were asked for.
result<void> arm(std::vector<std::string> const& plants, std::string const& named_by = "--plant");

struct job {
  std::uint64_t seed = 1;
  std::optional<sim::fault_plan> plan;  ///< Instead of the drawn one.
  std::uint64_t until_event = 0;        ///< 0: to the end.
  std::string trace_file;               ///< Empty: none.
  std::uint32_t last_events = 0;        ///< How many of the last events to bring back as text.
};

struct outcome {
  std::uint64_t seed = 0;
  sim::run_result run;  ///< Only `outcome` means something where `died` does.
  std::string died;     ///< Why there is no result: "killed by signal 11 (Segmentation fault)".
  std::string log;      ///< The end of what the program wrote, where it was caught and the process died.
  std::vector<std::string> last_events;
  std::string trace_lost;  ///< Why not all of the trace is in its file; empty: it is.
};

/// Does the job in this process.
outcome run_here(simulation const& of, job const& work, proc_program& program);

}  // namespace roost::tools
