#pragma once
// `check`: judging what the procs of a live run recorded.

#include <roost/base/error.hpp>
#include <roost/base/knobs.hpp>
#include <roost/sim/check/observation.hpp>
#include <tools/invocation.hpp>
#include <tools/output.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace roost::tools {

/// What the judge says of one live run.
struct judgement {
  std::uint64_t procs = 0;
  std::uint64_t crashed = 0;   ///< Procs whose record ends without a word.
  std::uint64_t messages = 0;  ///< Handlers that were started for messages.
  std::uint64_t forced = 0;    ///< Places in which the records contradict each other.
  std::vector<sim::check::violation> violations;
  std::string not_judged = {};  ///< Why nothing can be said of the promises; then the violations are of `always` alone.
  bool at_limit = false;        ///< Since there is too much of records.
};

/// Knobs that are not at their standard, for whoever judges the records of `directory` later. Errors: `errc::unavailable`.
result<void> write_record_knobs(std::string const& directory, knob_values const& knobs);

/// Judges the record files of a folder after its run, with the knobs that were kept there, if they fit into memory easily; shows how far it
/// is. Errors: `errc::bad_argument`, at the file.
result<judgement> judge_directory(std::string const& directory, output& out);

/// Says what was found: one line when all held or nothing could be judged, else every promise that broke. `subject` names the run: "04_ordering".
void report_judgement(output& out, std::string const& subject, judgement const& found);

/// Judges folders and files together as the records of one run. Returns the exit code of the process.
int check_records(invocation const& asked, output& out);

}  // namespace roost::tools
