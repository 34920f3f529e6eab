#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <roost/base/knobs.hpp>
#include <roost/base/units.hpp>
#include <roost/live/descriptor.hpp>
#include <tools/probes.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>

namespace roost::tools {
namespace {

std::string text_of(char const* path) {
  std::ifstream file(path);
  std::string text;
  std::getline(file, text);
  return text;
}

std::string of(unsigned procs) { return std::to_string(procs) + (procs == 1 ? " proc" : " procs"); }

probe_result cores() {
  probe_result found{.name = "cores", .found = {}, .consequence = {}};
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
    found.state = probe_state::absent;
    found.found = std::string("which ones may be used is not told: ") + std::strerror(errno);
    found.consequence = "procs are not pinned";
    return found;
  }
  int pinned = 0;
  for (std::size_t cpu = 0; cpu != CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    pinned += ::sched_setaffinity(0, sizeof one, &one) == 0 ? 1 : 0;
  }
  ::sched_setaffinity(0, sizeof allowed, &allowed);
  int const usable = CPU_COUNT(&allowed);
  found.found = std::to_string(usable) + " of " + std::to_string(::sysconf(_SC_NPROCESSORS_ONLN)) + " may be used, pinned to " +
                std::to_string(pinned) + " in turn";
  if (usable > 1) return found;
  found.state = probe_state::absent;
  found.consequence = "procs share the one core, so that looking around before sleeping (live.spin) only takes time";
  return found;
}

std::int64_t nanoseconds_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

probe_result clock_source() {
  constexpr int readings = 10'000;
  auto const from = nanoseconds_now();
  for (int i = 0; i != readings; ++i) nanoseconds_now();
  auto const each = (nanoseconds_now() - from) / readings;
  auto source = text_of("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  if (source.empty()) source = "of unknown source";
  probe_result found{.name = "clock", .found = source + ", a reading takes " + std::to_string(each) + " ns", .consequence = {}};
  if (each < 200) return found;
  found.state = probe_state::absent;
  found.consequence = "a clock that is read without the kernel takes some 30 ns: each message between procs costs so much more";
  return found;
}

/// A proc holds two descriptors a peer (socket and bell), its launcher three more a child and four while it starts one.
std::size_t descriptors_for(unsigned procs) { return 32 + std::size_t{6} * procs; }

probe_result open_files(unsigned procs) {
  auto const needed = descriptors_for(procs);
  std::vector<descriptor> open;
  while (open.size() < needed) {
    descriptor one(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!one) break;
    open.push_back(std::move(one));
  }
  auto const why = std::string(std::strerror(errno));
  auto const got = open.size();
  probe_result found{
      .name = "open files", .found = std::to_string(needed) + " opened, as " + of(procs) + " need", .consequence = {}};
  if (got == needed) return found;
  found.state = probe_state::fails;
  found.found =
      std::to_string(got) + " of the " + std::to_string(needed) + " that " + of(procs) + " need could be opened: " + why;
  found.consequence = "the root proc cannot hold all its procs; raise ulimit -n";
  return found;
}

probe_result processes(unsigned procs) {
  probe_result found{.name = "processes", .found = of(procs) + " forked at once", .consequence = {}};
  std::vector<pid_t> children;
  while (children.size() < procs) {
    auto const child = ::fork();
    if (child < 0) break;
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (;;) ::pause();
    }
    children.push_back(child);
  }
  auto const why = std::string(std::strerror(errno));
  for (auto const child : children) ::kill(child, SIGKILL);
  for (auto const child : children) ::waitpid(child, nullptr, 0);
  if (children.size() == procs) return found;
  found.state = probe_state::fails;
  found.found = std::to_string(children.size()) + " of " + of(procs) + " could be forked: " + why;
  found.consequence = "not all procs can be started; raise ulimit -u or the limit of the container";
  return found;
}

probe_result mappings(unsigned procs) {
  // Two rings a peer, and what any process has.
  auto const needed = 256 + std::size_t{2} * procs;
  auto const page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::vector<void*> mapped;
  while (mapped.size() < needed) {
    // Neighbours of other rights are not made one.
    int const rights = mapped.size() % 2 == 0 ? PROT_READ : PROT_READ | PROT_WRITE;
    void* const place = ::mmap(nullptr, page, rights, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED) break;
    mapped.push_back(place);
  }
  auto const why = std::string(std::strerror(errno));
  for (void* const place : mapped) ::munmap(place, page);
  auto limit = text_of("/proc/sys/vm/max_map_count");
  if (limit.empty()) limit = "unknown";
  probe_result found{.name = "mappings",
                     .found = std::to_string(needed) + " made, as " + of(procs) + " need; the limit is " + limit,
                     .consequence = {}};
  if (mapped.size() == needed) return found;
  found.state = probe_state::fails;
  found.found = std::to_string(mapped.size()) + " of the " + std::to_string(needed) + " that " + of(procs) + " need: " + why;
  found.consequence = "a proc cannot map the rings of all its peers; raise vm.max_map_count or ulimit -v";
  return found;
}

probe_result file_sizes() {
  ::signal(SIGXFSZ, SIG_IGN);                  // As procs do.
  constexpr std::uint64_t before_data = 4096;  // What a ring says of itself.
  struct need {
    char const* knob;
    char const* of;
    probe_state without;
    char const* consequence;
  };
  constexpr std::array needs{need{"shm.ring_bytes", "the ring of a pair", probe_state::fails,
                                  "procs over shared memory cannot make their rings; raise ulimit -f, or --transport loopback"},
                             need{"live.record_limit", "the record of a proc", probe_state::absent,
                                  "a kept record of a long run ends early, so that it is not judged; raise ulimit -f"}};
  probe_result found{.name = "file sizes", .found = {}, .consequence = {}};
  for (auto const& each : needs) {
    bytes const size{static_cast<std::uint64_t>(find_knob(each.knob)->definition().standard)};
    auto const file = sealed_memory_file("roost-doctor", size.value + before_data);
    if (!file) {
      found.state = each.without;
      found.found = "no file of " + to_string(size) + ", as " + each.of + " takes: " + file.failure().what;
      found.consequence = each.consequence;
      return found;
    }
    found.found += (found.found.empty() ? "" : ", ") + to_string(size) + " for " + each.of;
  }
  return found;
}

}  // namespace

void probe_machine(std::vector<probe_result>& into, unsigned procs) {
  into.push_back(cores());
  into.push_back(clock_source());
  into.push_back(open_files(procs));
  into.push_back(file_sizes());
  into.push_back(processes(procs));
  into.push_back(mappings(procs));
}

}  // namespace roost::tools
