#include <poll.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <roost/live/descriptor.hpp>
#include <tools/forked.hpp>
#include <tools/probes.hpp>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>

namespace roost::tools {
namespace {

/// What stands in the way, where the system says so.
std::string obstacle() {
  std::ifstream scope("/proc/sys/kernel/yama/ptrace_scope");
  if (std::string value; scope >> value && value != "0") return "; kernel.yama.ptrace_scope is " + value + ", expected 0";
  return "; ptrace rules, a container or a filter of system calls forbid it";
}

}  // namespace

void probe_attach(std::vector<probe_result>& into) {
  probe_result found{.name = "cross-memory attach", .found = {}, .consequence = {}};
  auto const lacking = [&](std::string why) {
    found.state = probe_state::absent;
    found.found = std::move(why);
    found.consequence = "large frames between procs of one host go through the ring, in pieces and copied twice";
    into.push_back(std::move(found));
  };
  // Procs of one program are started side by side, and some systems let only an ancestor read: so one child reads the other.
  auto ends = socket_pair();
  if (!ends) return lacking(ends.failure().what);
  std::uint64_t const nonce = std::random_device()() | std::uint64_t{1} << 63;
  std::uint64_t place = 0;
  auto const holder = ::fork();
  if (holder < 0) return lacking("no child can be made: " + std::string(std::strerror(errno)));
  if (holder == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    place = nonce;
    static_cast<void>(!::write(ends->second.get(), &nonce, sizeof nonce));
    for (;;) ::pause();
  }
  ends->second.reset();
  pollfd ready{.fd = ends->first.get(), .events = POLLIN, .revents = 0};
  while (::poll(&ready, 1, -1) < 0 && errno == EINTR) {
  }
  auto const said = in_child([&] {
    std::uint64_t read = 0;
    iovec const to{&read, sizeof read}, from{&place, sizeof place};
    if (::process_vm_readv(holder, &to, 1, &from, 1, 0) != sizeof read) return std::string(std::strerror(errno));
    return std::string(read == nonce ? "" : "another number was read than was written");
  });
  ::kill(holder, SIGKILL);
  ::waitpid(holder, nullptr, 0);
  if (!said || !said->empty()) return lacking("process_vm_readv: " + said.value_or("the reader died") + obstacle());
  found.found = "a child read a number in the memory of another child";
  into.push_back(std::move(found));
}

}  // namespace roost::tools
