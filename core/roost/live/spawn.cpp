#include <roost/live/log.hpp>
#include <roost/live/spawn.hpp>

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

extern char** environ;

namespace roost {
namespace {

constexpr int out_of_the_way = 10;

// Spawn attributes and file actions that are freed with the scope.
struct spawn_setup {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  spawn_setup() {
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&actions);
  }
  ~spawn_setup() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  spawn_setup(spawn_setup const&) = delete;
  spawn_setup& operator=(spawn_setup const&) = delete;
};

result<void> make_pipe(descriptor& read, descriptor& write) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("make a pipe", errno);
  read.reset(ends[0]);
  descriptor const near_end(ends[1]);
  ::fcntl(read.get(), F_SETFL, O_NONBLOCK);
  auto copied = copy_out_of_the_way(near_end.get());
  if (!copied) return copied.failure();
  write = *std::move(copied);
  return {};
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (auto& each : words) all.push_back(each.data());
  all.push_back(nullptr);
  return all;
}

}  // namespace

result<descriptor> copy_out_of_the_way(int fd) {
  descriptor copy(::fcntl(fd, F_DUPFD_CLOEXEC, out_of_the_way));
  if (!copy) return system_error("copy a descriptor", errno);
  return copy;
}

result<output_pipe_ends> make_output_pipes() {
  output_pipe_ends made;
  if (auto const output = make_pipe(made.read.output, made.write.output); !output) return output.failure();
  if (auto const errors = make_pipe(made.read.errors, made.write.errors); !errors) return errors.failure();
  if (current_log_format() != log_format::json) return made;
  if (auto const log = make_pipe(made.read.log, made.write.log); !log) return log.failure();
  return made;
}

result<pid_t> spawn_process(spawn_request const& what) {
  spawn_setup setup;
  sigset_t none;
  sigset_t reset;
  sigemptyset(&none);
  sigemptyset(&reset);
  for (int const number : {SIGPIPE, SIGINT, SIGTERM}) sigaddset(&reset, number);
  posix_spawnattr_setsigmask(&setup.attributes, &none);
  posix_spawnattr_setsigdefault(&setup.attributes, &reset);
  posix_spawnattr_setpgroup(&setup.attributes, 0);
  posix_spawnattr_setflags(&setup.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  if (what.directory >= 0) posix_spawn_file_actions_addfchdir_np(&setup.actions, what.directory);
  posix_spawn_file_actions_addopen(&setup.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&setup.actions, what.write.output.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&setup.actions, what.write.errors.get(), STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&setup.actions, what.control, child_socket);
  if (what.write.log) posix_spawn_file_actions_adddup2(&setup.actions, what.write.log.get(), child_log);
  auto arguments = what.arguments;
  auto environment = what.environment != nullptr ? *what.environment : std::vector<std::string>();
  auto const argv = pointers_to(arguments);
  auto const variables = pointers_to(environment);
  pid_t process = -1;
  int const failed = posix_spawn(&process, what.executable.c_str(), &setup.actions, &setup.attributes, argv.data(),
                                 what.environment != nullptr ? variables.data() : environ);
  if (failed != 0) return system_error("start " + what.executable, failed);
  return process;
}

}  // namespace roost
