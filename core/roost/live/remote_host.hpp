#pragma once
// A host behind its agent, as the root's launcher sees it.

#include <roost/live/attachment.hpp>
#include <roost/live/child_process.hpp>
#include <roost/live/executor.hpp>
#include <roost/live/proc_host.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace roost {

/// Starts the agent of a host, or uses one that was attached, and asks it for everything.
///
/// When the agent ends, does not run within "live.launch_bound", or does not answer for "live.agent_bound", every proc of the host is
/// told as exited at once, with what became of the agent as the cause: they end with it, by its hang-up or by the kernel. The host is
/// gone then: nothing can be launched on it.
class remote_host final : public proc_host, process_events {
 public:
  remote_host(live_executor& executor, host_id host, knob_values const& knobs, proc_host_events& events);
  ~remote_host() override;

  /// Starts the agent of a program of so many hosts, by that command. Once, instead of `attach`.
  void start(child_command const& command, proc_id root, std::size_t hosts);
  /// Uses one that was asked for this host; it gets `grace` to end what it runs.
  void attach(attachment taken, nanoseconds grace);

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
  controlled_process* agent() const noexcept { return agent_.get(); }

 private:
  struct look final : timer {
    explicit look(remote_host& host) : home(host) {}
    void expired() override { home.look_at_agent(); }
    remote_host& home;
  };

  void received(controlled_process& from, control_record record) override;
  void leaving(controlled_process& which, error why) override;
  void ended(controlled_process& which, process_end const& end) override;
  void begin(std::unique_ptr<controlled_process> agent);
  std::string name_of(controlled_process const& agent) const;
  void look_at_agent();
  void send(control_record record);
  /// The host is gone: tells so of every proc that is on it.
  void lose(error why);
  void tell_exit(proc_id id, error why);

  event_loop& loop_;
  live_clock& time_;
  host_id host_;
  proc_host_events* events_;
  nanoseconds bound_;
  nanoseconds launch_bound_;
  std::unique_ptr<controlled_process> agent_;
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
