#include <fcntl.h>
#include <unistd.h>

#include <roost/live/log.hpp>
#include <roost/sim/quantity.hpp>
#include <roost/sim/scenario_file.hpp>
#include <roost/sim/toml_document.hpp>
#include <roost/sim/words.hpp>
#include <roost/wire/header.hpp>
#include <algorithm>
#include <CLI/CLI.hpp>
#include <tools/agent_command.hpp>
#include <tools/bench_command.hpp>
#include <tools/check_command.hpp>
#include <tools/command_line.hpp>
#include <tools/doctor_command.hpp>
#include <tools/live_run.hpp>
#include <tools/program_file.hpp>
#include <tools/replay_source.hpp>
#include <tools/sim_commands.hpp>
#include <tools/status_command.hpp>
#include <tools/version.hpp>
#include <tools/worker_pool.hpp>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>

namespace roost::tools {
namespace {

/// The grammar, writing into an invocation.
class grammar {
 public:
  explicit grammar(invocation& into) : into_(into) {
    app_.require_subcommand(1);
    app_.add_flag("--json", ignored_, "One JSON object a line on standard output, and nothing else there");
    app_.add_flag("--version", ignored_, "Version, compiler, wire version");
    auto* const sim = add(app_, "sim", "Simulated runs");
    sim->require_subcommand(1);

    CLI::Validator const some([](std::string& given) { return given.empty() ? "'' is empty" : std::string(); }, "");
    auto* const run = add(*sim, "run", "Run a scenario with one seed, or with many");
    scenario(*run);
    auto* const seed = run->add_option("--seed", into_.seed, "Decimal, or hexadecimal after 0x (standard: 1)")->check(some);
    auto* const seeds = run->add_option("--seeds", into_.seeds, "A..B: a campaign of many runs in worker processes")->check(some);
    seeds->excludes(seed);
    run->add_option("--trace", into_.trace, "Write each event to this file")->check(some)->excludes(seeds);
    workers(*run);
    in_process(*run);

    auto* const verify = add(*sim, "verify", "Run each seed in a fresh and in a used process and compare");
    scenario(*verify);
    verify->add_option("--seeds", into_.seeds, "A..B (standard: 1..10)")->check(some);
    workers(*verify);

    auto* const replay = add(*sim, "replay", "Run again what a repro line or file says");
    replay->add_option("REPRO", into_.target, "A .repro file, or r1:<scenario>:<seed>:<hash>")->required();
    changes(*replay);
    until_option_ = replay->add_option("--until", until_, "Stop after this event");
    replay->add_option("--trace", into_.trace, "Write each event to this file")->check(some);
    replay->add_option("--last", into_.last_events, "How many of the last events to show (standard: 20)");
    in_process(*replay);

    add(*sim, "knobs", "The constants of the runtime, with their ranges");
    add(*sim, "plants", "The planted bugs of this build");

    auto* const live = add(app_, "run", "Run a program, or a scenario's program, on real processes");
    live->add_option("--on", into_.on, "Where")->check(CLI::IsMember({"local"}));
    live->add_option("--transport", into_.transport, "How procs talk")->check(CLI::IsMember({"loopback", "shm"}));
    auto* const hosts =
        live->add_option("-n,--hosts", into_.hosts, "Hosts, each but the first behind an agent process (standard: 1)")
            ->check(CLI::Range(1U, 64U));
    live->add_option("--attach", attach_, "PATH[,PATH...]: sockets of agents that stay, one for each host but the first")
        ->check(some)
        ->excludes(hosts);
    live->add_flag("--namespaces", into_.own_networks, "A network namespace for each agent and its procs");
    live->add_option("--log-format", into_.log_format, "What standard error is to have: text, or one JSON object a line")
        ->check(CLI::IsMember({"text", "json"}))
        ->envname("ROOST_LOG_FORMAT");
    auto* const record = live->add_option("--record", into_.record, "Keep what each proc saw in this folder, for 'check'");
    record->check(some);
    live->add_flag("--no-record", into_.no_record, "Record nothing and judge nothing: faster, and no folder is needed")
        ->excludes(record);
    live->add_option("--set", into_.settings, "key=value over what the scenario says; also knobs")->allow_extra_args(false);
    live->add_option("--plant", into_.plants, "Arm a planted bug")->allow_extra_args(false);
    live->add_option("PROGRAM", into_.target, "PROGRAM or SCENARIO; its arguments follow after --");

    auto* const agent = add(app_, "agent", "A host agent that stays, and serves one 'run --attach' after another");
    agent->add_option("--listen", into_.listen, "The path of its socket, a file that is removed when it ends");
    agent->add_flag("--namespaces", into_.own_networks, "A network namespace for it and all that it runs");
    agent->add_option("--plant", into_.plants, "Arm a planted bug")->allow_extra_args(false);
    auto* const stop = add(*agent, "stop", "End such an agent in order, and what it runs");
    stop->add_option("PATH", into_.target, "Its socket")->required();

    auto* const check = add(app_, "check", "Judge what the procs of a live run recorded");
    check->add_option("DIR|FILE", into_.paths, "Folders and files of one run, as of run --record")->required();
    check->add_option("--set", into_.settings, "KNOB=VALUE of that run")->allow_extra_args(false);

    auto* const examine = add(app_, "doctor", "Whether this machine has what Roost runs on, and what follows where not");
    examine->add_option("--procs", into_.procs, "How many procs of one program it is to carry (standard: 8)")
        ->check(CLI::Range(1U, 1024U));

    auto* const get = add(app_, "get", "What live procs on this machine are doing");
    get->add_option("KIND", into_.target, "runs, hosts, procs, actors, or metrics: a page for Prometheus (standard: procs)")
        ->check(CLI::IsMember({"runs", "hosts", "procs", "actors", "metrics"}));
    auto* const describe = add(app_, "describe", "All that one live proc or actor, or an agent that stays, says of itself");
    describe->add_option("PROC|ACTOR|PATH", into_.target, "As 'get' names it: h0/p1.1, h0/p1.1/a7; of an agent its socket")
        ->required();
    for (auto* const each : {get, describe})
      each->add_option("--run", into_.run, "The run, as 'get runs' names it (standard: all)");

    auto* const bench = add(app_, "bench", "What Roost costs, beside its bounds and its peers");
    bench->require_subcommand(1);
    for (auto* const each :
         {add(*bench, "sim", "The simulator: messages a second beside SimGrid, memory of actors, a small scenario"),
          add(*bench, "local", "One live proc: messages, requests and actors, beside CAF and a bare loop"),
          add(*bench, "workers", "Two workers of one proc: messages and requests across them, awake and asleep"),
          add(*bench, "shm", "Two procs over shared memory, beside bare work between two processes"),
          add(*bench, "start", "A whole program of 8 procs over shared memory, from its exec to its first answers")}) {
      each->add_option("--repeat", into_.repeat, "Repetitions (standard: 5)")->check(CLI::Range(1U, 99U));
      each->add_flag("--quick", into_.quick, "Little work, once: that it works, no figures");
    }
  }

