#include <roost/live/child.hpp>
#include <roost/live/launcher.hpp>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

// The header of glibc 2.36 does not say that its functions are C.
extern "C" {
#include <sys/pidfd.h>
}

extern char** environ;

namespace roost {

struct local_launcher::child {
  proc_id id;
  pid_t process = -1;
  descriptor control = {};
  descriptor output = {};
  descriptor pidfd = {};
  line_prefixer lines;
  bool running = false;
  bool killed = false;
  std::optional<error> finished = {};
  fd_watch control_watch = {};
  fd_watch output_watch = {};
  fd_watch exit_watch = {};
};

namespace {

constexpr std::size_t longest_name = 1024;

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

result<pid_t> spawn(std::vector<std::string> arguments, std::string const& executable, int control, int output) {
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
  posix_spawn_file_actions_adddup2(&setup.actions, output, STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&setup.actions, control, child_socket);
  std::vector<char*> argv;
  for (auto& each : arguments) argv.push_back(each.data());
  argv.push_back(nullptr);
  pid_t process = -1;
  int const failed = posix_spawn(&process, executable.c_str(), &setup.actions, &setup.attributes, argv.data(), environ);
  if (failed != 0) return system_error("start " + executable, failed);
  return process;
}

error fate(siginfo_t const& status, proc_id id, bool running, bool killed, std::optional<error> const& finished) {
  errc const code = running ? errc::proc_failed : errc::launch_failed;
  if (status.si_code != CLD_EXITED) {
    std::string what = std::string(killed ? "the proc was killed" : "the proc died") + " by signal " +
                       std::to_string(status.si_status) + " (" + ::strsignal(status.si_status) + ")";
    return {code, std::move(what), to_string(id)};
  }
  if (finished && (*finished || status.si_status == 0)) return *finished;
  return {code, "the proc exited with code " + std::to_string(status.si_status) + " unasked", to_string(id)};
}

}  // namespace

local_launcher::local_launcher(live_executor& executor, proc_id self, local_launcher_options options)
    : executor_(executor), self_(self), options_(std::move(options)) {}

local_launcher::~local_launcher() {
  events_ = nullptr;
  introductions_ = nullptr;
  for (auto& [id, each] : children_) {
    each->control_watch.reset();
    each->exit_watch.reset();
    each->output_watch.reset();
    ::shutdown(each->control.get(), SHUT_RDWR);
  }
  instant const until = executor_.time().now() + options_.grace;
  while (!children_.empty()) {
    std::vector<pollfd> waiting;
    for (auto const& [id, each] : children_) {
      waiting.push_back({.fd = each->pidfd.get(), .events = POLLIN, .revents = 0});
      waiting.push_back({.fd = each->output.get(), .events = POLLIN, .revents = 0});
    }
    auto const left = std::chrono::ceil<std::chrono::milliseconds>(until - executor_.time().now());
    bool const late = left.count() <= 0;
    if (late)
      for (auto const& [id, each] : children_) pidfd_send_signal(each->pidfd.get(), SIGKILL, nullptr, 0);
    ::poll(waiting.data(), waiting.size(), late ? -1 : static_cast<int>(left.count()));
    std::vector<proc_id> gone;
    std::size_t at = 0;
    for (auto const& [id, each] : children_) {
      if (waiting[at + 1].revents != 0) read_output(*each);
      if (waiting[at].revents != 0) gone.push_back(id);
      at += 2;
    }
    for (proc_id const id : gone) ended(id);
  }
}

void local_launcher::later(unique_function<void(local_launcher&)> task) {
  executor_.loop().post([weak = std::weak_ptr(alive_), task = std::move(task)]() mutable {
    if (auto const self = weak.lock()) task(**self);
  });
}

void local_launcher::launch(launch_request request) {
  proc_id const id = request.id;
  auto const refuse = [&](error why) {
    later([id, why = std::move(why)](local_launcher& self) {
      if (self.events_ != nullptr) self.events_->exited(id, why);
    });
  };
  if (id.host != self_.host)
    return refuse({errc::launch_failed, "this launcher starts procs on " + to_string(self_.host) + " only", to_string(id)});
  if (id == self_ || children_.contains(id)) return refuse({errc::launch_failed, "the proc runs already", to_string(id)});
  auto started = start(request);
  if (!started)
    return refuse(error(errc::launch_failed, "the proc could not be started", to_string(id)).caused_by(started.failure()));
  children_.emplace(id, *std::move(started));
}

auto local_launcher::start(launch_request const& request) -> result<std::unique_ptr<child>> {
  auto made = std::make_unique<child>(child{.id = request.id, .lines = line_prefixer("[" + to_string(request.id) + "] ")});
  auto control = socket_pair();
  if (!control) return control.failure();
  auto bootstrap = sealed_copy("roost-bootstrap", request.bootstrap.view());
  if (!bootstrap) return bootstrap.failure();
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("make a pipe", errno);
  made->output.reset(ends[0]);
  descriptor const output(ends[1]);
  ::fcntl(made->output.get(), F_SETFL, O_NONBLOCK);
  made->control = std::move(control->first);
  auto const told = send_record(made->control.get(), {.kind = control_kind::start,
                                                      .proc = request.id,
                                                      .other = self_,
                                                      .text = request.name.substr(0, longest_name),
                                                      .attached = *std::move(bootstrap)});
  if (!told) return told.failure();

  std::vector<std::string> arguments{"roost-proc", std::string(child_command), std::to_string(child_socket)};
  arguments.insert(arguments.end(), options_.arguments.begin(), options_.arguments.end());
  // A descriptor that already has the wanted number would keep its close-on-exec mark or be overwritten: move them out of the way.
  descriptor const far_control(::fcntl(control->second.get(), F_DUPFD_CLOEXEC, 10));
  descriptor const far_output(::fcntl(output.get(), F_DUPFD_CLOEXEC, 10));
  if (!far_control || !far_output) return system_error("copy a descriptor", errno);
  auto const process = spawn(std::move(arguments), options_.executable, far_control.get(), far_output.get());
  if (!process) return process.failure();
  made->process = *process;
  // Nobody else waits for children, so the number still means this one.
  made->pidfd.reset(pidfd_open(made->process, 0));
  ROOST_INVARIANT(bool(made->pidfd), system_error("open a process descriptor", errno).what);

  event_loop& loop = executor_.loop();
  child* const raw = made.get();
  made->control_watch = loop.add(made->control.get(), EPOLLIN | EPOLLRDHUP, [this, raw](std::uint32_t) { read_control(*raw); });
  made->output_watch = loop.add(made->output.get(), EPOLLIN, [raw](std::uint32_t) { read_output(*raw); });
  made->exit_watch = loop.add(made->pidfd.get(), EPOLLIN, [this, id = request.id](std::uint32_t) { ended(id); });
  return made;
}

void local_launcher::kill(proc_id id) {
  auto const found = children_.find(id);
  if (found == children_.end()) return;
  found->second->killed = true;
  pidfd_send_signal(found->second->pidfd.get(), SIGKILL, nullptr, 0);
}

void local_launcher::read_output(child& from) {
  std::array<char, 16'384> buffer;
  for (;;) {
    ssize_t const got = ::read(from.output.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return;
    if (got == 0) return from.output_watch.reset();
    write_stderr(from.lines.feed({buffer.data(), static_cast<std::size_t>(got)}));
  }
}

void local_launcher::read_control(child& from) {
  control_record record;
  for (;;) {
    switch (receive_record(from.control.get(), record)) {
      case control_status::record: take(from, std::move(record)); break;
      case control_status::nothing: return;
      // The process descriptor tells what became of it.
      case control_status::closed: return from.control_watch.reset();
    }
    record = {};
  }
}

void local_launcher::take(child& from, control_record record) {
  switch (record.kind) {
    case control_kind::running:
      if (std::exchange(from.running, true)) return;
      if (events_ != nullptr) events_->launched(from.id);
      return;
    case control_kind::finished: from.finished = error(record.code, std::move(record.text), to_string(from.id)); return;
    case control_kind::introduce: bring_together(from, record); return;
    default: return;
  }
}

void local_launcher::bring_together(child& asking, control_record const& request) {
  auto const refuse = [&](error const& why) {
    static_cast<void>(send_record(
        asking.control.get(),
        {.kind = control_kind::refused, .request = request.request, .proc = request.proc, .code = why.code, .text = why.what}));
  };
  auto const found = children_.find(request.proc);
  bool const here = request.proc == self_ && introductions_ != nullptr;
  if (!here && (found == children_.end() || found->second.get() == &asking))
    return refuse({errc::unavailable, "there is no proc " + to_string(request.proc) + " to connect to"});
  auto ends = socket_pair();
  if (!ends) return refuse(ends.failure());
  if (!here) {
    auto const told = send_record(found->second->control.get(),
                                  {.kind = control_kind::introduced, .proc = asking.id, .attached = std::move(ends->second)});
    if (!told) return refuse(told.failure());
  }
  // When this fails the asking proc is gone, and its end of the socket with it: the other side sees that.
  static_cast<void>(send_record(
      asking.control.get(),
      {.kind = control_kind::introduced, .request = request.request, .proc = request.proc, .attached = std::move(ends->first)}));
  if (here) introductions_->introduced(0, asking.id, std::move(ends->second));
}

std::uint64_t local_launcher::introduce(proc_id peer) {
  std::uint64_t const request = ++last_request_;
  later([request, peer](local_launcher& self) {
    auto const refuse = [&](error why) {
      if (self.introductions_ != nullptr) self.introductions_->refused(request, std::move(why));
    };
    auto const found = self.children_.find(peer);
    if (found == self.children_.end())
      return refuse({errc::unavailable, "there is no proc " + to_string(peer) + " to connect to", to_string(peer)});
    auto ends = socket_pair();
    if (!ends) return refuse(ends.failure());
    auto const told = send_record(found->second->control.get(),
                                  {.kind = control_kind::introduced, .proc = self.self_, .attached = std::move(ends->second)});
    if (!told) return refuse(told.failure());
    if (self.introductions_ != nullptr) self.introductions_->introduced(request, peer, std::move(ends->first));
  });
  return request;
}

void local_launcher::ended(proc_id id) {
  auto const found = children_.find(id);
  if (found == children_.end()) return;
  auto const gone = std::move(found->second);
  children_.erase(found);
  read_control(*gone);
  // The rest of its group goes with it; the number is its own until it has been waited for.
  ::kill(-gone->process, SIGKILL);
  siginfo_t status{};
  while (::waitid(P_PIDFD, static_cast<id_t>(gone->pidfd.get()), &status, WEXITED) != 0 && errno == EINTR) {
  }
  read_output(*gone);
  write_stderr(gone->lines.finish());
  error why = fate(status, id, gone->running, gone->killed, gone->finished);
  if (events_ != nullptr) events_->exited(id, std::move(why));
}

}  // namespace roost
