// Procs that are processes of this machine, exec'd, over shared memory.

#include <roost/live/child.hpp>
#include <roost/transports/local.hpp>
#include <roost/transports/shm/ring.hpp>
#include <tests/conformance/local.hpp>
#include <tests/conformance/stage.hpp>

#include <sys/wait.h>
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

class processes final : public surroundings {
 public:
  void strike(deed what, stage&) override {
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
    siginfo_t status{};
    while (::waitid(P_PID, static_cast<id_t>(process), &status, WSTOPPED) != 0 && errno == EINTR) {
    }
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
      case deed::scribble: return {};
      case deed::reset:
      case deed::cut:
        return "Rings and a socket within one kernel have no path that could break: they end by a hang-up or with a process.";
      case deed::damage: return "Frames lie in memory that only the two ends can write: what they do to it is the row *garbage*.";
      case deed::lose_host:
        return "All procs are on their root's host, and end with it (`Processes.NoneOutlivesARootThatIsKilled`).";
    }
    return {};
  }
  outcome run(row const& what, nanoseconds longest) const override {
    processes world;
    program rows(what, world, longest);
    local_run how;
    how.transport = local_transport::shm;
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
  if (!is_child(argc, argv)) return false;
  row const* const what = argc > 3 ? find_row(argv[3]) : nullptr;
  ROOST_INVARIANT(what != nullptr, "an exec'd peer was told no row");
  processes world;
  program rows(*what, world, patience);
  code = run_local_child(argc, argv, rows, local_knobs(what->limits));
  return true;
}

}  // namespace roost::conformance
