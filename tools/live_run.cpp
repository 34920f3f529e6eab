#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <roost/live/child.hpp>
#include <roost/live/descriptor.hpp>
#include <roost/live/host_agent.hpp>
#include <roost/live/log.hpp>
#include <roost/live/platform.hpp>
#include <roost/live/strays.hpp>
#include <roost/sim/run.hpp>
#include <roost/transports/local.hpp>
#include <tools/check_command.hpp>
#include <tools/command_line.hpp>
#include <tools/live_run.hpp>
#include <tools/program_file.hpp>
#include <tools/root_output.hpp>
#include <tools/run_records.hpp>
#include <tools/simulation.hpp>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

namespace roost::tools {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view record_option = "--record=";
constexpr std::string_view record_if_possible_option = "--record-if-possible=";
constexpr std::string_view run_option = "--run=";
constexpr std::string_view network_option = "--network=";
constexpr std::string_view json_log_option = "--log-format=json";
constexpr std::string_view knob_option = "--knob=";
constexpr std::string_view plant_option = "--plant=";

/// What an exec'd proc or agent is given besides its first record.
std::vector<std::string> child_arguments(live_request const& asked, std::string const& directory, std::string const& run,
                                         knob_values const& knobs) {
  std::vector<std::string> words{std::string(run_option) + run};
  if (!directory.empty())
    words.push_back(std::string(asked.record.empty() ? record_if_possible_option : record_option) + directory);
  // Who asks what procs do is where this process is, which lives as long as they. An agent may have a network of its own.
  if (asked.own_networks || !asked.attach.empty())
    words.push_back(std::string(network_option) + "/proc/" + std::to_string(::getpid()) + "/ns/net");
  if (current_log_format() == log_format::json) words.emplace_back(json_log_option);
  for (auto const& each : asked.plants) words.push_back(std::string(plant_option) + each);
  for (auto const* each : all_knobs()) {
    if (knobs.get(*each) == each->definition().standard) continue;
    words.push_back(std::string(knob_option) + std::string(each->definition().name) + "=" + std::to_string(knobs.get(*each)));
  }
  return words;
}

/// What `child_arguments` told.
struct child_settings {
  record_settings records;
  knob_values knobs;
};

result<void> read_child_arguments(std::vector<std::string_view> const& words, child_settings& into) {
  for (auto word : words) {
    if (word == json_log_option) {
      set_log_format(log_format::json, child_log);
      continue;
    }
    if (word.starts_with(network_option)) {
      into.records.network = word.substr(network_option.size());
      continue;
    }
    if (word.starts_with(run_option)) {
      into.records.run = word.substr(run_option.size());
      continue;
    }
    if (word.starts_with(record_option) || word.starts_with(record_if_possible_option)) {
      into.records.kept = word.starts_with(record_option);
      into.records.directory = word.substr(word.find('=') + 1);
      continue;
    }
    if (word.starts_with(plant_option)) {
      if (auto const armed = arm({std::string(word.substr(plant_option.size()))}); !armed) return armed;
      continue;
    }
    auto const equals = word.rfind('=');
    std::int64_t value = 0;
    if (word.starts_with(knob_option) && equals > knob_option.size()) {
      auto const* which = find_knob(word.substr(knob_option.size(), equals - knob_option.size()));
      auto const [end, bad] = std::from_chars(word.data() + equals + 1, word.data() + word.size(), value);
      if (which != nullptr && bad == std::errc() && end == word.data() + word.size() && into.knobs.set(*which, value)) continue;
    }
    return error(errc::bad_argument, "expected what roost gives to procs that it starts itself", std::string(word));
  }
  return {};
}

/// Signals that end programs, and the end of children, taken by `next` instead of by handlers while this lives.
class taken_signals {
 public:
  taken_signals() {
    sigemptyset(&set_);
    for (int const number : {SIGINT, SIGTERM, SIGCHLD}) sigaddset(&set_, number);
    // Whoever started this, as nohup or a script, may have it outlive these.
    for (int const number : {SIGHUP, SIGQUIT}) {
      struct sigaction now{};
      if (::sigaction(number, nullptr, &now) != 0 || now.sa_handler != SIG_IGN) sigaddset(&set_, number);
    }
    sigprocmask(SIG_BLOCK, &set_, &before_);
  }
  ~taken_signals() { restore(); }
  taken_signals(taken_signals const&) = delete;
  taken_signals& operator=(taken_signals const&) = delete;

