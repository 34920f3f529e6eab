// Procs that are processes of this machine, exec'd, over shared memory.

#include <roost/live/child.hpp>
#include <roost/live/descriptor.hpp>
#include <roost/live/host_agent.hpp>
#include <roost/transports/local.hpp>
#include <roost/transports/shm/ring.hpp>
#include <tests/conformance/local.hpp>
#include <tests/conformance/stage.hpp>

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace roost::conformance {
namespace {

/// The mapped rings of this process, found as a stray pointer would find them.
std::vector<shm::ring_header*> mapped_rings() {
  std::vector<shm::ring_header*> found;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("/memfd:roost-ring") == std::string::npos) continue;
    std::uintptr_t address = 0;
    auto const [at, bad] = std::from_chars(line.data(), line.data() + line.size(), address, 16);
    if (bad == std::errc()) found.push_back(reinterpret_cast<shm::ring_header*>(address));
  }
  return found;
}

/// Wakes everybody whom this process can wake.
void ring_all_bells() {
  for (auto const& each : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(each.path(), gone) != "anon_inode:[eventfd]" || gone) continue;
    std::uint64_t const one = 1;
    static_cast<void>(!::write(std::stoi(each.path().filename()), &one, sizeof one));
  }
}

/// Whether that process has been stopped, or is gone. Its launcher hears of changes of its state; this does not take them away.
bool stands(std::uint64_t process) {
  std::ifstream about("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  if (!std::getline(about, text)) return true;
  auto const state = text.rfind(") ");
  return state != std::string::npos && text.substr(state + 2, 1) == "T";
}

/// What `process` started and is not over.
std::vector<pid_t> children_of(pid_t process) {
  std::vector<pid_t> found;
  for (auto const& each : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
    std::ifstream children(each.path() / "children");
    for (pid_t child = 0; children >> child;) found.push_back(child);
  }
  return found;
}

/// Kills the agents of this process's other hosts, and comes back when nothing of those hosts runs any more: what is killed may
/// answer a frame before it ends.
void lose_hosts() {
  std::vector<descriptor> gone;
  auto const watch = [&gone](pid_t process) { gone.emplace_back(static_cast<int>(::syscall(SYS_pidfd_open, process, 0))); };
  for (pid_t const agent : children_of(::getpid())) {
    watch(agent);
    for (pid_t const proc : children_of(agent)) watch(proc);
    ::kill(agent, SIGKILL);
  }
  ROOST_INVARIANT(gone.size() > 1, "no host has an agent with procs");
  for (auto const& each : gone) {
    pollfd end{.fd = each.get(), .events = POLLIN, .revents = 0};
    while (::poll(&end, 1, -1) < 0 && errno == EINTR) continue;
  }
}

class processes final : public surroundings {
 public:
  void strike(deed what, stage&) override {
    if (what == deed::lose_host) return lose_hosts();
    if (what == deed::stand_still || what == deed::stand_for_good) {
      ::raise(SIGSTOP);
      return;
    }
    ROOST_INVARIANT(what == deed::scribble, std::string(to_string(what)));
    auto const rings = mapped_rings();
    ROOST_INVARIANT(!rings.empty(), "no ring is mapped: is their file named roost-ring?");
    // As far ahead as no writer can be, and a whole frame's places from where frames begin.
    for (auto* each : rings) each->written.fetch_add(std::uint64_t{1} << 32);
    ring_all_bells();
  }
  void let_go(stage&, std::uint64_t process) override {
    while (!stands(process)) ::usleep(1'000);
    ::kill(static_cast<pid_t>(process), SIGCONT);
  }
  std::uint64_t process() const override { return static_cast<std::uint64_t>(::getpid()); }
};

class over_shm final : public adapter {
 public:
  std::string_view name() const override { return "shm"; }
  std::string_view obstacle(deed what) const override {
    switch (what) {
      case deed::stand_still:
      case deed::stand_for_good:
      case deed::scribble:
      case deed::lose_host: return {};
      case deed::reset:
      case deed::cut:
        return "Rings and a socket within one kernel have no path that could break: they end by a hang-up or with a process.";
      case deed::damage: return "Frames lie in memory that only the two ends can write: what they do to it is the row *garbage*.";
    }
    return {};
  }
  outcome run(row const& what, nanoseconds longest) const override {
    processes world;
    program rows(what, world, longest);
    local_run how;
    how.transport = local_transport::shm;
    how.hosts = what.needs == deed::lose_host ? 2 : 1;
    how.arguments = {std::string(what.name)};
    how.knobs = local_knobs(what.limits);
    how.catch_signals = false;
    if (error const why = run_local(rows, how)) return {verdict::fails, why.describe(), {}};
    return rows.seen;
  }
};

}  // namespace

adapter const& shm_adapter() {
  static over_shm const made;
  return made;
}

bool run_as_peer(int argc, char** argv, int& code) {
  bool const agent = is_host_agent(argc, argv);
  if (!agent && !is_child(argc, argv)) return false;
  int const ours = agent ? agent_argument_count : proc_argument_count;
  row const* const what = argc > ours ? find_row(argv[ours]) : nullptr;
  ROOST_INVARIANT(what != nullptr, "an exec'd peer or agent was told no row");
  if (agent) {
    code = run_host_agent(argc, argv, local_knobs(what->limits));
    return true;
  }
  processes world;
  program rows(*what, world, patience);
  code = run_local_child(argc, argv, rows, local_knobs(what->limits));
  return true;
}

}  // namespace roost::conformance
