#include <roost/base/plant.hpp>
#include <roost/live/agent_socket.hpp>
#include <roost/live/guest.hpp>
#include <roost/live/host_agent.hpp>
#include <roost/live/standing_agent.hpp>
#include <roost/live/strays.hpp>

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <list>
#include <memory>
#include <optional>
#include <utility>

namespace roost {
namespace {

ROOST_DEFINE_PLANT(plant_agent_serves_two, "agent-serves-two", "G7", "An agent takes a controller while it serves another one.");

constexpr auto patience = std::chrono::seconds(3);
constexpr std::size_t most_callers = 16;
constexpr std::size_t timers_per_turn = 64;
constexpr auto longest_sleep = std::chrono::hours(1);
constexpr std::array ending_signals{SIGINT, SIGTERM, SIGHUP};

class standing_agent final : guest_events {
 public:
  standing_agent(agent_socket listening, descriptor signals, standing_agent_options const& options)
      : options_(options), listening_(std::move(listening)), signals_(std::move(signals)) {
    listening_watch_ = loop_.add(listening_->get(), EPOLLIN, [this](std::uint32_t) { take_callers(); });
    signals_watch_ = loop_.add(signals_.get(), EPOLLIN, [this](std::uint32_t) { take_signals(); });
  }

  void run() {
    options_.say("listens at " + options_.path + ", process " + std::to_string(::getpid()));
    while (!over_) {
      clock_.run_due(timers_per_turn);
      loop_.poll();
      if (over_) break;
      auto const due = clock_.next_due();
      loop_.sleep(due == never ? longest_sleep : std::clamp<nanoseconds>(due - clock_.now(), nanoseconds(0), longest_sleep));
    }
    listening_watch_.reset();
    listening_.reset();
    options_.say("ended");
  }

 private:
  /// Who has come and was not answered yet.
  struct caller final : timer {
    caller(standing_agent& agent, descriptor socket, attach_peer const& from)
        : home(agent), notes(std::move(socket)), peer(from) {}
    ~caller() { home.clock_.disarm(*this); }
    void expired() override { home.refuse(*this, "no request came within " + to_string(nanoseconds(patience))); }
    standing_agent& home;
    attach_stream notes;
    attach_peer peer;
    std::optional<attach_request> waiting = {};  ///< For what was run before to end.
    bool wants_end = false;                      ///< Of this agent, and waits for it.
    fd_watch watch = {};
  };

  std::string state() const {
    if (!guest_) return "idle";
    return (guest_->drains() ? "drains: " : "attached: ") + guest_->name();
  }

