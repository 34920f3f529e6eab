#include <roost/actor/registry.hpp>
#include <roost/sim/fault_check.hpp>
#include <roost/sim/quantity.hpp>
#include <roost/sim/repro.hpp>
#include <roost/sim/toml_document.hpp>
#include <roost/sim/words.hpp>
#include <tools/command_line.hpp>
#include <tools/program_file.hpp>
#include <tools/replay_source.hpp>
#include <tools/report.hpp>
#include <tools/sim_commands.hpp>
#include <tools/worker_pool.hpp>

namespace roost::tools {

bool is_repro_line(std::string const& target) {
  return target.size() > 2 && target[0] == 'r' && target[1] >= '0' && target[1] <= '9' && target.find(':') != std::string::npos;
}

result<replay_source> read_replay_source(invocation const& asked) {
  replay_source source;
  auto& what = source.what;
  if (is_repro_line(asked.target)) {
    auto const line = sim::parse_repro_line(asked.target);
    if (!line) return line.failure();
    auto const file = find_scenario(line->scenario);
    if (!file) return file.failure();
    auto text = read_whole_file(*file);
    if (!text) return text.failure();
    if (auto const hash = sim::hash_of_text(*text); hash != line->text_hash) {
      auto const now = to_string(sim::repro_line{line->scenario, line->seed, hash});
      return error(errc::bad_scenario,
                   "the text of the scenario is another than that of the line: with the text of now it is " + now, *file);
    }
    what.file = *file;
    what.text = *std::move(text);
    what.settings = asked.settings;
    what.plants = asked.plants;
    source.seed = line->seed;
    return source;
  }
  auto text = read_whole_file(asked.target);
  if (!text) return text.failure();
  auto file = sim::read_repro(*text, asked.target);
  if (!file) return file.failure();
  what.file = file->scenario_file.empty() ? asked.target : file->scenario_file;
  what.text = file->scenario_text;
  what.settings = file->settings;
  what.plants = file->plants;
  source.seed = file->seed;
  source.file = *std::move(file);
  return source;
}

namespace {

/// What somebody wrote into a plan is looked at like a scenario: a fault that strikes nobody would seem to be a bug that is gone.
result<void> check_edited(sim::repro_file const& file, sim::scenario const& cluster) {
  if (!file.plan_edited) return {};
  sim::toml_problems problems;
  auto const endpoints = detail::endpoint_names();
  for (std::size_t i = 0; i != file.plan.size(); ++i) {
    auto const why = sim::impossible(file.plan[i], cluster, endpoints);
    if (!why.empty()) problems.add(file.plan_places[i], "plan: " + sim::quoted(to_string(file.plan[i])) + ": " + why);
  }
  if (problems.empty()) return {};
  return problems.as_error();
}

}  // namespace

int sim_replay(invocation const& asked, proc_program& program, output& out) {
  auto source = read_replay_source(asked);
  if (!source) return out.refuse(exit_bad_input, source.failure());
  if (source->file && (!asked.settings.empty() || !asked.plants.empty())) {
    return out.refuse(exit_usage, {errc::bad_argument, "--set and --plant: a repro file has its own"});
  }
  auto& what = source->what;
  if (auto const ready = read(what); !ready) return out.refuse(exit_bad_input, ready.failure());
  if (auto const fits = for_this_program(what); !fits) return out.refuse(exit_usage, fits.failure());
  if (source->file) {
    if (auto const good = check_edited(*source->file, what.what); !good) return out.refuse(exit_bad_input, good.failure());
  }
  if (auto const armed = arm(what.plants, source->file ? "plants" : "--plant"); !armed) {
    if (!source->file) return out.refuse(exit_usage, armed.failure());
    return out.refuse(exit_bad_input, error(errc::bad_scenario, armed.failure().what, asked.target));
  }
  job work;
  work.seed = source->seed;
  work.until_event = asked.until_event;
  work.trace_file = asked.trace;
  work.last_events = asked.last_events;
  if (source->file) {
    auto const& file = *source->file;
    work.plan = file.plan;
    if (file.build != build_id()) {
      out.say("note: recorded with " + file.build + ", this is " + build_id() + ": the run may be another");
    }
    if (file.plan_edited) out.say("note: the plan was edited: digests are not compared");
  }
  outcome done;
  if (asked.in_process) {
    done = run_here(what, work, program);
  } else {
    auto ran = run_apart(what, work, false);
    if (!ran && interrupted()) return exit_interrupted;
    if (!ran) return out.refuse(exit_bug, ran.failure());
    done = *std::move(ran);
  }
  if (!done.last_events.empty()) out.say("the last events:");
  for (auto const& line : done.last_events) out.say("  " + line);
  report_run(out, what, done);
  if (work.until_event != 0 && done.died.empty() && done.run.violations.empty()) {
    out.say("stopped after event " + std::to_string(done.run.events) +
            ", t=" + roost::to_string(done.run.end.time_since_epoch()));
    return check_trace(out, work, done, exit_ok);
  }
  if (done.run.outcome == sim::verdict::held) {
    describe_run(out, what, done);
  } else {
    report_failure(out, what, done, source->file ? asked.target : "");
  }
  auto const code = check_trace(out, work, done, code_of(done));
  if (!source->file || work.until_event != 0 || source->file->plan_edited) return code;
  auto const& file = *source->file;
  bool const recorded_digest = file.digest != hash128{};
  if (file.outcome == done.run.outcome && (!recorded_digest || file.digest == done.run.digest)) return code;
  out.say("the run is not the recorded one: " + std::string(sim::verdict_name(done.run.outcome)) + ", digest " +
          roost::to_string(done.run.digest) + "; recorded: " + std::string(sim::verdict_name(file.outcome)) + ", digest " +
          roost::to_string(file.digest));
  if (file.build != build_id()) return code;
  return static_cast<int>(sim::verdict::not_deterministic);
}

}  // namespace roost::tools
