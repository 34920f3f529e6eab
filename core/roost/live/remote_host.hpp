#pragma once
// A host behind its agent, as the root's launcher sees it.

#include <roost/live/child_process.hpp>
#include <roost/live/executor.hpp>
#include <roost/live/proc_host.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace roost {

/// Starts the agent of a host, and asks it for everything.
///
/// When the agent ends, does not run within "live.launch_bound", or does not answer for "live.agent_bound", every proc of the host is told as exited at once, with what became
/// of the agent as the cause: they end with it, by its hang-up or by the kernel. The host is gone then: nothing can be launched on it.
class remote_host final : public proc_host, child_process_events {
 public:
  /// `command` is that of the agent.
  remote_host(live_executor& executor, host_id host, proc_id root, std::size_t hosts, child_command const& command,
              knob_values const& knobs, proc_host_events& events);
  ~remote_host() override;

  result<void> launch(launch_request request) override;
  void kill(proc_id id) override;
  void give_up(proc_id id, error why) override;
  bool has(proc_id id) const override { return procs_.contains(id); }
  void introduce(proc_id to, std::uint64_t request, proc_id peer, descriptor socket) override;
  void tell(proc_id to, control_record news) override;
  void refuse(proc_id to, std::uint64_t request, proc_id peer, error const& why) override;

  /// Tells nobody anything from now on.
  void mute() noexcept { events_ = nullptr; }
  /// The agent, where it has not ended.
  child_process* agent() const noexcept { return agent_.get(); }

 private:
  struct look final : timer {
    explicit look(remote_host& host) : home(host) {}
    void expired() override { home.look_at_agent(); }
    remote_host& home;
  };

  void received(child_process& from, control_record record) override;
  void ended(child_process& which, siginfo_t const& status) override;
  std::string name_of(child_process const& agent) const;
  void look_at_agent();
  void send(control_record record);
  /// The host is gone: tells so of every proc that is on it.
  void lose(error why);
  void tell_exit(proc_id id, error why);

  live_clock& time_;
  host_id host_;
  proc_host_events* events_;
  nanoseconds bound_;
  nanoseconds launch_bound_;
  std::unique_ptr<child_process> agent_;
  std::map<proc_id, bool> procs_;  // Whether it runs.
  error gone_;                     // Why nothing can be launched.
  error finished_;                 // What the agent gave as its reason to end.
  bool running_ = false;
  std::uint64_t probe_ = 0;
  bool answered_ = false;  // The last probe was.
  instant since_;          // When it began to run, or was last seen to answer.
  look look_{*this};
};

}  // namespace roost
