#pragma once
// One simulated run: a scenario, a seed and a program in; a verdict, a digest and what led to them out.

#include <roost/base/digest.hpp>
#include <roost/platform/launcher.hpp>
#include <roost/sim/check/observation.hpp>
#include <roost/sim/scenario.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace roost::sim {

/// Exit codes of the command line; the lowest number that applies wins.
enum class verdict : int {
  held = 0,
  violated = 1,   ///< A promise or assertion broke (G4 included).
  undecided = 2,  ///< Nothing ran, or a required `sometimes` was never seen.
  not_deterministic = 3,
  crashed = 4,
  no_verdict = 5,      ///< Wall limit passed, or virtual time standing still.
  program_failed = 6,  ///< A fault reached the root and the scenario does not expect it.
};

/// One line of the event trace; the digest is over the same facts.
struct trace_event {
  std::uint64_t number = 0;
  instant at{};
  std::string text;
};

struct run_options {
  std::uint64_t seed = 1;
  std::optional<fault_plan> plan;                 ///< Instead of the drawn one (pinned events included).
  std::function<void(trace_event const&)> trace;  ///< Called per event when set.
  std::uint64_t until_event = 0;                  ///< Stops there; 0: no limit.
  std::vector<std::string> argv;                  ///< Of the program, instead of the scenario's.
};

struct run_result {
  verdict outcome = verdict::held;
  std::vector<check::violation> violations;  ///< First is the one to report.
  error program_error;                       ///< Why the program failed, when it did.
  hash128 digest;
  std::uint64_t events = 0;
  std::uint64_t messages = 0;  ///< Handlers started.
  std::uint64_t frames = 0;
  instant end{};                                   ///< Virtual.
  fault_plan plan;                                 ///< As run.
  std::uint64_t faults_hitting_sessions = 0;       ///< Crashes and resets that hit an open session.
  std::map<std::string, std::uint64_t> sometimes;  ///< Name to times seen; 0: expected, never seen.
  std::string policy;                              ///< The schedule policy drawn.
  std::string wait_graph;                          ///< Who waits for whom, when a wait was left open.
};

/// Runs to the end on the calling thread. Leaves no state behind but what the program keeps in its own globals.
run_result run(scenario const& what, run_options const& options, proc_program& program);

/// The plan that a seed draws for a scenario, pinned events included.
fault_plan draw_plan(scenario const& what, std::uint64_t seed);

}  // namespace roost::sim