  void take_callers() {
    for (;;) {
      descriptor socket(::accept4(listening_->get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!socket) return;
      auto const peer = peer_of(socket.get());
      if (!peer) continue;
      auto& made = callers_.emplace_back(*this, std::move(socket), *peer);
      if (peer->user != ::geteuid() && peer->user != 0) {
        refuse(made,
               "it runs as user " + std::to_string(peer->user) + ", and this agent serves user " + std::to_string(::geteuid()));
        continue;
      }
      clock_.arm(made, clock_.now() + patience);
      made.watch = loop_.add(made.notes.get(), EPOLLIN, [this, &made](std::uint32_t) { read(made); });
      if (callers_.size() > most_callers) make_room();
    }
  }

  /// Sends who has been silent the longest away: who has something to ask says it at once, or tries again.
  void make_room() {
    auto const silent =
        std::find_if(callers_.begin(), callers_.end(), [](caller const& each) { return !each.waiting && !each.wants_end; });
    if (silent != callers_.end()) refuse(*silent, "too many are here that said nothing yet", true);
  }

  void read(caller& from) {
    attach_note note;
    switch (from.notes.receive(note)) {
      case attach_stream::status::nothing: return;
      case attach_stream::status::closed: return forget(from);
      case attach_stream::status::refused: return refuse(from, from.notes.failure().what);
      case attach_stream::status::note: break;
    }
    if (from.waiting || from.wants_end) return;
    switch (note.kind) {
      case attach_kind::attach: {
        auto request = read_attach_request(from.notes.take_descriptors());
        if (!request) return refuse(from, line_of(request.failure()));
        return serve(from, *std::move(request));
      }
      case attach_kind::inquire:
        from.notes.send({.kind = attach_kind::state, .number = ::getpid(), .text = state()});
        return forget(from);
      case attach_kind::stop:
        from.notes.send({.kind = attach_kind::accepted, .number = ::getpid(), .text = state()});
        from.wants_end = true;
        clock_.disarm(from);
        return end("process " + std::to_string(from.peer.process) + " asks for it");
      default: return refuse(from, "it asks for nothing that an agent does");
    }
  }

  void serve(caller& from, attach_request request) {
    if (ending_) return refuse(from, "this agent is about to end");
    if (guest_) guest_->read();  // It may have gone.
    if (guest_ && !guest_->drains() && !ROOST_PLANT(plant_agent_serves_two))
      return refuse(from, "this agent is attached to the controller of " + guest_->name());
    if (guest_ && guest_->drains()) {
      clock_.disarm(from);
      from.waiting = std::move(request);
      return;
    }
    auto const build = request.words.build;
    from.watch.reset();
    auto begun = guest::begin(loop_, clock_, from.notes, from.peer, std::move(request), *this);
    if (!begun) return refuse(from, line_of(begun.failure()));
    guest_ = *std::move(begun);
    forget(from);
    options_.say("attached: " + guest_->name() + ", build " + build);
  }

  // guest_events
  void drains(guest&, std::string const& why) override { options_.say("drains: " + why); }
  void ended(guest& which, std::string const& fate) override {
    if (!which.drains()) options_.say("drains: its process " + fate);
    end_strays();
    which.tell_idle();
    auto const gone = std::move(guest_);  // Destroyed with the scope.
    if (ending_) {
      over_ = true;
      return;
    }
    options_.say("idle");
    std::vector<caller*> next;
    for (auto& each : callers_)
      if (each.waiting) next.push_back(&each);
    for (auto* each : next) serve(*each, *std::exchange(each->waiting, std::nullopt));
  }

  void take_signals() {
    signalfd_siginfo caught{};
    if (::read(signals_.get(), &caught, sizeof caught) != sizeof caught) return;
    auto const number = static_cast<int>(caught.ssi_signo);
    if (ending_) {
      listening_watch_.reset();
      listening_.reset();
      sigset_t all;
      sigfillset(&all);
      ::signal(number, SIG_DFL);
      ::raise(number);
      ::sigprocmask(SIG_UNBLOCK, &all, nullptr);
    }
    end(std::string("it was stopped by ") + ::strsignal(number));
  }

  void end(std::string const& why) {
    if (std::exchange(ending_, true)) return;
    options_.say("ends: " + why);
    over_ = !guest_;
    if (guest_) guest_->drain(why);
  }

  void refuse(caller& which, std::string const& why, bool worth_another_try = false) {
    options_.say("refuses process " + std::to_string(which.peer.process) + ": " + why);
    which.notes.send({.kind = attach_kind::refused, .status = worth_another_try ? 1 : 0, .text = why});
    forget(which);
  }
  void forget(caller const& which) {
    callers_.remove_if([&](caller const& each) { return &each == &which; });
  }
  static std::string line_of(error const& why) {
    auto line = why.what;
    for (auto const* each = why.cause.get(); each != nullptr; each = each->cause.get()) line += ": " + each->what;
    return line;
  }

  standing_agent_options const& options_;
  event_loop loop_;
  live_clock clock_;
  std::optional<agent_socket> listening_;
  descriptor signals_;
  bool ending_ = false;
  bool over_ = false;
  std::list<caller> callers_;
  std::unique_ptr<guest> guest_;
  fd_watch listening_watch_;
  fd_watch signals_watch_;
};

result<descriptor> block_signals() {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  for (int const number : ending_signals) sigaddset(&set, number);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  descriptor made(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!made) return system_error("take signals", errno);
  return made;
}

}  // namespace

result<void> run_standing_agent(standing_agent_options const& options) {
  if (options.own_network) {
    if (auto const entered = enter_own_network(); !entered) return entered.failure();
  }
  auto listening = agent_socket::listen(options.path);
  if (!listening) return listening.failure();
  auto signals = block_signals();
  if (!signals) return signals.failure();
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  standing_agent(*std::move(listening), *std::move(signals), options).run();
  return {};
}

}  // namespace roost
