#include <roost/base/keyed.hpp>
#include <roost/base/plant.hpp>
#include <roost/live/overflow.hpp>
#include <roost/live/platform.hpp>
#include <roost/live/status_server.hpp>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

namespace roost {
namespace {

ROOST_DEFINE_PLANT(plant_signal_swallowed, "signal-swallowed", "G7",
                   "A signal that should end the program in order is forgotten.");

// What a signal handler can reach. One platform of a process catches signals.
std::atomic<int> signal_descriptor = -1;
std::atomic<int> caught_signal = 0;

// Who sent the signal that ends the program, and by which way it came here, as one number; 0 before that.
std::atomic<std::uint64_t> ended_by = 0;
constexpr std::uint64_t ended_by_both = 1;
constexpr std::uint64_t from_a_process = 2;
constexpr std::uint64_t was_relayed = 4;

std::uint64_t origin_of(int number, siginfo_t const& info) {
  bool const relayed = info.si_code == SI_QUEUE && info.si_pid == ::getppid();
  auto const sender = static_cast<std::uint32_t>(relayed ? info.si_value.sival_int : info.si_pid);
  auto const named = std::uint64_t{sender} << 32 | static_cast<std::uint64_t>(number) << 8;
  if (info.si_code > 0) return ended_by_both;
  return named | from_a_process | (relayed ? was_relayed : 0);
}

// The first one ends the loop. One that a process sent to the whole group comes by two ways, in either order, and counts once.
void on_signal(int number, siginfo_t* info, void*) {
  int const before = errno;
  auto const origin = origin_of(number, *info);
  std::uint64_t first = 0;
  if (ended_by.compare_exchange_strong(first, origin)) {
    caught_signal.store(number);
    std::uint64_t const one = 1;
    static_cast<void>(!::write(signal_descriptor.load(), &one, sizeof one));
  } else if (first == ended_by_both || (first ^ was_relayed) != origin ||
             !ended_by.compare_exchange_strong(first, ended_by_both)) {
    // Comes again when this returns, and ends the process.
    ::signal(number, SIG_DFL);
    ::raise(number);
  }
  errno = before;
}

void catch_signal(int number) {
  struct sigaction action{};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  for (int const other : {SIGINT, SIGTERM}) sigaddset(&action.sa_mask, other);
  ::sigaction(number, &action, nullptr);
}

// Between a program and its transport: once the program is over, nothing it still does gets out.
class muted_transport final : public transport {
 public:
  muted_transport(transport& target, std::function<void()> const& before_send) : target_(target), before_send_(before_send) {}
  void mute() {
    target_.attach(nullptr);
    mute_ = true;
  }
  void attach(transport_events* events) override {
    if (!mute_) target_.attach(events);
  }
  channel_id connect(proc_id peer) override { return mute_ ? 0 : target_.connect(peer); }
  send_status send(channel_id c, shared_bytes const& frame) override {
    if (mute_) return send_status::closed;
    if (before_send_) before_send_();
    return target_.send(c, frame);
  }
  void close(channel_id c) override {
    if (!mute_) target_.close(c);
  }
  bytes max_frame() const override { return target_.max_frame(); }
  bool keeps_bytes() const override { return target_.keeps_bytes(); }

 private:
  transport& target_;
  std::function<void()> const& before_send_;
  bool mute_ = false;
};

// Between a program and its launcher: under the gate, and mute like the transport.
class muted_launcher final : public launcher, launcher_events {
 public:
  muted_launcher(launcher& target, live_executor& executor)
      : target_(target), control_(executor.control()), loop_(executor.loop()) {}
  void mute() {
    control_hold const hold(&control_);
    target_.attach(nullptr);
    mute_ = true;
  }
  void attach(launcher_events* events) override {
    control_hold const hold(&control_);
    events_ = events;
    if (!mute_) target_.attach(events != nullptr ? this : nullptr);
  }
  std::vector<host_id> hosts() const override {
    control_hold const hold(&control_);
    return target_.hosts();
  }
  void launch(launch_request request) override {
    on_loop([this, request = std::move(request)]() mutable { target_.launch(std::move(request)); });
  }
  void kill(proc_id id) override {
    on_loop([this, id] { target_.kill(id); });
  }
  void look_at_host() override {
    on_loop([this] { target_.look_at_host(); });
  }
  void finish(error why) override {
    control_hold const hold(&control_);
    if (!mute_) target_.finish(std::move(why));
  }

