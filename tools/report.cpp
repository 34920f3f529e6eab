#include <roost/sim/fault_text.hpp>
#include <roost/sim/quantity.hpp>
#include <roost/sim/repro.hpp>
#include <tools/command_line.hpp>
#include <tools/program_file.hpp>
#include <tools/report.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace roost::tools {
namespace {

namespace fs = std::filesystem;

std::string time_text(instant at) { return roost::to_string(at.time_since_epoch()); }

/// What failed, in a form that does not depend on how.
struct headline {
  std::string promise;
  std::string what;
  instant at{};
  std::uint64_t event = 0;
};

headline headline_of(outcome const& done) {
  auto const& run = done.run;
  headline head{"", "", run.end, run.events};
  if (!done.died.empty()) {
    head.promise = run.outcome == sim::verdict::no_verdict ? "no verdict" : "crash";
    head.what = done.died;
  } else if (!run.violations.empty()) {
    auto const& first = run.violations.front();
    head = {first.promise, first.what, first.at, first.event};
  } else {
    head.promise = std::string(sim::verdict_name(run.outcome));
    std::replace(head.promise.begin(), head.promise.end(), '_', ' ');
    if (run.outcome == sim::verdict::program_failed && run.program_error) head.what = run.program_error.describe();
    if (run.outcome == sim::verdict::undecided) head.what = "nothing ran: no handler was started";
    if (run.outcome == sim::verdict::no_verdict) head.what = "the wall limit passed, or virtual time stood still";
  }
  return head;
}

std::string fault_line(sim::fault_operation operation) {
  bool const pinned = std::exchange(operation.pinned, false);
  return to_string(operation) + (pinned ? " (scenario)" : " (drawn)");
}

/// The faults that were under way at `at`, and the last ones before; at most six.
std::vector<std::string> faults_near(sim::fault_plan const& plan, instant at) {
  std::vector<sim::fault_operation const*> near;
  for (auto const& operation : plan) {
    if (operation.after_count != 0 || operation.at <= at) near.push_back(&operation);
  }
  auto const end_of = [&](sim::fault_operation const* o) { return o->after_count != 0 ? at : std::min(at, o->at + o->duration); };
  std::sort(near.begin(), near.end(),
            [&](auto const* a, auto const* b) { return end_of(a) != end_of(b) ? end_of(a) > end_of(b) : a->at > b->at; });
  if (near.size() > 6) near.resize(6);
  std::sort(near.begin(), near.end(), [](auto const* a, auto const* b) { return a->at < b->at; });
  std::vector<std::string> lines;
  for (auto const* operation : near) lines.push_back(fault_line(*operation));
  return lines;
}

std::string indented(std::string const& text, std::string const& margin) {
  std::string out;
  for (std::size_t from = 0; from < text.size();) {
    auto const end = std::min(text.find('\n', from), text.size());
    out += (out.empty() ? "" : "\n") + margin + text.substr(from, end - from);
    from = end + 1;
  }
  return out;
}

/// The path of the file that was written; empty when none could be.
std::string write_repro_file(simulation const& of, outcome const& done, headline const& head) {
  sim::repro_file file;
  file.scenario_file = of.file;
  file.scenario_text = of.text;
  file.seed = done.seed;
  file.settings = of.settings;
  file.plants = of.plants;
  file.build = build_id();
  file.outcome = done.run.outcome;
  file.promise = head.promise;
  file.what = head.what;
  file.event = head.event;
  file.at = head.at;
  file.digest = done.run.digest;
  file.plan = done.run.plan;
  std::string name;
  for (char const c : of.what.name) {
    bool const plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    name += plain ? c : '_';
  }
  if (name != of.what.name || name.size() > 100) {
    // Names that are alike as names of folders are not alike.
    name.resize(std::min<std::size_t>(name.size(), 100));
    name += "-" + sim::hex8(sim::hash_of_text(of.what.name));
  }
  name += "-" + sim::seed_text(done.seed);
  // What else was asked for makes another run of that seed.
  std::string asked;
  for (auto const& setting : of.settings) asked += "set " + setting + "\n";
  for (auto const& plant : of.plants) asked += "plant " + plant + "\n";
  if (!asked.empty()) name += "-" + sim::hex8(sim::hash_of_text(asked));
  std::error_code code;
  fs::path const runs = ".roost/runs";
  fs::create_directories(runs / name, code);
  auto const path = runs / name / "failure.repro";
  std::ofstream to(path, std::ios::binary | std::ios::trunc);
  to << sim::write_repro(file);
  to.close();
  if (!to) return {};
  fs::remove(runs / "latest", code);
  fs::create_directory_symlink(name, runs / "latest", code);
  return path.string();
}

}  // namespace

