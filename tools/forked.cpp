#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <roost/live/descriptor.hpp>
#include <tools/forked.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace roost::tools {

std::optional<std::string> in_child(std::function<std::string()> const& body, int* died_by) {
  if (died_by != nullptr) *died_by = 0;
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  descriptor const from(ends[0]);
  descriptor to(ends[1]);
  auto const child = ::fork();
  if (child < 0) return std::nullopt;
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int const number : {SIGSEGV, SIGBUS, SIGABRT}) std::signal(number, SIG_DFL);
    auto const said = body();
    bool const told = ::write(to.get(), said.data(), said.size()) == static_cast<ssize_t>(said.size());
    std::_Exit(told ? 0 : 1);
  }
  to.reset();
  std::string said;
  std::array<char, 4096> part{};
  for (;;) {
    auto const got = ::read(from.get(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    said.append(part.data(), static_cast<std::size_t>(got));
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return said;
  if (died_by != nullptr && WIFSIGNALED(status)) *died_by = WTERMSIG(status);
  return std::nullopt;
}

}  // namespace roost::tools
