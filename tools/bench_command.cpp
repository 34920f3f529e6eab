#include <unistd.h>

#include <nlohmann/json.hpp>
#include <tools/bench_command.hpp>
#include <tools/command_line.hpp>
#include <tools/program_file.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <set>

namespace roost::tools {
namespace {

namespace fs = std::filesystem;

/// How much is done: as the bounds say, or just enough to see that it works.
struct sizes {
  std::uint64_t hosts = 1'000;
  std::uint64_t rounds = 500;
  std::uint64_t peer_rounds = 50;
  std::uint64_t crowd_hosts = 1'000;
  std::uint64_t crowd_actors = 1'000;
  std::uint64_t small_calls = 14;
};
constexpr sizes full;
constexpr sizes quick{20, 20, 20, 4, 50, 4};

constexpr double bound_messages = 2'000'000;
constexpr double bound_peer = 15;
constexpr double bound_bytes = 1024.0 * 1024 * 1024 / 1'000'000;
constexpr double bound_small_milliseconds = 20;
constexpr double small_events = 10'000;

/// What one repetition printed.
using sample = nlohmann::json;

class program_of_bench {
 public:
  explicit program_of_bench(std::string const& name)
      : path_(fs::path(this_executable()).parent_path().parent_path() / "tests" / "bench" / name) {}

  std::string path() const { return path_.lexically_normal().string(); }
  bool is_built() const { return ::access(path_.c_str(), X_OK) == 0; }
  /// One repetition. Errors: `errc::launch_failed`, with what it was.
  result<sample> run(std::vector<std::string> const& arguments) const {
    auto command = shell_word(path());
    for (auto const& each : arguments) command += " " + shell_word(each);
    std::FILE* const from = ::popen(command.c_str(), "r");
    if (from == nullptr) return error(errc::launch_failed, "cannot be run", path());
    std::string text;
    std::array<char, 4096> part{};
    while (std::size_t const count = std::fread(part.data(), 1, part.size(), from)) text.append(part.data(), count);
    if (::pclose(from) != 0) return error(errc::launch_failed, "failed: " + command, path());
    auto read = sample::parse(text, nullptr, false);
    if (!read.is_object()) return error(errc::launch_failed, "printed no object: " + command, path());
    return read;
  }

 private:
  fs::path path_;
};

/// All repetitions of one side.
class series {
 public:
  void add(sample one) { samples_.push_back(std::move(one)); }
  bool empty() const { return samples_.empty(); }
  double number(char const* field) const { return samples_.front().value(field, 0.0); }
  /// The median of a quotient of two fields.
  double median(char const* over, char const* under) const {
    std::vector<double> values;
    for (auto const& each : samples_) values.push_back(each.value(over, 0.0) / std::max(1.0, each.value(under, 0.0)));
    return middle(std::move(values));
  }
  double median(char const* field) const {
    std::vector<double> values;
    for (auto const& each : samples_) values.push_back(each.value(field, 0.0));
    return middle(std::move(values));
  }
  bool same_digests() const {
    std::set<std::string> seen;
    for (auto const& each : samples_) seen.insert(each.value("digest", ""));
    return seen.size() == 1;
  }

