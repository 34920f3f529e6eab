#include <roost/sim/check/judge.hpp>
#include <roost/sim/check/record.hpp>
#include <roost/sim/words.hpp>
#include <tools/check_command.hpp>
#include <tools/command_line.hpp>
#include <tools/live_record.hpp>
#include <tools/program_file.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <utility>

namespace roost::tools {
namespace {

namespace fs = std::filesystem;
using sim::check::observation;
using sim::check::observed;

constexpr std::size_t most_said = 5;
constexpr std::uint64_t seen_between_words = 1 << 12;
constexpr auto live_bound =
    std::chrono::seconds(20);  // No record says which proc stood still, and one may for as long as a lease.
constexpr std::uintmax_t most_after_a_run = std::uintmax_t{1} << 30;  // Judging takes about four times as much memory.

std::string counted(std::uint64_t number, std::string const& what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

/// "link.credit_messages=4". Errors: `errc::bad_argument`.
result<void> set_knob(knob_values& knobs, std::string_view setting, std::string const& place) {
  auto const equals = setting.find('=');
  auto const name = setting.substr(0, equals);
  auto const* found = find_knob(name);
  if (found == nullptr) {
    std::vector<std::string_view> names;
    for (auto const* known : all_knobs()) names.push_back(known->definition().name);
    return error(errc::bad_argument, "there is no knob " + sim::quoted(name) + sim::suggestion(name, names), place);
  }
  std::int64_t number = 0;
  auto const value = equals == std::string_view::npos ? std::string_view() : setting.substr(equals + 1);
  auto const [end, bad] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (value.empty() || bad != std::errc() || end != value.data() + value.size()) {
    return error(errc::bad_argument, sim::quoted(setting) + ": expected KNOB=NUMBER", place);
  }
  if (auto const set = knobs.set(*found, number); !set) return error(errc::bad_argument, set.failure().what, place);
  return {};
}

/// Records and knobs: what waits for a writer, or never ends, is neither.
result<std::string> read_regular_file(std::string const& file) {
  std::error_code ignored;
  if (fs::exists(file, ignored) && !fs::is_regular_file(file, ignored))
    return error(errc::bad_argument, "is no regular file, expected one", file);
  return read_whole_file(file);
}

result<void> read_record_knobs(std::string const& file, knob_values& knobs) {
  if (std::error_code ignored; !fs::exists(file, ignored)) return {};
  auto const text = read_regular_file(file);
  if (!text) return text.failure();
  std::size_t line = 1;
  for (std::size_t at = 0; at < text->size(); ++line) {
    auto const end = std::min(text->find('\n', at), text->size());
    auto const one = std::string_view(*text).substr(at, end - at);
    if (auto const set = set_knob(knobs, one, file + ":" + std::to_string(line) + ":1"); !set) return set;
    at = end + 1;
  }
  return {};
}

struct found_records {
  std::vector<std::string> files;
  std::string incomplete;  ///< One that could not be written to its end.
};

result<found_records> records_of(std::string const& directory) {
  found_records found;
  auto& files = found.files;
  std::error_code code;
  for (fs::directory_iterator at(directory, code), end; !code && at != end; at.increment(code)) {
    if (at->path().extension() == record_suffix) files.push_back(at->path().string());
    if (at->path().extension() == incomplete_suffix) found.incomplete = at->path().string();
  }
  if (code) return error(errc::bad_argument, "cannot be read: " + code.message(), directory);
  if (files.empty() && found.incomplete.empty())
    return error(errc::bad_argument, "holds no file NAME" + std::string(record_suffix), directory);
  std::sort(files.begin(), files.end());
  return found;
}

std::string incomplete_text(std::string const& file) {
  return file + ": could not be written to its end, so nothing can be said of its run";
}

/// Whether an `always` did not hold.
bool is_broken_assertion(observation const& seen) { return seen.what == observed::unhandled_fault && seen.flag; }

/// Takes the assertions that did not hold out of what was seen.
std::vector<sim::check::violation> take_assertions(std::vector<observation>& all) {
  std::vector<sim::check::violation> assertions;
  for (auto const& seen : all) {
    if (is_broken_assertion(seen))
      assertions.push_back({seen.text, "did not hold in " + to_string(seen.actor.proc), seen.at, seen.event});
  }
  std::erase_if(all, is_broken_assertion);
  return assertions;
}

/// Where nothing else is judged, nothing else needs room.
void keep_assertions(std::vector<sim::check::proc_record>& records) {
  for (auto& each : records) {
    std::erase_if(each.seen, [](observation const& seen) { return !is_broken_assertion(seen); });
    each.seen.shrink_to_fit();
  }
}

result<sim::check::proc_record> read_record_file(std::string const& file) {
  auto const text = read_regular_file(file);
  if (!text) return error(errc::bad_argument, text.failure().what, file);
  return sim::check::parse_record(*text, file);
}

result<judgement> judge_files(std::vector<std::string> const& files, knob_values const& knobs, output& out) {
  std::vector<sim::check::proc_record> records;
  std::set<proc_id> procs;
  judgement found;
  for (auto const& file : files) {
    out.progress(
        [&] { return "judging: has read " + std::to_string(records.size()) + " of " + counted(files.size(), "record"); });
    auto record = read_record_file(file);
    if (!record) return record.failure();
    if (!procs.insert(record->proc).second) {
      return error(errc::bad_argument, "expected one record of each proc, this is another of " + to_string(record->proc), file);
    }
    if (record->stopped_at && !std::exchange(found.at_limit, true))
      found.not_judged = "the record of " + to_string(record->proc) + " reached " + to_string(bytes{*record->stopped_at});
    if (!record->stopped_at && (record->seen.empty() || record->seen.back().what != observed::proc_exited)) {
      observation crashed;
      crashed.what = observed::proc_crashed;
      crashed.actor.proc = record->proc;
      if (!record->seen.empty()) crashed.at = record->seen.back().at;
      record->seen.push_back(crashed);
      ++found.crashed;
    }
    records.push_back(*std::move(record));
    if (found.at_limit) keep_assertions(records);
  }
  found.procs = records.size();
  if (auto const once = sim::check::expect_single_starts(records); !once) return once.failure();
  if (found.at_limit) {
    for (auto& record : records) {
      auto const broken = take_assertions(record.seen);
      found.violations.insert(found.violations.end(), broken.begin(), broken.end());
    }
    return found;
  }
  auto merged = sim::check::merge(records);
  records.clear();
  auto assertions = take_assertions(merged.seen);
  sim::check::judge_settings settings;
  settings.credit_messages = knobs.get(*find_knob("link.credit_messages"));
  settings.credit_bytes = knobs.get(*find_knob("link.credit_bytes"));
  settings.simulated = false;
  settings.detection_bound = live_bound;
  sim::check::judge judge(settings);
  for (auto const& seen : merged.seen) {
    if (seen.event % seen_between_words == 0) {
      out.progress([&] {
        return "judging: has seen " + std::to_string(seen.event) + " of " + counted(merged.seen.size(), "observation");
      });
    }
    judge.see(seen);
  }
  judge.finish();
  found.messages = judge.messages();
  found.forced = merged.forced;
  found.violations = judge.violations();
  auto const before = [](std::uint64_t event, sim::check::violation const& later) { return event < later.event; };
  for (auto& each : assertions) {
    auto const place = std::upper_bound(found.violations.begin(), found.violations.end(), each.event, before);
    found.violations.insert(place, std::move(each));
  }
  return found;
}

/// Those and the incomplete ones, of which nothing can be said.
result<judgement> judge_all(found_records const& records, knob_values const& knobs, output& out) {
  if (!records.incomplete.empty()) {
    judgement found;
    found.not_judged = incomplete_text(records.incomplete);
    return found;
  }
  return judge_files(records.files, knobs, out);
}

}  // namespace

result<void> write_record_knobs(std::string const& directory, knob_values const& knobs) {
  auto const file = directory + "/" + std::string(knobs_file);
  std::ofstream to(file, std::ios::trunc);
  for (auto const* each : all_knobs()) {
    if (knobs.get(*each) != each->definition().standard) to << each->definition().name << "=" << knobs.get(*each) << "\n";
  }
  to.close();
  if (!to) return error(errc::unavailable, "cannot be written: " + std::string(std::strerror(errno)), file);
  return {};
}

result<judgement> judge_directory(std::string const& directory, output& out) {
  out.restart_progress();
  knob_values knobs;
  if (auto const read = read_record_knobs(directory + "/" + std::string(knobs_file), knobs); !read) return read.failure();
  auto const records = records_of(directory);
  if (!records) return records.failure();
  std::uintmax_t together = 0;
  for (auto const& file : records->files) {
    std::error_code gone;
    auto const size = fs::file_size(file, gone);
    if (!gone) together += size;
  }
  if (together <= most_after_a_run) return judge_all(*records, knobs, out);
  judgement found;
  found.procs = records->files.size();
  found.not_judged =
      "the records of " + counted(found.procs, "proc") + " have more than " + to_string(bytes{most_after_a_run}) + " together";
  found.at_limit = true;
  return found;
}

void report_judgement(output& out, std::string const& subject, judgement const& found) {
  auto const judged = found.not_judged.empty()
                          ? "judged " + counted(found.messages, "message") + " of " + counted(found.procs, "proc")
                          : "not judged: " + found.not_judged;
  auto const crashed =
      found.crashed == 0 || !found.not_judged.empty() ? "" : ", of which " + std::to_string(found.crashed) + " crashed";
  if (found.violations.empty()) {
    out.say(subject + "  " + judged + crashed + (found.not_judged.empty() ? ": held" : ""));
  } else {
    auto const& first = found.violations.front();
    out.say("FAIL " + subject + "  " + first.promise + "  record " + std::to_string(first.event));
    out.say("  " + first.what);
    for (std::size_t i = 1; i < found.violations.size() && i != most_said; ++i) {
      auto const& next = found.violations[i];
      out.say("  then:   " + next.promise + " at record " + std::to_string(next.event) + ": " + next.what);
    }
    if (found.violations.size() > most_said) out.say("  and " + std::to_string(found.violations.size() - most_said) + " more");
    out.say("  " + judged + crashed);
  }
  if (found.forced != 0) out.say("  the records contradict each other in " + counted(found.forced, "place"));
  std::vector<std::string> violations;
  for (auto const& each : found.violations) violations.push_back(each.promise + ": " + each.what);
  out.object("judged", {{"subject", json_of(subject)},
                        {"verdict", json_of(!found.violations.empty()  ? "violated"
                                            : found.not_judged.empty() ? "held"
                                                                       : "not judged")},
                        {"why", json_of(found.not_judged)},
                        {"messages", json_of(found.messages)},
                        {"procs", json_of(found.procs)},
                        {"crashed", json_of(found.crashed)},
                        {"contradictions", json_of(found.forced)},
                        {"violations", json_of(violations)}});
}

int check_records(invocation const& asked, output& out) {
  knob_values knobs;
  found_records all;
  for (auto const& path : asked.paths) {
    if (std::error_code ignored; !fs::is_directory(path, ignored)) {
      all.files.push_back(path);
      continue;
    }
    if (auto const read = read_record_knobs(path + "/" + std::string(knobs_file), knobs); !read)
      return out.refuse(exit_bad_input, read.failure());
    auto found = records_of(path);
    if (!found) return out.refuse(exit_bad_input, found.failure());
    all.files.insert(all.files.end(), found->files.begin(), found->files.end());
    if (!found->incomplete.empty()) all.incomplete = found->incomplete;
  }
  for (auto const& setting : asked.settings) {
    if (auto const set = set_knob(knobs, setting, "--set"); !set) return out.refuse(exit_usage, set.failure());
  }
  auto const found = judge_all(all, knobs, out);
  if (!found) return out.refuse(exit_bad_input, found.failure());
  report_judgement(out, asked.paths.front(), *found);
  if (!found->violations.empty()) return static_cast<int>(sim::verdict::violated);
  return found->not_judged.empty() ? exit_ok : static_cast<int>(sim::verdict::no_verdict);
}

}  // namespace roost::tools
