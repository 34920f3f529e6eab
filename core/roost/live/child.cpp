#include <roost/base/plant.hpp>
#include <roost/live/child.hpp>
#include <roost/wire/codec.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/prctl.h>

#include <charconv>
#include <csignal>

namespace roost {
namespace {

ROOST_DEFINE_PLANT(plant_child_outlives, "child-outlives", "G7",
                   "A proc does not ask to be ended with the process that started it.");

}  // namespace

bool is_child(int argc, char const* const* argv) noexcept { return argc >= 3 && argv[1] == proc_command; }

result<process_start> take_process_start(int argc, char const* const* argv) {
  std::string_view const word = argc > 1 ? argv[1] : "";
  error const not_started(errc::bad_argument, std::string(word) + " is what roost gives to processes that it starts itself");
  if (argc < 3) return not_started;
  std::string_view const number = argv[2];
  int fd = -1;
  auto const [end, bad] = std::from_chars(number.data(), number.data() + number.size(), fd);
  if (bad != std::errc() || end != number.data() + number.size() || fd < 3) return not_started;
  if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return not_started;
  process_start start;
  start.control.reset(fd);

  // Asked for first and looked for after, so that a launcher that ends in between is not missed.
  if (!ROOST_PLANT(plant_child_outlives)) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (receive_record(fd, start.first) != control_status::record || start.first.kind != control_kind::start) return not_started;
  pollfd gone{.fd = fd, .events = 0, .revents = 0};
  if (::poll(&gone, 1, 0) > 0 && (gone.revents & (POLLHUP | POLLERR)) != 0)
    return error(errc::unavailable, "the process that started this one is gone", to_string(start.first.proc));
  return start;
}

result<child_start> take_child_start(int argc, char const* const* argv) {
  auto taken = take_process_start(argc, argv);
  if (!taken) return taken.failure();
  auto& first = taken->first;
  auto bootstrap = read_sealed(first.attached.get());
  if (!bootstrap) return bootstrap.failure();
  child_start start;
  start.self = first.proc;
  start.parent = first.other;
  start.name = std::move(first.text);
  start.hosts.push_back(start.self.host);
  for (std::uint64_t i = 0; i != first.request; ++i)
    if (host_id const other{first.other.host.value + i}; other != start.self.host) start.hosts.push_back(other);
  start.bootstrap = *std::move(bootstrap);
  start.control = std::move(taken->control);
  return start;
}

child_launcher::child_launcher(live_executor& executor, child_start start) : executor_(executor), start_(std::move(start)) {
  control_watch_ = executor_.loop().add(start_.control.get(), EPOLLIN | EPOLLRDHUP, [this](std::uint32_t) { read(); });
}

void child_launcher::launch(launch_request request) {
  auto bootstrap = sealed_copy("roost-bootstrap", request.bootstrap.view());
  if (!bootstrap) return exited_later(request.id, bootstrap.failure());
  auto const asked = send_record(
      start_.control.get(),
      {.kind = control_kind::launch, .proc = request.id, .text = std::move(request.name), .attached = *std::move(bootstrap)});
  if (!asked) exited_later(request.id, asked.failure());
}

void child_launcher::exited_later(proc_id id, error why) {
  executor_.loop().post([weak = std::weak_ptr(alive_), id, why = std::move(why)] {
    auto const self = weak.lock();
    if (self && (*self)->events_ != nullptr)
      (*self)->events_->exited(id, error(errc::launch_failed, "the proc could not be asked for", to_string(id)).caused_by(why));
  });
}

void child_launcher::kill(proc_id id) {
  // Where the launcher does not hear it, it is gone, or about to end with this proc.
  static_cast<void>(send_record(start_.control.get(), {.kind = control_kind::kill, .proc = id}));
}

void child_launcher::look_at_host() {
  auto const asked = send_record(start_.control.get(), {.kind = control_kind::look});
  if (asked) return;
  executor_.loop().post([weak = std::weak_ptr(alive_), why = asked.failure()] {
    if (auto const self = weak.lock(); self && (*self)->events_ != nullptr) (*self)->events_->host_seen(why);
  });
}

void child_launcher::finish(error why) {
  if (executor_.finished()) return;
  // Where the launcher is gone there is nobody to tell.
  static_cast<void>(
      send_record(start_.control.get(), {.kind = control_kind::finished, .code = why.code, .text = why.describe()}));
  executor_.finish(std::move(why));
}

void child_launcher::running() {
  if (auto const sent = send_record(start_.control.get(), {.kind = control_kind::running}); !sent)
    executor_.finish(sent.failure());
}

std::uint64_t child_launcher::introduce(proc_id peer) {
  std::uint64_t const request = ++last_request_;
  auto const sent = send_record(start_.control.get(), {.kind = control_kind::introduce, .request = request, .proc = peer});
  if (!sent) refuse_later(request, sent.failure());
  return request;
}

void child_launcher::refuse_later(std::uint64_t request, error why) {
  executor_.loop().post([weak = std::weak_ptr(alive_), request, why = std::move(why)] {
    auto const self = weak.lock();
    if (self && (*self)->introductions_ != nullptr) (*self)->introductions_->refused(request, why);
  });
}

void child_launcher::read() {
  control_record record;
  for (;;) {
    switch (receive_record(start_.control.get(), record)) {
      case control_status::record: take(std::move(record)); break;
      case control_status::nothing: return;
      case control_status::closed:
        control_watch_.reset();
        executor_.finish({errc::unavailable, "the proc that started this one is gone", to_string(start_.parent)});
        return;
    }
    record = {};
  }
}

void child_launcher::take(control_record record) {
  if (record.kind == control_kind::running && events_ != nullptr) events_->launched(record.proc);
  if (record.kind == control_kind::exited && events_ != nullptr) events_->exited(record.proc, exit_of(record));
  if (record.kind == control_kind::seen && events_ != nullptr) {
    auto const encoded = record.code == errc::ok ? read_sealed(record.attached.get()) : error(record.code, record.text);
    events_->host_seen(encoded ? wire::decode<std::vector<host_proc_status>>(*encoded) : encoded.failure());
  }
  if (introductions_ == nullptr) return;
  if (record.kind == control_kind::introduced && record.attached)
    introductions_->introduced(record.request, record.proc, std::move(record.attached));
  if (record.kind == control_kind::refused)
    introductions_->refused(record.request, {record.code, std::move(record.text), to_string(record.proc)});
}

}  // namespace roost