  /// Reads the words of a command line. Errors: `errc::bad_argument`.
  result<void> read(std::vector<std::string> words) {
    if (auto const known = check_commands(words); !known) return known;
    std::reverse(words.begin(), words.end());  // As CLI11 wants them.
    try {
      app_.parse(std::move(words));
    } catch (CLI::Success const&) {
      help_ = true;
      return {};
    } catch (CLI::ExtrasError const&) {
      return error(errc::bad_argument, unexpected());
    } catch (CLI::RequiredError const& problem) {
      bool const extra = !app_.remaining(true).empty();
      return error(errc::bad_argument, extra ? unexpected() : problem.what());
    } catch (CLI::ParseError const& problem) {
      return error(errc::bad_argument, problem.what());
    }
    into_.command = command();
    if (into_.until_event = 0; until_option_->count() != 0) {
      auto const until = sim::parse_seed(until_);
      if (!until || *until == 0)
        return error(errc::bad_argument, "--until: " + sim::quoted(until_) + " is no event, expected a number from 1");
      into_.until_event = *until;
    }
    return attach_.empty() ? result<void>() : read_agents();
  }

  bool wants_help() const { return help_; }
  std::string help(std::string const& name) {
    app_.name(name);
    auto const* at = deepest(app_);
    if (at == &app_) return app_.help();
    auto path = name;
    for (auto const* step = &app_; step != at->get_parent();) {
      step = step->get_subcommands().front();
      if (step != at) path += " " + step->get_name();
    }
    return at->help(path);
  }
  /// The words of the command that was given: "sim run".
  std::string command() const {
    std::string text;
    for (auto const* at = &app_; !at->get_subcommands().empty();) {
      at = at->get_subcommands().front();
      text += (text.empty() ? "" : " ") + at->get_name();
    }
    return text;
  }

