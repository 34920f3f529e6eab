#include <roost/base/plant.hpp>
#include <roost/live/child_process.hpp>
#include <roost/platform/clock.hpp>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

// The header of glibc 2.36 does not say that its functions are C.
extern "C" {
#include <sys/pidfd.h>
}

extern char** environ;

namespace roost {
namespace {

ROOST_DEFINE_PLANT(plant_log_line_torn, "log-line-torn", "G13", "A line that comes in two pieces is passed on as two lines.");
ROOST_DEFINE_PLANT(plant_descriptor_kept, "descriptor-kept", "G7", "The descriptor of a process that has ended stays open.");

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

result<pid_t> spawn(child_command const& command, int control, int output, int errors, int log) {
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
  posix_spawn_file_actions_addopen(&setup.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&setup.actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&setup.actions, errors, STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&setup.actions, control, child_socket);
  if (log >= 0) posix_spawn_file_actions_adddup2(&setup.actions, log, child_log);
  auto arguments = command.arguments;
  std::vector<char*> argv;
  for (auto& each : arguments) argv.push_back(each.data());
  argv.push_back(nullptr);
  pid_t process = -1;
  int const failed = posix_spawn(&process, command.executable.c_str(), &setup.actions, &setup.attributes, argv.data(), environ);
  if (failed != 0) return system_error("start " + command.executable, failed);
  return process;
}

struct pipe_ends {
  descriptor read;
  descriptor write;
};

// The writing end has a number that no standard stream and no control socket has.
result<pipe_ends> make_pipe() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("make a pipe", errno);
  pipe_ends made{descriptor(ends[0]), {}};
  descriptor const near_end(ends[1]);
  ::fcntl(made.read.get(), F_SETFL, O_NONBLOCK);
  made.write.reset(::fcntl(near_end.get(), F_DUPFD_CLOEXEC, 10));
  if (!made.write) return system_error("copy a descriptor", errno);
  return made;
}

}  // namespace

child_process::child_process(child_command const& command, child_process_events& events)
    : events_(events),
      grace_(command.grace),
      output_{{}, forwarded_lines(command.origin, "stdout")},
      errors_{{}, forwarded_lines(command.origin, "stderr")},
      log_{{}, forwarded_lines(command.origin, "log")} {}

auto child_process::start(event_loop& loop, child_command const& command, control_record const& first,
                          child_process_events& events) -> result<std::unique_ptr<child_process>> {
  std::unique_ptr<child_process> made(new child_process(command, events));
  auto control = socket_pair();
  if (!control) return control.failure();
  auto output = make_pipe();
  if (!output) return output.failure();
  auto errors = make_pipe();
  if (!errors) return errors.failure();
  made->output_.from = std::move(output->read);
  made->errors_.from = std::move(errors->read);
  descriptor log;
  if (current_log_format() == log_format::json) {
    auto pipe = make_pipe();
    if (!pipe) return pipe.failure();
    made->log_.from = std::move(pipe->read);
    log = std::move(pipe->write);
  }
  if (auto const told = send_record(control->first.get(), first); !told) return told.failure();
  descriptor const far_control(::fcntl(control->second.get(), F_DUPFD_CLOEXEC, 10));
  if (!far_control) return system_error("copy a descriptor", errno);
  auto const process = spawn(command, far_control.get(), output->write.get(), errors->write.get(), log.get());
  if (!process) return process.failure();
  made->process_ = *process;
  // Nobody else waits for children of that number, so it still means this one.
  made->pidfd_.reset(pidfd_open(made->process_, 0));
  ROOST_INVARIANT(bool(made->pidfd_), system_error("open a process descriptor", errno).what);

  child_process* const raw = made.get();
  raw->control_.emplace(loop, std::move(control->first), static_cast<control_channel_events&>(*raw));
  for (stream* each : raw->streams())
    if (each->from) each->watch = loop.add(each->from.get(), EPOLLIN, [each](std::uint32_t) { forward(*each); });
  raw->exit_watch_ = loop.add(raw->pidfd_.get(), EPOLLIN, [raw](std::uint32_t) { raw->collect(); });
  return made;
}

child_process::~child_process() {
  if (process_ < 0 || reaped_) return;
  kill();
  reap();
}

void child_process::kill() noexcept { pidfd_send_signal(pidfd_.get(), SIGKILL, nullptr, 0); }

nanoseconds child_process::stopped_for(instant now) {
  for (;;) {
    siginfo_t change{};
    if (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &change, WSTOPPED | WCONTINUED | WNOHANG) != 0) break;
    if (change.si_pid == 0) break;
    stopped_since_ = change.si_code == CLD_STOPPED ? now : never;
  }
  return stopped_since_ == never ? nanoseconds(0) : now - stopped_since_;
}

void child_process::forward(stream& from) {
  std::array<char, 16'384> buffer;
  for (;;) {
    ssize_t const got = ::read(from.from.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      from.watch.reset();
      return from.from.reset();
    }
    write_log(from.lines.feed({buffer.data(), static_cast<std::size_t>(got)}));
    if (ROOST_PLANT(plant_log_line_torn)) write_log(from.lines.finish());
  }
}

void child_process::forget_watches() {
  for (stream* each : streams()) each->watch.reset();
  exit_watch_.reset();
}

siginfo_t child_process::reap() {
  // The rest of its group goes with it; the number is its own until it has been waited for.
  ::kill(-process_, SIGKILL);
  siginfo_t status{};
  while (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &status, WEXITED) != 0 && errno == EINTR) {
  }
  reaped_ = true;
  return status;
}

void child_process::collect() {
  control_->read();
  control_->close();
  forget_watches();
  siginfo_t const status = reap();
  for (stream* each : streams()) {
    if (each->from) forward(*each);
    write_log(each->lines.finish());
  }
  if (ROOST_PLANT(plant_descriptor_kept)) static_cast<void>(pidfd_.release());
  events_.ended(*this, status);
}

void end_all(std::vector<child_process*> living, clock const& time) {
  for (auto* each : living) {
    each->control_->close();
    each->forget_watches();
  }
  instant const begun = time.now();
  while (!living.empty()) {
    instant const now = time.now();
    nanoseconds left = std::chrono::hours(1);
    std::vector<pollfd> waiting;
    for (auto* each : living) {
      if (now >= begun + each->grace_) {
        each->kill();
      } else {
        left = std::min(left, begun + each->grace_ - now);
      }
      for (int const fd : {each->pidfd_.get(), each->output_.from.get(), each->errors_.from.get(), each->log_.from.get()})
        waiting.push_back({.fd = fd, .events = POLLIN, .revents = 0});
    }
    ::poll(waiting.data(), waiting.size(), static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count()));
    std::vector<child_process*> gone;
    for (std::size_t i = 0; i < living.size(); ++i) {
      auto const ready = [&](std::size_t which) { return waiting[4 * i + which].revents != 0; };
      std::size_t which = 0;
      for (auto* from : living[i]->streams())
        if (ready(++which)) child_process::forward(*from);
      if (ready(0)) gone.push_back(living[i]);
    }
    for (auto* each : gone) {
      std::erase(living, each);
      each->collect();
    }
  }
}

}  // namespace roost
