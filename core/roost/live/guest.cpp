#include <roost/base/plant.hpp>
#include <roost/live/controlled_process.hpp>
#include <roost/live/guest.hpp>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

// The header of glibc 2.36 does not say that its functions are C.
extern "C" {
#include <sys/pidfd.h>
}

namespace roost {
namespace {

ROOST_DEFINE_PLANT(plant_detached_procs_stay, "detached-procs-stay", "G7",
                   "An agent does not end what it runs for a controller that is gone.");

constexpr int looks_per_bound = 6;
constexpr auto grace = std::chrono::seconds(3);
constexpr auto shortest_look = std::chrono::milliseconds(100);

result<pid_t> run(attach_request const& request) {
  output_pipes write;
  auto const move_away = [](descriptor const& from, descriptor& to) -> result<void> {
    auto copy = copy_out_of_the_way(from.get());
    if (!copy) return copy.failure();
    to = *std::move(copy);
    return {};
  };
  descriptor control;
  descriptor executable;
  if (auto const moved = move_away(request.control, control); !moved) return moved.failure();
  if (auto const moved = move_away(request.executable, executable); !moved) return moved.failure();
  if (auto const moved = move_away(request.output, write.output); !moved) return moved.failure();
  if (auto const moved = move_away(request.errors, write.errors); !moved) return moved.failure();
  if (request.log) {
    if (auto const moved = move_away(request.log, write.log); !moved) return moved.failure();
  }
  auto started = spawn_process({.executable = "/proc/self/fd/" + std::to_string(executable.get()),
                                .arguments = request.words.arguments,
                                .environment = &request.words.environment,
                                .directory = request.directory.get(),
                                .control = control.get(),
                                .write = write});
  if (!started) return error(errc::unavailable, request.words.program + " could not be run: " + started.failure().what);
  return started;
}

}  // namespace

guest::guest(live_clock& time, attach_request const& request, attach_peer const& peer, guest_events& events)
    : time_(time),
      events_(events),
      name_("process " + std::to_string(peer.process) + ", " + request.words.program + ", run " + request.words.run),
      bound_(request.words.bound_ns),
      heard_(time.now()) {}

auto guest::begin(event_loop& loop, live_clock& time, attach_stream& notes, attach_peer const& peer, attach_request request,
                  guest_events& events) -> result<std::unique_ptr<guest>> {
  std::unique_ptr<guest> made(new guest(time, request, peer, events));
  auto const started = run(request);
  if (!started) return started.failure();
  made->process_ = *started;
  // Nobody else waits for children of that number, so it still means this one.
  made->pidfd_.reset(pidfd_open(made->process_, 0));
  ROOST_INVARIANT(bool(made->pidfd_), system_error("open a process descriptor", errno).what);
  made->control_ = std::move(request.control);
  made->notes_ = std::move(notes);
  made->notes_.send({.kind = attach_kind::accepted, .status = made->process_, .number = ::getpid()});
  guest* const raw = made.get();
  raw->notes_watch_ = loop.add(raw->notes_.get(), EPOLLIN, [raw](std::uint32_t) { raw->read(); });
  raw->end_watch_ = loop.add(raw->pidfd_.get(), EPOLLIN, [raw](std::uint32_t) { raw->collect(); });
  time.arm(raw->look_, time.now());
  return made;
}

guest::~guest() { time_.disarm(look_); }

void guest::kill() const noexcept { pidfd_send_signal(pidfd_.get(), SIGKILL, nullptr, 0); }

void guest::drain(std::string const& why) {
  if (std::exchange(drains_, true)) return;
  notes_.send({.kind = attach_kind::leaving, .text = why});
  if (!ROOST_PLANT(plant_detached_procs_stay)) {
    kill_at_ = time_.now() + grace;
    ::shutdown(control_.get(), SHUT_RDWR);
    look_again();
  }
  events_.drains(*this, why);
}

void guest::read() {
  while (notes_watch_) {
    attach_note note;
    switch (notes_.receive(note)) {
      case attach_stream::status::note: take(note); break;
      case attach_stream::status::nothing: return;
      case attach_stream::status::closed: notes_watch_.reset(); return drain("its controller is gone");
      case attach_stream::status::refused: notes_watch_.reset(); return drain("its controller " + notes_.failure().what);
    }
  }
}

void guest::take(attach_note const& note) {
  heard_ = time_.now();
  if (note.kind == attach_kind::detach) drain("its controller has detached");
  if (note.kind == attach_kind::kill) {
    kill();
    drain("its controller wants an end of it");
  }
}

void guest::look_again() {
  instant const now = time_.now();
  time_.arm(look_, std::min(now + bound_ / looks_per_bound, std::max(kill_at_, now + shortest_look)));
}

void guest::look_at_controller() {
  instant const now = time_.now();
  if (now >= kill_at_) kill();
  notes_.send({.kind = attach_kind::alive});
  look_again();
  read();
  if (!drains_ && now - heard_ >= bound_) drain("its controller has been silent for " + to_string(bound_));
}

void guest::collect() {
  read();  // Perhaps it was to end.
  end_watch_.reset();
  // The rest of its group goes with it; the number is its own until it has been waited for.
  ::kill(-process_, SIGKILL);
  siginfo_t status{};
  while (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &status, WEXITED) != 0 && errno == EINTR) {
  }
  // It ends in order only when it is hung up on, which it may hear before this agent does.
  if (status.si_code == CLD_EXITED && status.si_status == 0) drain("its controller is gone");
  control_.reset();
  notes_.send({.kind = attach_kind::ended, .status = status.si_status, .number = status.si_code});
  events_.ended(*this, fate_of({.code = status.si_code, .status = status.si_status}));
}

}  // namespace roost
