#include <roost/live/strays.hpp>

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <vector>

namespace roost {

void reap_strays(std::span<pid_t const> known) {
  for (;;) {
    siginfo_t gone{};
    if (::waitid(P_ALL, 0, &gone, WEXITED | WNOHANG | WNOWAIT) != 0 || gone.si_pid == 0) return;
    // One that is known hides those behind it until it has been waited for.
    if (std::ranges::find(known, gone.si_pid) != known.end()) return;
    ::waitid(P_PID, static_cast<id_t>(gone.si_pid), &gone, WEXITED | WNOHANG);
  }
}

void end_strays(std::span<pid_t const> spared) {
  for (;;) {
    std::ifstream list("/proc/thread-self/children");
    std::vector<pid_t> left;
    for (pid_t each = 0; list >> each;)
      if (std::ranges::find(spared, each) == spared.end()) left.push_back(each);
    if (left.empty()) return;
    for (pid_t const each : left) ::kill(each, SIGKILL);
    for (pid_t const each : left) ::waitpid(each, nullptr, 0);
  }
}

}  // namespace roost