 private:
  void launched(proc_id id) override {
    tell([this, id] { events_->launched(id); });
  }
  void exited(proc_id id, error why) override {
    tell([this, id, why = std::move(why)] { events_->exited(id, why); });
  }
  void host_seen(result<std::vector<host_proc_status>> procs) override {
    auto const said = std::make_shared<result<std::vector<host_proc_status>>>(std::move(procs));
    tell([this, said] { events_->host_seen(std::move(*said)); });
  }
  // A process ends with the thread that started it, and those of workers may come and go.
  template <class What>
  void on_loop(What what) {
    control_hold const hold(&control_);
    if (mute_) return;
    if (live_worker::current() == nullptr) return what();
    loop_.post([this, what = std::move(what)]() mutable {
      if (!mute_) what();
    });
  }
  void launching(proc_id id, proc_id by) override {
    tell([this, id, by] { events_->launching(id, by); });
  }
  void tell(unique_function<void()> what) {
    if (control_.standing_in()) {
      control_.post([this, what = std::move(what)]() mutable {
        if (events_ != nullptr) what();
      });
    } else if (events_ != nullptr) {
      what();
    }
  }

  launcher& target_;
  live_control& control_;
  event_loop& loop_;
  launcher_events* events_ = nullptr;
  bool mute_ = false;
};

}  // namespace

void relay_signal(pid_t to, siginfo_t const& caught) {
  if (caught.si_code > 0) return;
  sigval value{};
  value.sival_int = caught.si_pid;
  ::sigqueue(to, caught.si_signo, value);
}

live_platform::live_platform(live_options options)
    : options_(std::move(options)),
      store_(options_.directory),
      log_(options_.self, options_.log_prefix, options_.least),
      executor_(loop_, clock_, options_.knobs) {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // What is too large for a file is an error of that write.
  if (!options_.catch_signals) return;
  signals_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  require_system(bool(signals_), "make an eventfd");
  signal_descriptor.store(signals_.get());
  signal_watch_ = loop_.add(signals_.get(), EPOLLIN, [this](std::uint32_t) {
    std::uint64_t count = 0;
    static_cast<void>(!::read(signals_.get(), &count, sizeof count));
    if (ROOST_PLANT(plant_signal_swallowed)) return;
    executor_.finish({errc::ended, std::string("stopped by ") + ::strsignal(caught_signal.load()), to_string(options_.self)});
  });
  ended_by.store(0);
  for (int const number : {SIGINT, SIGTERM}) catch_signal(number);
}

live_platform::~live_platform() {
  if (!options_.catch_signals) return;
  signal_descriptor.store(-1);
  if (ended_by.load() != 0) return;  // It may still come by its other way.
  for (int const number : {SIGINT, SIGTERM}) ::signal(number, SIG_DFL);
}

error live_platform::run(proc_program& program, shared_bytes bootstrap, transport& bytes_to_peers, live_launcher& procs) {
  muted_transport outer_transport(bytes_to_peers, options_.before_send);
  live_control& control = executor_.control();
  muted_launcher outer_launcher(procs, executor_);
  platform seams;
  seams.clock = &clock_;
  seams.executor = &executor_;
  seams.transport = &outer_transport;
  seams.launcher = &outer_launcher;
  seams.entropy = &entropy_;
  seams.store = &store_;
  seams.log = &log_;
  seams.observer = options_.observer;
  seams.probes = options_.probes;
  seams.knobs = &options_.knobs;
  seams.key = child_key({}, "proc", options_.name);
  seams.process = static_cast<std::uint64_t>(::getpid());
  platform inside = seams;
  inside.clock = &control.clock();
  inside.executor = &control.as_executor();
  inside.entropy = &control_entropy_;
  inside.observer = nullptr;
  inside.lock = &executor_.lock();
  seams.lock = &executor_.lock();
  seams.gate = &control;
  seams.control_plane = &inside;

  platform_scope const scope(&seams);
  auto instance = program.make(seams, options_.self, std::move(bootstrap));
  overflow_report const overflows(executor_.fibers(), control.progress(), options_.self);
  std::optional<status_server> answers;
  if (!options_.run.empty()) answers.emplace(executor_, *instance, options_.self, options_.name, options_.run, options_.network);
  control.start(inside, options_.self);
  error why = executor_.run(seams, options_.self, [&] {
    instance->begin();
    procs.running();
  });
  control.stop();
  executor_.stop_beside();
  answers.reset();
  outer_transport.mute();
  outer_launcher.mute();
  seams.observer = nullptr;
  if (options_.over) options_.over(why);
  executor_.run_alone([&] { instance->unwind(); });
  instance.reset();
  return why;
}

}  // namespace roost
