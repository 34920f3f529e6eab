#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tools/last_words.hpp>
#include <tools/worker.hpp>
#include <tools/worker_protocol.hpp>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

namespace roost::tools {
namespace {

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    auto const count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

/// The next line without its end; false at the end of the input.
bool read_line(std::FILE* from, std::string& line) {
  line.clear();
  for (int c = std::fgetc(from); c != EOF; c = std::fgetc(from)) {
    if (c == '\n') return true;
    line += static_cast<char>(c);
  }
  return false;
}

std::string status_text(int status) {
  if (WIFSIGNALED(status)) {
    auto const number = WTERMSIG(status);
    return "killed by signal " + std::to_string(number) + " (" + strsignal(number) + ")";
  }
  return "exited with status " + std::to_string(WEXITSTATUS(status)) + " in the middle of the run";
}

}  // namespace

int work(int argc, char** argv, proc_program* program) {
  if (program == nullptr) {
    std::fprintf(stderr, "roost: %s is for programs\n", std::string(worker_command).c_str());
    return 64;
  }
  bool const own_log = argc > 2 && argv[2] == worker_log_option;
  int const output = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  int const input = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  keep_last_words(output);
  if (int const null = ::open("/dev/null", O_RDONLY | O_CLOEXEC); null >= 0) ::dup2(null, STDIN_FILENO);
  std::FILE* const from = ::fdopen(input, "r");
  std::string line;
  if (from == nullptr || !read_line(from, line)) return 64;
  auto what = decode_simulation(line);
  auto ready = what ? read(*what) : result<void>(what.failure());
  if (ready) ready = arm(what->plants);
  if (!ready) {
    std::fprintf(stderr, "%s\n", ready.failure().describe().c_str());
    return 65;
  }
  while (read_line(from, line)) {
    auto const next = decode_job(line);
    if (!next) {
      std::fprintf(stderr, "%s\n", next.failure().describe().c_str());
      return 64;
    }
    if (own_log && ::ftruncate(STDERR_FILENO, 0) == 0) ::lseek(STDERR_FILENO, 0, SEEK_SET);
    auto const done = run_here(*what, *next, *program);
    std::fflush(stdout);
    if (!write_all(output, encode(done) + "\n")) return 1;
  }
  std::fclose(from);
  return 0;
}

result<worker> worker::start(simulation const& what, bool own_log) {
  auto const failed = [](char const* call) {
    return error(errc::launch_failed, std::string("a worker process cannot be started: ") + call + ": " + std::strerror(errno));
  };
  worker made;
  int in[2] = {-1, -1}, out[2] = {-1, -1};
  if (own_log && (made.log_ = ::memfd_create("worker-log", MFD_CLOEXEC)) < 0) return failed("memfd_create");
  if (::pipe2(in, O_CLOEXEC) != 0) return failed("pipe2");
  made.input_ = in[1];
  if (::pipe2(out, O_CLOEXEC) != 0) {
    ::close(in[0]);
    return failed("pipe2");
  }
  made.output_ = out[0];
  std::signal(SIGPIPE, SIG_IGN);
  auto const parent = ::getpid();
  std::string const command(worker_command), option(worker_log_option);
  char const* const arguments[] = {"roost", command.c_str(), own_log ? option.c_str() : nullptr, nullptr};
  made.pid_ = ::fork();
  if (made.pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    std::signal(SIGINT, SIG_IGN);  // The command decides what an interrupt ends.
    ::dup2(in[0], STDIN_FILENO);
    ::dup2(out[1], STDOUT_FILENO);
    if (own_log) ::dup2(made.log_, STDERR_FILENO);
    ::execv("/proc/self/exe", const_cast<char* const*>(arguments));
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  if (made.pid_ < 0) return failed("fork");
  ::fcntl(made.output_, F_SETFL, O_NONBLOCK);
  write_all(made.input_, encode(what) + "\n");  // Its death shows where its answer is read.
  return made;
}

worker::worker(worker&& other) noexcept { *this = std::move(other); }

worker& worker::operator=(worker&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(input_, other.input_);
  std::swap(output_, other.output_);
  std::swap(log_, other.log_);
  std::swap(pending_, other.pending_);
  std::swap(last_words_, other.last_words_);
  return *this;
}

worker::~worker() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
  }
  close_all();
}

void worker::close_all() noexcept {
  for (int* const fd : {&input_, &output_, &log_}) {
    if (*fd >= 0) ::close(*fd);
    *fd = -1;
  }
}

void worker::send(job const& next) { write_all(input_, encode(next) + "\n"); }

worker::state worker::read(std::string& line) {
  char buffer[65536];
  while (true) {
    auto const end = pending_.find('\n');
    if (end != std::string::npos) {
      line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      if (!line.starts_with(last_words_mark)) return state::answered;
      last_words_ = line.substr(1);
      continue;
    }
    auto const count = ::read(output_, buffer, sizeof buffer);
    if (count > 0) {
      pending_.append(buffer, static_cast<std::size_t>(count));
    } else if (count == 0) {
      return state::dead;
    } else if (errno != EINTR) {
      return errno == EAGAIN ? state::busy : state::dead;
    }
  }
}

std::string worker::where() {
  if (pid_ <= 0 || ::kill(pid_, where_asked) != 0) return {};
  std::string line;
  for (int tries = 0; tries != 50 && last_words_.empty(); ++tries) {
    read(line);
    if (last_words_.empty()) ::poll(nullptr, 0, 10);
  }
  return last_words_;
}

std::string worker::end() {
  if (pid_ <= 0) return "gone";
  int status = 0;
  auto const where = last_words_.empty() ? "" : ", " + last_words_;
  // A process whose output has ended is ending: what it died of is wanted, not our own signal.
  for (int tries = 0; tries != 200; ++tries) {
    auto const ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended == pid_ || (ended < 0 && errno != EINTR)) {
      pid_ = -1;
      return status_text(status) + where;
    }
    ::poll(nullptr, 0, 10);
  }
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
  pid_ = -1;
  return status_text(status) + where;
}

std::string worker::retire() {
  if (pid_ <= 0) return {};
  ::close(input_);
  input_ = -1;
  int status = 0;
  for (int tries = 0; tries != 1000; ++tries) {
    auto const ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended == pid_) {
      pid_ = -1;
      if (status == 0) return {};
      return WIFSIGNALED(status) ? status_text(status) : "exited with status " + std::to_string(WEXITSTATUS(status));
    }
    if (ended < 0 && errno != EINTR) break;
    ::poll(nullptr, 0, tries < 20 ? 1 : 10);
  }
  return "did not end within ten seconds";
}

std::string worker::log() const {
  constexpr off_t most = 8192;
  if (log_ < 0) return {};
  auto const size = ::lseek(log_, 0, SEEK_END);
  auto const from = size > most ? size - most : 0;
  std::string text(static_cast<std::size_t>(size > 0 ? size - from : 0), '\0');
  auto const count = ::pread(log_, text.data(), text.size(), from);
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  if (from != 0) text.erase(0, text.find('\n') + 1);
  return text;
}

}  // namespace roost::tools