  void restore() const { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  /// The next one; within a second its number may be 0.
  siginfo_t next() const {
    siginfo_t caught{};
    timespec const patience{.tv_sec = 1, .tv_nsec = 0};
    if (::sigtimedwait(&set_, &caught, &patience) < 0) caught.si_signo = 0;
    return caught;
  }

 private:
  sigset_t set_{};
  sigset_t before_{};
};

/// What became of the root proc.
struct root_end {
  bool reported = false;  ///< It finished; else it died.
  error why;              ///< What it finished with; its text has the causes and all their codes.
  bool started = true;    ///< Else it lacked what `why` tells, and nothing ran.
  std::string died;       ///< "killed by signal 11 (Segmentation fault)".
  int killed_by = 0;
  int stopped_by = 0;  ///< The signal that this process was ended with.
};

std::string read_rest(int fd) {
  std::string text;
  char buffer[4096];
  for (;;) {
    auto const got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

/// Whether agents can have networks of their own: one is made and given up by a process of its own.
result<void> try_own_network() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("make a pipe", errno);
  descriptor const said(ends[0]);
  descriptor say(ends[1]);
  auto const trial = ::fork();
  if (trial < 0) return system_error("make a process", errno);
  if (trial == 0) {
    if (auto const entered = enter_own_network(); !entered)
      static_cast<void>(!::write(say.get(), entered.failure().what.data(), entered.failure().what.size()));
    std::_Exit(0);
  }
  say.reset();
  auto const complaint = read_rest(said.get());
  ::waitpid(trial, nullptr, 0);
  if (complaint.empty()) return {};
  return error(errc::unavailable, complaint, "--namespaces");
}

/// Waits for the root, and hands signals on to it.
///
/// Whatever is left when the root has ended is killed, but `spared`: procs were sent SIGKILL then, what they started was not. Where
/// the end that a signal asked for takes more than a second it says once that it still waits. A second signal kills the root, which may
/// be stopped, or take no signals.
root_end await_root(pid_t root, int report, taken_signals const& signals, std::vector<pid_t> const& spared, output& out) {
  using clock = std::chrono::steady_clock;
  auto say_from = clock::time_point::max();
  root_end end;
  std::vector<pid_t> known = spared;
  known.push_back(root);
  int status = 0;
  for (;;) {
    auto const got = ::waitpid(root, &status, WNOHANG);
    if (got == root) break;
    reap_strays(known);
    auto const caught = signals.next();
    if (clock::now() >= say_from) {
      say_from = clock::time_point::max();
      out.say("still waits for the program to end after signal " + std::to_string(end.stopped_by) + " (" +
              ::strsignal(end.stopped_by) + "); a second one kills it");
    }
    if (caught.si_signo == 0 || caught.si_signo == SIGCHLD) continue;
    bool const second = std::exchange(end.stopped_by, caught.si_signo) != 0;
    if (!second) say_from = clock::now() + std::chrono::seconds(1);
    relay_signal(root, caught);
    if (second) ::kill(root, SIGKILL);
  }
  end_strays(spared);
  auto const text = read_rest(report);
  auto const space = text.find(' ');
  int code = 0;
  if (space != std::string::npos) {
    end.reported = true;
    std::from_chars(text.data(), text.data() + space, code);
    end.started = code >= 0;
    if (code != 0) end.why = error(static_cast<errc>(std::abs(code)), text.substr(space + 1));
  } else if (WIFSIGNALED(status)) {
    end.killed_by = WTERMSIG(status);
    end.died = "killed by signal " + std::to_string(end.killed_by) + " (" + ::strsignal(end.killed_by) + ")";
  } else {
    end.died = "exited with code " + std::to_string(WEXITSTATUS(status)) + " before it was over";
  }
  return end;
}

/// Its agents, each of which was attached; else none is.
result<std::vector<attachment>> attach_agents(live_request const& asked, knob_values const& knobs, local_run const& how,
                                              std::string const& run) {
  std::vector<attachment> all;
  for (auto const& path : asked.attach) {
    auto taken = attach_agent(path, {.host = {how.host.value + 1 + all.size()},
                                     .root = {how.host, 0, 1},
                                     .hosts = how.hosts,
                                     .arguments = how.arguments,
                                     .run = run,
                                     .build = build_id(),
                                     .bound = knobs.duration(*find_knob("live.agent_bound"))});
    if (!taken) return taken.failure();
    all.push_back(*std::move(taken));
  }
  return all;
}

result<record_directory> open_records(live_request const& asked, knob_values const& knobs) {
  if (asked.no_record) return record_directory();
  auto records = asked.record.empty() ? record_directory::make_private() : record_directory::make(asked.record);
  if (!records) return records;
  if (auto const kept = write_record_knobs(records->path(), knobs); !kept) return kept.failure();
  return records;
}

[[noreturn]] void be_root(live_request const& asked, local_run how, std::string const& directory, std::string const& run,
                          std::vector<attachment> attached, proc_program& program, int report) {
  recorders observers({.directory = directory, .kept = !asked.record.empty(), .run = run});
  program.set_arguments(asked.arguments);
  how.prepare = [&](roost::live_options& proc) { observers.observe(proc); };
  auto const tell = [&](int code, std::string const& why) {
    auto const text = std::to_string(code) + " " + why;
    static_cast<void>(!::write(report, text.data(), text.size()));
  };
  try {
    auto const why = run_local(program, how, std::move(attached));
    tell(static_cast<int>(why.code), why ? why.describe() : "");
  } catch (exception const& lacking) {
    tell(-static_cast<int>(lacking.code()), lacking.why().what);
  } catch (std::exception const& bug) {
    write_stderr(std::string(bug.what()) + "\n");
    std::exit(exit_bug);
  }
  std::exit(exit_ok);
}

int code_of(live_request const& asked, root_end const& end, judgement const& found) {
  if (!found.violations.empty()) return static_cast<int>(sim::verdict::violated);
  if (end.stopped_by != 0) return 128 + end.stopped_by;
  if (!end.reported) return static_cast<int>(sim::verdict::crashed);
  bool const expected = asked.scenario && asked.scenario->expect_fault_at_root;
  if (end.why && !expected) return static_cast<int>(sim::verdict::program_failed);
  bool const verdict_wanted = !asked.no_record && (asked.scenario || !asked.record.empty());
  return !found.not_judged.empty() && verdict_wanted ? static_cast<int>(sim::verdict::no_verdict) : exit_ok;
}

/// What the judge says, or why it says nothing.
result<judgement> judge_run(live_request const& asked, record_directory const& records, std::string const& unrecorded,
                            output& out) {
  judgement found;
  found.not_judged = asked.no_record ? "nothing was recorded, as --no-record asks for" : unrecorded;
  if (!found.not_judged.empty()) return found;
  auto judged = judge_directory(records.path(), out);
  if (judged || records.holds_any()) return judged;
  found.not_judged = judged.failure().describe();
  return found;
}

std::string fate(root_end const& end) { return (end.died.starts_with("killed") ? "was " : "") + end.died; }

int report_live(live_request const& asked, root_end const& end, record_directory& records, std::string const& unrecorded,
                output& out) {
  auto const subject = asked.scenario ? asked.scenario->name : fs::path(this_executable()).filename().string();
  auto const found = judge_run(asked, records, unrecorded, out);
  if (!found) return out.refuse(exit_bug, found.failure());
  int const code = code_of(asked, end, *found);
  if (!end.reported && end.stopped_by == 0) out.say("FAIL " + subject + "  crash\n  the root proc " + fate(end));
  if (end.why) out.say(subject + "  " + (end.stopped_by != 0 ? "was stopped" : "failed") + ": " + end.why.what);
  report_judgement(out, subject, *found);
  if (found->at_limit)
    out.say(std::string("  ") + (asked.record.empty() ? "--record FOLDER has room for three times as much, " : "") +
            "--set live.record_limit=SIZE says how much a proc may record, --no-record records nothing");
  if (!found->violations.empty()) {
    records.keep();
    out.say("  again:  " + out.command() + " check " + shell_word(records.path()));
  }
  auto const failure = end.reported ? end.why.what : end.died;
  out.object("run", {{"scenario", json_of(subject)},
                     {"transport", json_of(asked.transport)},
                     {"code", json_of(static_cast<std::uint64_t>(code))},
                     {"failure", json_of(end.why || !end.reported ? failure : std::string())},
                     {"messages", json_of(found->messages)},
                     {"procs", json_of(found->procs)}});
  return code;
}

}  // namespace

bool is_live_child(int argc, char** argv) noexcept { return is_child(argc, argv) || is_host_agent(argc, argv); }

int run_live_child(int argc, char** argv, proc_program& program) {
  child_settings told;
  int const ours = is_host_agent(argc, argv) ? agent_argument_count : proc_argument_count;
  if (auto const read = read_child_arguments({argv + ours, argv + argc}, told); !read) {
    write_stderr(read.failure().describe() + "\n");
    return exit_usage;
  }
  if (is_host_agent(argc, argv)) return run_host_agent(argc, argv, told.knobs);
  recorders observers(std::move(told.records));
  return run_local_child(argc, argv, program, told.knobs, [&](roost::live_options& proc) { observers.observe(proc); });
}

int live_run(live_request const& asked, proc_program& program, output& out) {
  knob_values knobs;
  for (auto const& [name, value] : asked.knobs) {
    if (auto const set = knobs.set(*find_knob(name), value); !set) return out.refuse(exit_bad_input, set.failure());
  }
  if (auto const armed = arm(asked.plants); !armed) return out.refuse(exit_usage, armed.failure());
  if (asked.own_networks) {
    if (auto const possible = try_own_network(); !possible) return out.refuse(exit_unreachable, possible.failure());
  }
  auto made = open_records(asked, knobs);
  if (!made && !asked.record.empty()) {
    auto const& why = made.failure();
    return out.refuse(why.code == errc::unavailable ? exit_unreachable : exit_usage, why);
  }
  auto const unrecorded = made ? std::string() : made.failure().describe();
  auto records = made ? *std::move(made) : record_directory();
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return out.refuse(exit_bug, {errc::unavailable, std::strerror(errno)});
  descriptor const report(ends[0]);
  descriptor to_report(ends[1]);
  // As the user knows it: by the process that was started.
  auto const run = fs::path(this_executable()).filename().string() + "-" + std::to_string(::getpid());
  local_run how;
  how.transport = asked.transport == "loopback" ? local_transport::loopback : local_transport::shm;
  how.hosts = asked.attach.empty() ? asked.hosts : 1 + asked.attach.size();
  how.own_networks = asked.own_networks;
  how.arguments = child_arguments(asked, records.path(), run, knobs);
  how.knobs = knobs;
  auto attached = attach_agents(asked, knobs, how, run);
  if (!attached) return out.refuse(exit_unreachable, attached.failure());
  std::unique_ptr<root_output> written;
  if (current_log_format() == log_format::json) {
    auto opened = root_output::open(out.json());
    if (!opened) return out.refuse(exit_unreachable, opened.failure());
    written = *std::move(opened);
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  taken_signals const signals;
  std::fflush(nullptr);
  auto const here = ::getpid();
  auto const root = ::fork();
  if (root < 0) return out.refuse(exit_bug, {errc::unavailable, "no process can be made: " + std::string(std::strerror(errno))});
  if (root == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != here) std::_Exit(exit_bug);
    ::prctl(PR_SET_NAME, "roost-root");
    signals.restore();
    if (written) written->take_over();
    be_root(asked, std::move(how), records.path(), run, *std::move(attached), program, to_report.get());
  }
  attached->clear();
  to_report.reset();
  if (written) written->pass_on();
  auto const end = await_root(root, report.get(), signals, records.janitor(), out);
  written.reset();
  if (!end.started) return out.refuse(exit_unreachable, end.why);
  return report_live(asked, end, records, unrecorded, out);
}

}  // namespace roost::tools
