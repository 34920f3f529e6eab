#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tools/folder_janitor.hpp>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <utility>

namespace roost::tools {
namespace {

constexpr int most_tries = 5'000;  // A millisecond each: processes that end may still add files.

void remove_folder(std::string const& folder) {
  std::error_code ignored;
  for (int tries = 0; tries != most_tries && std::filesystem::exists(folder, ignored); ++tries) {
    if (tries != 0) ::usleep(1'000);
    std::filesystem::remove_all(folder, ignored);
  }
}

[[noreturn]] void wait_and_remove(int alive, std::string const& folder) {
  ::setpgid(0, 0);  // Ctrl-C is not for it.
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  ::prctl(PR_SET_NAME, "roost-janitor");
  char keep = 0;
  ssize_t got = 0;
  while ((got = ::read(alive, &keep, 1)) < 0 && errno == EINTR) {
  }
  if (got == 0) remove_folder(folder);
  std::_Exit(0);
}

}  // namespace

auto folder_janitor::start(std::string const& folder) -> result<folder_janitor> {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return system_error("make a socket pair", errno);
  descriptor const watched(ends[0]);
  folder_janitor made;
  made.folder_ = folder;
  made.alive_.reset(ends[1]);
  made.started_by_ = ::getpid();
  made.process_ = ::fork();
  if (made.process_ < 0) return system_error("make a process", errno);
  if (made.process_ == 0) {
    made.alive_.reset();
    wait_and_remove(watched.get(), folder);
  }
  return made;
}

folder_janitor::folder_janitor(folder_janitor&& other) noexcept
    : folder_(std::move(other.folder_)),
      kept_(other.kept_),
      alive_(std::move(other.alive_)),
      process_(std::exchange(other.process_, -1)),
      started_by_(other.started_by_) {}

folder_janitor::~folder_janitor() {
  if (process_ < 0 || started_by_ != ::getpid()) return;
  if (!kept_) remove_folder(folder_);
  ::kill(process_, SIGKILL);  // It may have been killed already, or stopped.
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void folder_janitor::keep() noexcept {
  char const word = 'k';
  kept_ = true;
  static_cast<void>(::send(alive_.get(), &word, 1, MSG_NOSIGNAL));
}

}  // namespace roost::tools