 private:
  static CLI::App* add(CLI::App& to, std::string const& name, std::string const& what) {
    auto* const made = to.add_subcommand(name, what);
    made->fallthrough();
    return made;
  }
  void scenario(CLI::App& of) {
    of.add_option("SCENARIO", into_.target, "A scenario file (.toml)")->required();
    changes(of);
  }
  void changes(CLI::App& of) {
    of.add_option("--set", into_.settings, "key=value over what the scenario says; also knobs")->allow_extra_args(false);
    of.add_option("--plant", into_.plants, "Arm a planted bug")->allow_extra_args(false);
  }
  void workers(CLI::App& of) { of.add_option("-j,--jobs", into_.workers, "Worker processes (standard: one a processor)"); }
  void in_process(CLI::App& of) { of.add_flag("--in-process", into_.in_process, "Without a worker process, for debuggers"); }

  /// Takes the list of sockets apart.
  result<void> read_agents() {
    for (std::size_t begin = 0; begin <= attach_.size();) {
      auto const end = std::min(attach_.find(',', begin), attach_.size());
      auto path = attach_.substr(begin, end - begin);
      begin = end + 1;
      if (path.empty()) return error(errc::bad_argument, "--attach: " + sim::quoted(attach_) + " has an empty path");
      if (std::find(into_.attach.begin(), into_.attach.end(), path) != into_.attach.end())
        return error(errc::bad_argument, "--attach: " + sim::quoted(path) + " is there twice");
      into_.attach.push_back(std::move(path));
    }
    constexpr std::size_t most_agents = 63;
    if (into_.attach.size() > most_agents)
      return error(errc::bad_argument, "--attach: expected at most " + std::to_string(most_agents) + " agents");
    return {};
  }

  static CLI::App const* deepest(CLI::App const& from) {
    auto const* at = &from;
    while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
    return at;
  }

  /// The commands must be known before the rest is read, so that a slip gets the nearest name.
  result<void> check_commands(std::vector<std::string> const& words) const {
    CLI::App const* at = &app_;
    for (auto const& word : words) {
      auto const below = at->get_subcommands([](CLI::App const*) { return true; });
      if (below.empty()) break;
      if (word.starts_with("-")) continue;
      std::vector<std::string> names;
      for (auto const* each : below) names.push_back(each->get_name());
      auto const found = std::find(names.begin(), names.end(), word);
      if (found == names.end() && at->get_require_subcommand_min() == 0) break;
      if (found == names.end()) {
        std::vector<std::string_view> const views(names.begin(), names.end());
        return error(errc::bad_argument, "unknown command " + sim::quoted(word) + sim::suggestion(word, views));
      }
      at = below[static_cast<std::size_t>(found - names.begin())];
    }
    return {};
  }

  /// Says which word nobody asked for, and for an option the nearest one of the command.
  std::string unexpected() const {
    auto const left = app_.remaining(true);
    auto const option = std::find_if(left.begin(), left.end(), [](std::string const& word) { return word.starts_with("-"); });
    auto const word = option != left.end() ? *option : left.empty() ? std::string() : left.back();
    std::vector<std::string> names;
    for (auto const* at = deepest(app_); at != nullptr && option != left.end(); at = at->get_parent()) {
      for (auto const* each : at->get_options()) names.push_back(each->get_name(false, false));
    }
    std::vector<std::string_view> const views(names.begin(), names.end());
    auto const near = sim::nearest(word, views);
    return "unexpected argument " + sim::quoted(word) + (near.empty() ? "" : ", did you mean '" + std::string(near) + "'?");
  }

