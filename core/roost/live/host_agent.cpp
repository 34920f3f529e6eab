#include <roost/live/child.hpp>
#include <roost/live/host_agent.hpp>
#include <roost/live/host_procs.hpp>
#include <roost/live/platform.hpp>
#include <roost/live/strays.hpp>

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace roost {
namespace {

constexpr auto look_for_strays = std::chrono::seconds(1);
constexpr std::string_view own_network_word = "own-network";
constexpr std::string_view shared_network_word = "shared-network";

class host_agent final : proc_host_events, control_channel_events {
 public:
  host_agent(live_executor& executor, descriptor control, control_record const& start, knob_values const& knobs,
             std::vector<std::string> arguments)
      : executor_(executor),
        time_(executor.control().clock()),
        self_(start.proc),
        procs_(executor, start.other, knobs, *this, {.arguments = std::move(arguments), .hosts = start.request}),
        control_(executor.loop(), std::move(control), *this) {
    time_.arm(strays_, time_.now() + look_for_strays);
  }
  ~host_agent() {
    time_.disarm(strays_);
    procs_.mute();
  }

  void running() { control_.send({.kind = control_kind::running, .proc = self_}); }

 private:
  // proc_host_events
  void launched(proc_id id) override { control_.send({.kind = control_kind::running, .proc = id}); }
  void exited(proc_id id, error why) override { control_.send(exited_record(id, why)); }
  void wants(proc_id asking, std::uint64_t request, proc_id peer) override {
    if (peer == asking || !procs_.has(peer))
      return control_.send({.kind = control_kind::introduce, .request = request, .proc = peer, .other = asking});
    auto ends = socket_pair();
    if (!ends) return procs_.refuse(asking, request, peer, ends.failure());
    procs_.introduce(asking, request, peer, std::move(ends->first));
    procs_.introduce(peer, 0, asking, std::move(ends->second));
  }
  void wants_launch(proc_id asking, launch_request request) override {
    auto bootstrap = sealed_copy("roost-bootstrap", request.bootstrap.view());
    if (!bootstrap) return procs_.tell(asking, exited_record(request.id, bootstrap.failure()));
    control_.send({.kind = control_kind::launch,
                   .proc = request.id,
                   .other = asking,
                   .text = std::move(request.name),
                   .attached = *std::move(bootstrap)});
  }
  void wants_kill(proc_id asking, proc_id id) override {
    control_.send({.kind = control_kind::kill, .proc = id, .other = asking});
  }

  // control_channel_events
  void received(control_record record) override {
    switch (record.kind) {
      case control_kind::launch: return launch(record);
      case control_kind::kill: return procs_.kill(record.proc);
      case control_kind::running:
      case control_kind::exited: {
        auto const whom = record.other;
        return procs_.tell(whom, std::move(record));
      }
      case control_kind::introduced:
        return procs_.introduce(record.other, record.request, record.proc, std::move(record.attached));
      case control_kind::refused:
        return procs_.refuse(record.other, record.request, record.proc, {record.code, std::move(record.text)});
      case control_kind::probe: return control_.send({.kind = control_kind::present, .request = record.request});
      default: return;
    }
  }
  void hung_up() override { executor_.finish({}); }

  void launch(control_record const& asked) {
    auto bootstrap = read_sealed(asked.attached.get());
    auto const started = bootstrap ? procs_.launch({asked.proc, asked.text, *std::move(bootstrap)}) : bootstrap.failure();
    if (!started) exited(asked.proc, started.failure());
  }

  void reap() {
    reap_strays(procs_.numbers());
    time_.arm(strays_, time_.now() + look_for_strays);
  }
  struct strays final : timer {
    explicit strays(host_agent& agent) : home(agent) {}
    void expired() override { home.reap(); }
    host_agent& home;
  };

  live_executor& executor_;
  live_clock& time_;
  proc_id self_;
  host_procs procs_;
  control_channel control_;
  strays strays_{*this};
};

}  // namespace

std::vector<std::string> agent_arguments(bool own_network) {
  return {"roost-agent", std::string(agent_command_word), std::to_string(child_socket),
          std::string(own_network ? own_network_word : shared_network_word)};
}

bool is_host_agent(int argc, char const* const* argv) noexcept {
  return argc >= agent_argument_count && argv[1] == agent_command_word;
}

result<void> enter_own_network() {
  if (::unshare(CLONE_NEWNET) != 0) return system_error("make a network namespace, which needs CAP_SYS_ADMIN", errno);
  descriptor const any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!any) return system_error("make a socket in the new network namespace", errno);
  ifreq loopback{};
  std::strncpy(loopback.ifr_name, "lo", sizeof loopback.ifr_name - 1);
  loopback.ifr_flags = IFF_UP | IFF_RUNNING;
  if (::ioctl(any.get(), SIOCSIFFLAGS, &loopback) != 0) return system_error("bring up the loopback interface", errno);
  return {};
}

int run_host_agent(int argc, char const* const* argv, knob_values const& knobs) {
  auto start = take_process_start(argc, argv);
  if (!start) {
    write_stderr(start.failure().describe() + "\n");
    return 64;
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (argv[agent_argument_count - 1] == own_network_word) {
    if (auto const entered = enter_own_network(); !entered) {
      static_cast<void>(
          send_record(start->control.get(),
                      {.kind = control_kind::finished, .code = entered.failure().code, .text = entered.failure().what}));
      return 69;
    }
  }
  live_platform platform({.self = start->first.proc, .name = "agent"});
  host_agent agent(platform.executor(), std::move(start->control), start->first, knobs,
                   {argv + agent_argument_count, argv + argc});
  platform.executor().run([&] { agent.running(); });
  return 0;
}

}  // namespace roost