int code_of(outcome const& done) { return static_cast<int>(done.run.outcome); }

int check_trace(output& out, job const& work, outcome const& done, int code) {
  if (done.trace_lost.empty()) return code;
  auto const lost =
      out.refuse(exit_unreachable, {errc::unavailable, "--trace: cannot be written: " + done.trace_lost, work.trace_file});
  return code == exit_ok ? lost : code;
}

std::string replay_arguments(simulation const& of, std::uint64_t seed) {
  auto scenario = of.file;
  if (scenario.ends_with(".toml")) scenario.resize(scenario.size() - 5);
  auto text = shell_word(to_string(sim::repro_line{scenario, seed, sim::hash_of_text(of.text)}));
  for (auto const& setting : of.settings) text += " --set " + shell_word(setting);
  for (auto const& plant : of.plants) text += " --plant " + shell_word(plant);
  return text;
}

void report_run(output& out, simulation const& of, outcome const& done) {
  auto const& run = done.run;
  std::vector<std::string> plan;
  for (auto const& operation : run.plan) plan.push_back(to_string(operation));
  out.object("run", {{"scenario", json_of(of.what.name)},
                     {"seed", json_of(sim::seed_text(done.seed))},
                     {"verdict", json_of(sim::verdict_name(run.outcome))},
                     {"code", json_of(static_cast<std::uint64_t>(code_of(done)))},
                     {"digest", json_of(roost::to_string(run.digest))},
                     {"events", json_of(run.events)},
                     {"messages", json_of(run.messages)},
                     {"frames", json_of(run.frames)},
                     {"end_ns", std::to_string(run.end.time_since_epoch().count())},
                     {"policy", json_of(run.policy)},
                     {"plan", json_of(plan)},
                     {"faults_hitting_sessions", json_of(run.faults_hitting_sessions)},
                     {"sometimes", json_of(run.sometimes)}});
}

void describe_run(output& out, simulation const& of, outcome const& done) {
  auto const& run = done.run;
  out.say(of.what.name + "  seed " + sim::seed_text(done.seed) + "  " + std::string(sim::verdict_name(run.outcome)) +
          "  t=" + time_text(run.end) + "  " + std::to_string(run.events) + " events  " + std::to_string(run.messages) +
          " messages  " + std::to_string(run.frames) + " frames  policy " + run.policy);
  for (auto const& operation : run.plan) out.say("  fault:  " + fault_line(operation));
  out.say("  digest: " + roost::to_string(run.digest) + ", " + std::to_string(run.faults_hitting_sessions) +
          " faults hit an open session");
}

void report_failure(output& out, simulation const& of, outcome const& done, std::string const& repro) {
  auto const& run = done.run;
  auto const head = headline_of(done);
  std::string first = "FAIL " + of.what.name + "  seed " + sim::seed_text(done.seed) + "  " + head.promise;
  if (done.died.empty()) first += "  t=" + time_text(head.at) + "  event " + std::to_string(head.event);
  out.say(first);
  if (!head.what.empty()) out.say(indented(head.what, "  "));
  for (std::size_t i = 1; i < run.violations.size() && i != 4; ++i) {
    out.say("  then:   " + run.violations[i].promise + " at event " + std::to_string(run.violations[i].event) + ": " +
            run.violations[i].what);
  }
  std::string while_text;
  for (auto const& line : faults_near(run.plan, done.died.empty() ? head.at : never)) {
    while_text += (while_text.empty() ? "" : ", ") + line;
  }
  if (!while_text.empty()) out.say("  while:  " + while_text);
  if (!run.wait_graph.empty()) out.say("  waits:\n" + indented(run.wait_graph, "    "));
  if (!done.log.empty()) out.say("  it wrote:\n" + indented(done.log, "    "));
  auto const again = out.command() + " sim replay " + (repro.empty() ? replay_arguments(of, done.seed) : shell_word(repro));
  auto const path = repro.empty() ? write_repro_file(of, done, head) : repro;
  out.say("  again:  " + again);
  if (!path.empty()) out.say("  repro:  " + path);
  out.object("failure", {{"scenario", json_of(of.what.name)},
                         {"seed", json_of(sim::seed_text(done.seed))},
                         {"code", json_of(static_cast<std::uint64_t>(code_of(done)))},
                         {"promise", json_of(head.promise)},
                         {"what", json_of(head.what)},
                         {"at_ns", std::to_string(head.at.time_since_epoch().count())},
                         {"event", json_of(head.event)},
                         {"faults", json_of(faults_near(run.plan, head.at))},
                         {"wait_graph", json_of(run.wait_graph)},
                         {"again", json_of(again)},
                         {"repro", json_of(path)}});
}

}  // namespace roost::tools
