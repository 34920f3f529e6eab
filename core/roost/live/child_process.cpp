#include <roost/base/plant.hpp>
#include <roost/live/child_process.hpp>
#include <roost/platform/clock.hpp>

#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <utility>

// The header of glibc 2.36 does not say that its functions are C.
extern "C" {
#include <sys/pidfd.h>
}

namespace roost {
namespace {

ROOST_DEFINE_PLANT(plant_descriptor_kept, "descriptor-kept", "G7", "The descriptor of a process that has ended stays open.");

}  // namespace

auto child_process::start(event_loop& loop, child_command const& command, control_record const& first, process_events& events)
    -> result<std::unique_ptr<child_process>> {
  std::unique_ptr<child_process> made(new child_process(command, events));
  auto control = socket_pair();
  if (!control) return control.failure();
  auto pipes = make_output_pipes();
  if (!pipes) return pipes.failure();
  if (auto const told = send_record(control->first.get(), first); !told) return told.failure();
  auto const far_control = copy_out_of_the_way(control->second.get());
  if (!far_control) return far_control.failure();
  auto const process = spawn_process(
      {.executable = command.executable, .arguments = command.arguments, .control = far_control->get(), .write = pipes->write});
  if (!process) return process.failure();
  made->process_ = *process;
  // Nobody else waits for children of that number, so it still means this one.
  made->pidfd_.reset(pidfd_open(made->process_, 0));
  ROOST_INVARIANT(bool(made->pidfd_), system_error("open a process descriptor", errno).what);
  made->begin(loop, std::move(control->first), std::move(pipes->read));
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

process_end child_process::reap() {
  // The rest of its group goes with it; the number is its own until it has been waited for.
  ::kill(-process_, SIGKILL);
  siginfo_t status{};
  while (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &status, WEXITED) != 0 && errno == EINTR) {
  }
  reaped_ = true;
  if (ROOST_PLANT(plant_descriptor_kept)) static_cast<void>(pidfd_.release());
  return {.code = status.si_code, .status = status.si_status};
}

}  // namespace roost
