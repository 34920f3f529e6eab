#pragma once
// Observations in files: each proc of a live run writes its own, and they are merged into one history to judge.

#include <roost/sim/check/observation.hpp>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace roost::sim::check {

/// What one proc saw, in its order. The file is text: a first line "roost-record 1 PROC", then a line per observation, which
/// starts with its kind and names each field that is not zero:
/// "sent at=1200 actor=h0/p1.1/a3 other=h0/p2.1/a4 endpoint=9f03 stamp=7c1e.12 size=40 flag". Where the recorder stopped at a
/// limit before the proc ended, the last line is "stopped size=67108864", and nothing can be said of the run.
struct proc_record {
  std::string file;  ///< Where it was read, for messages.
  proc_id proc;
  std::vector<observation> seen;
  bool cut_short = false;                        ///< The last line had no end, as when the proc crashed; it was left out.
  std::optional<std::uint64_t> stopped_at = {};  ///< The limit in bytes at which the recorder stopped.
};

/// The first line of the file of `proc`, its end included.
std::string record_header(proc_id proc);
/// Appends one line, its end included. `event` is left out: readers count. Costs some 200 ns.
void append_record(std::string& text, observation const& seen);

/// Appends the line that says where the recorder stopped.
void append_stop(std::string& text, std::uint64_t limit);

/// Writes a whole record.
void write_record(std::ostream& out, proc_record const& record);

/// Reads a whole record. Errors: `errc::bad_argument`, whose place is "FILE: record N" and which says what was expected there;
/// record 0 is the first line.
result<proc_record> read_record(std::istream& in, std::string file);
/// The same from memory.
result<proc_record> parse_record(std::string_view text, std::string file);

/// Whether each actor starts once in all of them. Errors: `errc::bad_argument`, at the second start.
result<void> expect_single_starts(std::vector<proc_record> const& records);

struct merged_records {
  std::vector<observation> seen;  ///< `event` counts from 1.
  std::size_t forced = 0;         ///< Observations that had to go before what should have come first: the files contradict.
};

/// One history of what many procs of one host saw: each proc's order is kept; `sent` comes before its handler's start, before it
/// is told and before its answer arrives; a start and a `replied` before `reply_arrived`; the end of an actor before `notice` and
/// `supervise_started` of it; all that a proc saw before `proc_crashed` or `proc_exited` of it. Else the earlier comes first.
/// What should come first and is in no file is not waited for.
merged_records merge(std::vector<proc_record> const& records);

}  // namespace roost::sim::check