  invocation& into_;
  CLI::Option const* until_option_ = nullptr;
  std::string until_;
  std::string attach_;
  bool help_ = false;
  bool ignored_ = false;  ///< Read before the rest is.
  CLI::App app_{"Runs programs of actors, simulated or on real processes.", "roost"};
};

/// A scenario file and what the command line puts over it.
result<simulation> named_simulation(invocation const& asked) {
  simulation what;
  if (asked.target.find_first_of("\n\r") != std::string::npos) {
    return error(errc::bad_argument,
                 "the path of the scenario has a line end, expected one that fits into a line that repeats the run");
  }
  what.file = asked.target;
  what.settings = asked.settings;
  what.plants = asked.plants;
  constexpr std::size_t most_scenario = std::size_t{4} << 20;
  auto text = read_whole_file(asked.target, most_scenario);
  if (!text) return text.failure();
  what.text = *std::move(text);
  return what;
}

/// What `--set` says where no scenario is named: knobs, with the units that a scenario has for them.
result<std::map<std::string, std::int64_t>> knobs_alone(std::vector<std::string> const& settings) {
  for (auto const& setting : settings) {
    auto const name = std::string_view(setting).substr(0, setting.find('='));
    if (find_knob(name) != nullptr) continue;
    std::vector<std::string_view> names;
    for (auto const* known : all_knobs()) names.push_back(known->definition().name);
    return error(
        errc::bad_argument,
        "there is no knob " + sim::quoted(name) + sim::suggestion(name, names) + "; without a scenario only knobs can be set",
        "--set " + setting);
  }
  auto const read = sim::read_scenario({}, "--set", {.settings = settings});
  if (!read) return read.failure();
  return read->knobs;
}

/// The executable that a scenario names.
result<std::string> program_of(simulation const& what) {
  auto const scenario =
      sim::read_scenario(what.text, what.file, {.settings = what.settings, .check_knobs = false});  // Its program knows them.
  if (!scenario) return scenario.failure();
  auto const place = place_of_program(what);
  if (scenario->program.empty()) {
    return error(errc::bad_scenario, "the scenario names no program, expected program = \"...\"", place);
  }
  auto found = find_program(scenario->program, what.file, place);
  if (!found) return error(errc::bad_scenario, found.failure().what, place);
  return found;
}

bool names_scenario(std::string const& target) { return target.ends_with(".toml"); }

/// The executable that a command to the plain `roost` is about.
result<std::string> program_of(invocation const& asked) {
  if (asked.command == "run" && !names_scenario(asked.target)) return find_program(asked.target, "./.", asked.target);
  if (asked.command == "sim replay") {
    auto const source = read_replay_source(asked);
    if (!source) return source.failure();
    return program_of(source->what);
  }
  auto const what = named_simulation(asked);
  if (!what) return what.failure();
  return program_of(*what);
}

int run_live(invocation const& asked, proc_program& program, output& out) {
  live_request request;
  request.transport = asked.transport;
  request.arguments = asked.arguments;
  request.record = asked.record;
  request.no_record = asked.no_record;
  request.hosts = asked.hosts;
  request.own_networks = asked.own_networks;
  request.attach = asked.attach;
  request.plants = asked.plants;
  if (!asked.attach.empty() && asked.transport == "loopback")
    return out.refuse(exit_usage, {errc::bad_argument, "--attach is for processes, expected --transport shm"});
  if (!asked.attach.empty() && asked.own_networks)
    return out.refuse(exit_usage,
                      {errc::bad_argument, "--namespaces is for agents that are started; 'agent --namespaces' has one"});
  if (asked.own_networks && (asked.transport == "loopback" || asked.hosts == 1))
    return out.refuse(exit_usage,
                      {errc::bad_argument, "--namespaces is for host agents, expected --transport shm and at least -n 2"});
  if (names_scenario(asked.target)) {
    auto what = named_simulation(asked);
    if (!what) return out.refuse(exit_bad_input, what.failure());
    if (auto const ready = read(*what); !ready) return out.refuse(exit_bad_input, ready.failure());
    if (auto const fits = for_this_program(*what); !fits) return out.refuse(exit_usage, fits.failure());
    request.scenario = what->what;
    request.knobs = what->what.knobs;
    if (request.arguments.empty()) request.arguments = what->what.argv;
  } else if (!asked.settings.empty()) {
    auto set = knobs_alone(asked.settings);
    if (!set) return out.refuse(exit_bad_input, set.failure());
    request.knobs = *std::move(set);
  }
  return live_run(request, program, out);
}

int run_simulated(invocation const& asked, proc_program& program, output& out) {
  auto what = named_simulation(asked);
  if (!what) return out.refuse(exit_bad_input, what.failure());
  if (auto const ready = read(*what); !ready) return out.refuse(exit_bad_input, ready.failure());
  if (auto const fits = for_this_program(*what); !fits) return out.refuse(exit_usage, fits.failure());
  if (auto const armed = arm(what->plants); !armed) return out.refuse(exit_usage, armed.failure());
  if (asked.command == "sim verify") return sim_verify(asked, *what, out);
  return asked.seeds.empty() ? sim_run(asked, *what, program, out) : sim_campaign(asked, *what, out);
}

void say_version(output& out) {
  auto const text = version_text();
  out.object("version", {{"version", json_of(text)}, {"wire", json_of(std::uint64_t{wire::wire_version})}});
  if (!out.json()) out.print("roost " + text + ", wire version " + std::to_string(wire::wire_version) + "\n");
}

/// What is opened later is never taken for one of the three standard streams.
void hold_standard_streams() {
  int fd = -1;
  do {
    fd = ::open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd > STDERR_FILENO) ::close(fd);
}

int run_checked(int argc, char** argv, proc_program* program, std::unique_ptr<output>& out) {
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  invocation asked;
  auto const dashes = std::find(words.begin(), words.end(), "--");
  bool const has_arguments = dashes != words.end();
  if (has_arguments) asked.arguments.assign(dashes + 1, words.end());
  words.erase(dashes, words.end());
  bool const json = std::find(words.begin(), words.end(), "--json") != words.end();
  std::string const name = argc > 0 ? argv[0] : "roost";
  out = std::make_unique<output>(shell_word(name), json);
  if (std::find(words.begin(), words.end(), "--version") != words.end()) {
    say_version(*out);
    return exit_ok;
  }
  asked.last_events = 20;
  grammar rules(asked);
  auto const usage = [&](error const& why) {
    auto const code = out->refuse(exit_usage, why);
    auto const command = rules.command();
    out->say("  help: " + out->command() + (command.empty() ? "" : " " + command) + " --help");
    return code;
  };
  if (words.empty())
    return usage({errc::bad_argument, "no command, expected one of sim, run, agent, check, get, describe, bench, doctor"});
  if (auto const read = rules.read(words); !read) return usage(read.failure());
  if (rules.wants_help()) {
    out->print(rules.help(name));
    return exit_ok;
  }
  if (asked.log_format == "json") set_log_format(log_format::json, STDERR_FILENO);
  if (has_arguments && asked.command != "run")
    return usage({errc::bad_argument, "'--' is for 'run', expected no arguments of a program"});
  if (asked.command == "sim knobs") return sim_knobs(*out);
  if (asked.command == "sim plants") return sim_plants(*out);
  if (asked.command == "get") {
    if (asked.target.empty()) asked.target = "procs";
    return get_status(asked, *out);
  }
  if (asked.command == "describe") return names_agent(asked.target) ? describe_agent(asked, *out) : describe_status(asked, *out);
  if (asked.command == "check") return check_records(asked, *out);
  if (asked.command == "agent") return run_agent(asked, *out);
  if (asked.command == "agent stop") return stop_agent(asked, *out);
  if (asked.command == "doctor") return doctor(asked, *out);
  if (asked.command == "bench sim") return bench_sim(asked, *out);
  if (asked.command == "bench local") return bench_local(asked, *out);
  if (asked.command == "bench shm") return bench_shm(asked, *out);
  if (asked.command == "bench workers") return bench_workers(asked, *out);
  if (asked.command == "bench start") return bench_start(asked, *out);
  if (asked.command == "run" && asked.target.empty() && program == nullptr) {
    return usage({errc::bad_argument, "run: expected a PROGRAM or a SCENARIO"});
  }
  if (asked.command == "run" && program != nullptr && !asked.target.empty() && !names_scenario(asked.target) &&
      std::filesystem::path(asked.target).filename() != std::filesystem::path(this_executable()).filename()) {
    return usage({errc::bad_argument,
                  "run: '" + asked.target + "': expected a SCENARIO (.toml) of this program; arguments for it follow after --"});
  }
  if (asked.workers == 0) asked.workers = static_cast<unsigned>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
  if (asked.workers > 256) return usage({errc::bad_argument, "--jobs: expected at most 256"});
  if (program == nullptr) {
    auto const executable = program_of(asked);
    if (!executable) return out->refuse(exit_bad_input, executable.failure());
    out.reset();  // Gives standard output back, which the program takes over.
    auto const why = become(*executable, argv);
    return output(shell_word(name), json).refuse(exit_bad_input, why);
  }
  if (!asked.trace.empty()) {
    std::FILE* const trace = std::fopen(asked.trace.c_str(), "a");
    if (trace == nullptr)
      return out->refuse(exit_unreachable,
                         {errc::unavailable, "--trace: cannot be written: " + std::string(std::strerror(errno)), asked.trace});
    std::fclose(trace);
  }
  if (asked.command == "run") return run_live(asked, *program, *out);
  catch_interrupts();
  if (asked.command == "sim replay") return sim_replay(asked, *program, *out);
  return run_simulated(asked, *program, *out);
}

}  // namespace

int run_command_line(int argc, char** argv, proc_program* program) {
  hold_standard_streams();
  if (argc > 1 && argv[1] == worker_command) return work(argc, argv, program);
  if (program != nullptr && is_live_child(argc, argv)) return run_live_child(argc, argv, *program);
  try {
    std::unique_ptr<output> out;
    int const code = run_checked(argc, argv, program, out);
    return code == exit_ok && out != nullptr && out->lost() ? static_cast<int>(exit_unreachable) : code;
  } catch (std::exception const& bug) {
    std::fprintf(stderr, "roost: a bug in roost: %s\n", bug.what());
  } catch (...) {
    std::fprintf(stderr, "roost: a bug in roost: an exception of unknown type\n");
  }
  return exit_bug;
}

}  // namespace roost::tools
