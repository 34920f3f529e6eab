#include <unistd.h>

#include <roost/sim/quantity.hpp>
#include <tools/command_line.hpp>
#include <tools/report.hpp>
#include <tools/sim_commands.hpp>
#include <tools/worker_pool.hpp>

#include <algorithm>
#include <chrono>
#include <map>

namespace roost::tools {
namespace {

constexpr std::uint64_t most_reports = 5;

/// What a campaign has seen so far.
struct tally {
  std::uint64_t runs = 0;
  std::uint64_t held = 0;
  std::uint64_t hit = 0;  ///< Runs in which a crash or reset hit an open session.
  std::map<int, std::uint64_t> failures;
  std::map<std::string, std::uint64_t> sometimes;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  nanoseconds virtual_time{};

  void add(outcome const& done) {
    ++runs;
    if (done.run.outcome == sim::verdict::held) {
      ++held;
    } else {
      ++failures[code_of(done)];
    }
    if (done.run.faults_hitting_sessions != 0) ++hit;
    for (auto const& [name, count] : done.run.sometimes) sometimes[name] += count;
    virtual_time += done.run.end.time_since_epoch();
  }
  std::uint64_t failed() const { return runs - held; }
  std::uint64_t seen() const {
    return static_cast<std::uint64_t>(
        std::count_if(sometimes.begin(), sometimes.end(), [](auto const& entry) { return entry.second != 0; }));
  }
  std::uint64_t hit_percent() const { return runs == 0 ? 0 : hit * 100 / runs; }
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count(); }
};

std::string sometimes_text(tally const& seen) {
  return std::to_string(seen.seen()) + "/" + std::to_string(seen.sometimes.size());
}

std::string progress_text(simulation const& what, tally const& seen, std::uint64_t total) {
  auto const passed = seen.seconds();
  auto const rate = passed > 0 ? static_cast<double>(seen.runs) / passed : 0.0;
  char text[160];
  std::snprintf(text, sizeof text, "%02d:%02d  %llu of %llu seeds  %.0f/s  x%.0f real time  ok %llu  FAIL %llu  sometimes %s",
                static_cast<int>(passed) / 60, static_cast<int>(passed) % 60, static_cast<unsigned long long>(seen.runs),
                static_cast<unsigned long long>(total), rate,
                passed > 0 ? std::chrono::duration<double>(seen.virtual_time).count() / passed : 0.0,
                static_cast<unsigned long long>(seen.held), static_cast<unsigned long long>(seen.failed()),
                sometimes_text(seen).c_str());
  return "run " + what.what.name + "  " + text;
}

void report_campaign(output& out, simulation const& what, tally const& seen, std::vector<std::string> const& missing, int code) {
  std::string line = what.what.name + "  " + std::to_string(seen.runs) + " seeds  held " + std::to_string(seen.held) +
                     "  failed " + std::to_string(seen.failed());
  for (auto const& [failure, count] : seen.failures) {
    line += " (exit " + std::to_string(failure) + ": " + std::to_string(count) + ")";
  }
  out.say(line);
  out.say("  a crash or reset hit an open session in " + std::to_string(seen.hit) + " of " + std::to_string(seen.runs) +
          " seeds (" + std::to_string(seen.hit_percent()) + "%)");
  std::string never_seen;
  for (auto const& [name, count] : seen.sometimes) {
    if (count == 0) never_seen += (never_seen.empty() ? "" : ", ") + name;
  }
  out.say("  sometimes: " + sometimes_text(seen) + " seen" + (never_seen.empty() ? "" : "; never: " + never_seen));
  for (auto const& name : missing) out.say("  required sometimes never seen: " + name);
  std::map<std::string, std::uint64_t> failures;
  for (auto const& [failure, count] : seen.failures) failures[std::to_string(failure)] = count;
  out.object("summary", {{"scenario", json_of(what.what.name)},
                         {"code", json_of(static_cast<std::uint64_t>(code))},
                         {"seeds", json_of(seen.runs)},
                         {"held", json_of(seen.held)},
                         {"failures", json_of(failures)},
                         {"hitting_sessions", json_of(seen.hit)},
                         {"sometimes", json_of(seen.sometimes)},
                         {"missing", json_of(missing)}});
}

}  // namespace

result<seed_range> parse_seeds(std::string const& text) {
  auto const dots = text.find("..");
  auto const first = sim::parse_seed(text.substr(0, dots));
  if (!first) return first.failure();
  auto const last = dots == std::string::npos ? first : sim::parse_seed(text.substr(dots + 2));
  if (!last) return last.failure();
  if (*last < *first) return error(errc::bad_argument, "'" + text + "' is empty, expected A..B with A at most B");
  if (*last - *first == ~std::uint64_t{0}) return error(errc::bad_argument, "'" + text + "' are too many seeds");
  return seed_range{*first, *last};
}

int sim_run(invocation const& asked, simulation const& what, proc_program& program, output& out) {
  job work;
  if (!asked.seed.empty()) {
    auto const seed = sim::parse_seed(asked.seed);
    if (!seed) return out.refuse(exit_usage, {errc::bad_argument, "--seed: " + seed.failure().what});
    work.seed = *seed;
  }
  work.trace_file = asked.trace;
  outcome done;
  if (asked.in_process) {
    done = run_here(what, work, program);
  } else {
    auto ran = run_apart(what, work, false);
    if (!ran && interrupted()) return exit_interrupted;
    if (!ran) return out.refuse(exit_bug, ran.failure());
    done = *std::move(ran);
  }
  report_run(out, what, done);
  if (done.run.outcome == sim::verdict::held) {
    describe_run(out, what, done);
  } else {
    report_failure(out, what, done);
  }
  return check_trace(out, work, done, code_of(done));
}

int sim_campaign(invocation const& asked, simulation const& what, output& out) {
  auto const seeds = parse_seeds(asked.seeds);
  if (!seeds) return out.refuse(exit_usage, {errc::bad_argument, "--seeds: " + seeds.failure().what});
  auto const total = seeds->last - seeds->first + 1;
  tally seen;
  for (auto const& name : what.what.sometimes) seen.sometimes[name] = 0;
  std::uint64_t given = 0;
  worker_pool pool(what, {.workers = asked.workers, .own_logs = true});
  auto const ran = pool.run(
      [&]() -> std::optional<pool_task> {
        if (given == total) return std::nullopt;
        pool_task task;
        task.work.seed = seeds->first + given++;
        return task;
      },
      [&](pool_outcome next) {
        seen.add(next.done);
        report_run(out, what, next.done);
        if (next.done.run.outcome != sim::verdict::held) {
          if (seen.failed() <= most_reports) {
            report_failure(out, what, next.done);
          } else if (seen.failed() == most_reports + 1) {
            out.say("more seeds fail; only their number is reported from here");
          }
        }
        return true;
      },
      [&] { out.progress([&] { return progress_text(what, seen, total); }); });
  if (!ran) return out.refuse(exit_bug, ran.failure());
  std::vector<std::string> missing;
  for (auto const& name : what.what.sometimes) {
    if (seen.sometimes[name] == 0) missing.push_back(name);
  }
  int code = exit_ok;
  if (!seen.failures.empty()) code = seen.failures.begin()->first;
  auto const undecided = static_cast<int>(sim::verdict::undecided);
  if ((!missing.empty() || seen.runs == 0) && (code == exit_ok || code > undecided)) code = undecided;
  if (interrupted()) code = exit_interrupted;
  report_campaign(out, what, seen, missing, code);
  return code;
}

}  // namespace roost::tools
