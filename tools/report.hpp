#pragma once
// What is said about runs: one line when all held, and for a failure what broke, the faults near it, and how to see it again.

#include <tools/output.hpp>
#include <tools/simulation.hpp>

#include <string>

namespace roost::tools {

/// The exit code of a run.
int code_of(outcome const& done);

/// Says it where the trace could not be written; then the exit code that was `code` is no 0.
int check_trace(output& out, job const& work, outcome const& done, int code);

/// "r1:scenarios/04_ordering:17:1a2b3c4d --set ...": what follows `sim replay`.
std::string replay_arguments(simulation const& of, std::uint64_t seed);

/// One object of a run, for --json.
void report_run(output& out, simulation const& of, outcome const& done);

/// One line about a run that held, and the faults it had.
void describe_run(output& out, simulation const& of, outcome const& done);

/// All about a run that did not hold. Writes a `.repro` file below `.roost/runs`, unless the run came from one: `repro`.
void report_failure(output& out, simulation const& of, outcome const& done, std::string const& repro = {});

}  // namespace roost::tools