 private:
  static double middle(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    auto const half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
  }
  std::vector<sample> samples_;
};

std::string digits(double value, int behind = 0) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", behind, value);
  std::string out(text.data());
  auto const point = std::min(out.find('.'), out.size());
  for (auto at = point; at > 3; at -= 3) out.insert(at - 3, 1, ',');
  return out;
}

/// One row of the table: what was reached, and its ratio to the bound; at least 1 is reached.
struct row {
  std::string name;
  double value = 0;
  std::string unit;
  double bound = 0;
  bool at_most = false;
  double ratio() const { return at_most ? bound / value : value / bound; }
};

void print(output& out, row const& r, int behind) {
  std::string line = "  " + r.name;
  line.resize(std::max<std::size_t>(line.size() + 1, 44), ' ');
  auto value = digits(r.value, behind) + " " + r.unit;
  value.insert(0, value.size() < 22 ? 22 - value.size() : 0, ' ');
  auto bound = std::string(r.at_most ? "at most " : "at least ") + digits(r.bound, behind);
  bound.insert(0, bound.size() < 20 ? 20 - bound.size() : 0, ' ');
  out.say(line + value + bound + "   " + digits(r.ratio(), 2) + (r.ratio() >= 1 ? " of the bound" : " of the bound: missed"));
  out.object("bench", {{"work", json_of(r.name)},
                       {"value", sample(r.value).dump()},
                       {"unit", json_of(r.unit)},
                       {"bound", sample(r.bound).dump()},
                       {"ratio", sample(r.ratio()).dump()},
                       {"reached", r.ratio() >= 1 ? "true" : "false"}});
}

void print_costs(output& out, std::string const& name, series const& of) {
  auto const instructions = of.median("instructions", "messages");
  auto const allocations = of.median("allocations", "messages");
  auto const nanoseconds = of.median("processor_ns", "messages");
  out.say("    " + name + ": " + digits(nanoseconds) + " ns, " +
          (instructions > 0 ? digits(instructions) : std::string("uncounted")) + " instructions, " + digits(allocations, 2) +
          " allocations a message");
  out.object("bench_costs", {{"work", json_of(name)},
                             {"ns_per_message", sample(nanoseconds).dump()},
                             {"instructions_per_message", instructions > 0 ? sample(instructions).dump() : "null"},
                             {"allocations_per_message", sample(allocations).dump()}});
}

}  // namespace

int bench_sim(invocation const& asked, output& out) {
  program_of_bench const ours("sim_bench"), peer("simgrid_ping_pong");
  sizes const size = asked.quick ? quick : full;
  auto const repetitions = asked.repeat != 0 ? asked.repeat : asked.quick ? 1U : 5U;
  if (!ours.is_built()) {
    return out.refuse(exit_unreachable, {errc::unavailable, "is not built, expected it from: ./bootstrap bench", ours.path()});
  }
  series games, peer_games, crowds, smalls;
  std::optional<error> failed;
  auto const measure = [&](series& into, program_of_bench const& what, std::vector<std::string> const& words) {
    if (failed) return;
    auto one = what.run(words);
    if (one) {
      into.add(*std::move(one));
    } else {
      failed = one.failure();
    }
  };
  for (unsigned i = 0; i != repetitions && !failed; ++i) {
    out.progress([&] { return "repetition " + std::to_string(i + 1) + " of " + std::to_string(repetitions); });
    measure(games, ours, {"ping-pong", std::to_string(size.hosts), std::to_string(size.rounds)});
    if (peer.is_built()) measure(peer_games, peer, {std::to_string(size.hosts), std::to_string(size.peer_rounds)});
    measure(smalls, ours, {"small", std::to_string(size.small_calls)});
  }
  // Once: the memory of a run that is the same event by event does not vary, and this run takes longest.
  measure(crowds, ours, {"crowd", std::to_string(size.crowd_hosts), std::to_string(size.crowd_actors)});
  if (failed) return out.refuse(exit_bug, *failed);

  out.say("roost bench sim: medians of " + std::to_string(repetitions) + ", processor time of one thread");
  auto const rate = games.median("messages", "processor_ns") * 1e9;
  print(out, {"ping-pong, " + digits(static_cast<double>(size.hosts)) + " hosts", rate, "messages/s", bound_messages}, 0);
  if (peer_games.empty()) {
    out.say("  SimGrid is not here (" + peer.path() + " is not built), so nothing is compared; ./bootstrap bench brings it");
  } else {
    auto const peer_rate = peer_games.median("messages", "processor_ns") * 1e9;
    print(out, {"ping-pong, over SimGrid's " + digits(peer_rate), rate / peer_rate, "times", bound_peer}, 1);
  }
  auto const actors = static_cast<double>(size.crowd_hosts * size.crowd_actors);
  print(out, {digits(actors) + " actors", crowds.median("peak_bytes") / actors, "bytes an actor", bound_bytes, true}, 0);
  auto const small = smalls.median("processor_ns", "events") * small_events / 1e6;
  print(out, {"8 procs under faults, 10,000 events", small, "ms", bound_small_milliseconds, true}, 1);
  print_costs(out, "ping-pong", games);
  print_costs(out, "8 procs under faults", smalls);
  if (games.same_digests() && crowds.same_digests() && smalls.same_digests()) return exit_ok;
  out.say("the digests of repetitions differ");
  return static_cast<int>(sim::verdict::not_deterministic);
}

}  // namespace roost::tools
