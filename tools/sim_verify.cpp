#include <unistd.h>

#include <roost/sim/quantity.hpp>
#include <roost/sim/repro.hpp>
#include <tools/command_line.hpp>
#include <tools/report.hpp>
#include <tools/sim_commands.hpp>
#include <tools/worker_pool.hpp>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <set>

namespace roost::tools {
namespace {

constexpr std::uint64_t most_shown = 3;

/// What two runs of one seed have in common when they are the same run.
bool same(outcome const& a, outcome const& b) {
  if (!a.died.empty() || !b.died.empty()) return a.died == b.died;
  return a.run.digest == b.run.digest && a.run.outcome == b.run.outcome && a.run.events == b.run.events &&
         a.run.messages == b.run.messages;
}

/// A folder for traces, gone with this object.
class trace_folder {
 public:
  trace_folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "roost-verify-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~trace_folder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  trace_folder(trace_folder const&) = delete;
  trace_folder& operator=(trace_folder const&) = delete;
  std::string file(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

struct difference {
  std::vector<std::string> before;  ///< The last events that both have.
  std::string fresh;                ///< "(nothing more)" where that run was over.
  std::string used;
};

std::optional<difference> compare(std::string const& fresh_file, std::string const& used_file) {
  std::ifstream fresh(fresh_file), used(used_file);
  std::deque<std::string> before;
  while (true) {
    std::string a, b;
    bool const more_a = static_cast<bool>(std::getline(fresh, a));
    bool const more_b = static_cast<bool>(std::getline(used, b));
    if (!more_a && !more_b) return std::nullopt;
    if (more_a != more_b || a != b) {
      constexpr char const* nothing = "(nothing more)";
      return difference{{before.begin(), before.end()}, more_a ? a : nothing, more_b ? b : nothing};
    }
    before.push_back(std::move(a));
    if (before.size() > 3) before.pop_front();
  }
}

/// Runs a seed in one process after `history`, with a trace.
bool trace(simulation const& what, std::vector<std::uint64_t> const& history, std::uint64_t seed, std::string const& file) {
  std::size_t at = 0;
  bool traced = false;
  worker_pool pool(what, {.workers = 1, .own_logs = true});
  auto const ran = pool.run(
      [&]() -> std::optional<pool_task> {
        if (at > history.size()) return std::nullopt;
        pool_task task;
        task.work.seed = at < history.size() ? history[at] : seed;
        if (at == history.size()) task.work.trace_file = file;
        ++at;
        return task;
      },
      [&](pool_outcome next) {
        traced = next.done.died.empty() && next.done.trace_lost.empty();
        return traced;
      },
      [] {});
  return ran.has_value() && traced;
}

/// Finds the first event that differs by running both again with traces. The process that had run the seed before may have run
/// many others: the last of them is tried alone first.
std::optional<difference> find_difference(simulation const& what, std::vector<std::uint64_t> const& history, std::uint64_t seed) {
  trace_folder const folder;
  if (!trace(what, {}, seed, folder.file("fresh"))) return std::nullopt;
  std::vector<std::vector<std::uint64_t>> histories;
  if (!history.empty()) histories.push_back({history.back()});
  if (history.size() > 1) histories.push_back(history);
  histories.push_back({});
  for (auto const& each : histories) {
    if (!trace(what, each, seed, folder.file("used"))) continue;
    if (auto found = compare(folder.file("fresh"), folder.file("used"))) return found;
  }
  return std::nullopt;
}

void report_difference(output& out, simulation const& what, outcome const& fresh, outcome const& used,
                       std::vector<std::uint64_t> const& history) {
  auto const seed = sim::seed_text(fresh.seed);
  out.say("NOT DETERMINISTIC " + what.what.name + "  seed " + seed + ": a used process ran it differently from a fresh one");
  auto const side = [](outcome const& one) {
    if (!one.died.empty()) return one.died;
    return roost::to_string(one.run.digest) + ", " + std::to_string(one.run.events) + " events, " +
           std::string(sim::verdict_name(one.run.outcome));
  };
  out.say("  fresh:  " + side(fresh));
  out.say("  used:   " + side(used));
  auto const found = find_difference(what, history, fresh.seed);
  if (found) {
    out.say("  first difference:");
    for (auto const& line : found->before) out.say("    both   " + line);
    out.say("    fresh  " + found->fresh);
    out.say("    used   " + found->used);
  } else {
    out.say("  run again with traces, the two did not differ: what they depend on changes from process to process");
  }
  std::string again = out.command() + " sim verify " + shell_word(what.file) + " --seeds " + seed;
  for (auto const& setting : what.settings) again += " --set " + shell_word(setting);
  for (auto const& plant : what.plants) again += " --plant " + shell_word(plant);
  out.say("  again:  " + again);
  out.object("difference", {{"scenario", json_of(what.what.name)},
                            {"seed", json_of(seed)},
                            {"fresh_digest", json_of(roost::to_string(fresh.run.digest))},
                            {"used_digest", json_of(roost::to_string(used.run.digest))},
                            {"fresh", json_of(found ? found->fresh : "")},
                            {"used", json_of(found ? found->used : "")},
                            {"again", json_of(again)}});
}

}  // namespace

int sim_verify(invocation const& asked, simulation const& what, output& out) {
  auto const seeds = parse_seeds(asked.seeds.empty() ? "1..10" : asked.seeds);
  if (!seeds) return out.refuse(exit_usage, {errc::bad_argument, "--seeds: " + seeds.failure().what});
  auto const total = seeds->last - seeds->first + 1;
  std::uint64_t given = 0, verified = 0, differ = 0, unused = 0;
  std::set<std::uint64_t> failed;
  int lowest = exit_ok;
  std::optional<outcome> fresh;
  worker_pool pool(what, {.workers = asked.workers, .own_logs = true});
  auto const take_failure = [&](outcome const& done) {
    if (failed.insert(done.seed).second && failed.size() <= most_shown) report_failure(out, what, done);
    lowest = lowest == exit_ok ? code_of(done) : std::min(lowest, code_of(done));
  };
  auto const take_pair = [&](outcome const& first, pool_outcome const& second) {
    ++verified;
    if (second.history.empty()) ++unused;
    bool const equal = same(first, second.done);
    out.object("verify", {{"seed", json_of(sim::seed_text(first.seed))},
                          {"same", equal ? "true" : "false"},
                          {"digest", json_of(roost::to_string(first.run.digest))},
                          {"verdict", json_of(sim::verdict_name(first.run.outcome))}});
    if (!equal && ++differ <= most_shown) report_difference(out, what, first, second.done, second.history);
    if (first.run.outcome != sim::verdict::held) take_failure(first);
  };
  auto const ran = pool.run(
      [&]() -> std::optional<pool_task> {
        if (given == 2 * total) return std::nullopt;
        pool_task task;
        task.work.seed = seeds->first + given / 2;
        task.fresh = given % 2 == 0;
        task.used = !task.fresh;
        ++given;
        return task;
      },
      [&](pool_outcome next) {
        if (next.task.fresh) {
          fresh = std::move(next.done);
        } else if (next.task.used) {
          take_pair(*fresh, next);
        } else {
          take_failure(next.done);  // After its last run.
        }
        return true;
      },
      [&] {
        out.progress([&] {
          return "verify " + what.what.name + "  " + std::to_string(verified) + " of " + std::to_string(total) +
                 " seeds  differ " + std::to_string(differ) + "  FAIL " + std::to_string(failed.size());
        });
      });
  if (!ran) return out.refuse(exit_bug, ran.failure());
  int code = differ != 0 ? static_cast<int>(sim::verdict::not_deterministic) : lowest;
  if (code == exit_ok && verified == 0) code = static_cast<int>(sim::verdict::undecided);
  if (interrupted()) code = exit_interrupted;
  out.say(what.what.name + "  " + std::to_string(verified) + " of " + std::to_string(total) +
          " seeds run in a fresh and in a used process  same " + std::to_string(verified - differ) + "  differ " +
          std::to_string(differ) + "  failed " + std::to_string(failed.size()));
  if (unused != 0) {
    out.say("  " + std::to_string(unused) +
            " of them in two fresh processes: the seeds that were to be run before ended the process");
  }
  out.object("summary", {{"scenario", json_of(what.what.name)},
                         {"code", json_of(static_cast<std::uint64_t>(code))},
                         {"seeds", json_of(verified)},
                         {"differ", json_of(differ)},
                         {"failed", json_of(std::uint64_t{failed.size()})}});
  return code;
}

}  // namespace roost::tools
