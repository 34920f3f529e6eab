#pragma once
// The launcher of a root proc: procs of this host as its own children, those of other hosts through an agent a host.

#include <roost/live/attachment.hpp>
#include <roost/live/host_procs.hpp>
#include <roost/live/introducer.hpp>
#include <roost/live/platform.hpp>
#include <roost/live/remote_host.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace roost {

struct local_launcher_options {
  std::string executable = "/proc/self/exe";
  std::vector<std::string> arguments = {};      ///< Added to the command line of every proc and agent.
  nanoseconds grace = std::chrono::seconds(1);  ///< What procs get to end by themselves when this one ends.
  std::size_t hosts = 1;                        ///< Of the program, all on this machine.
  bool own_networks = false;                    ///< Each agent has a network namespace of its own, and its procs share it.
  std::vector<attachment> attached = {};        ///< Agents of the hosts after the first, in order; empty: they are started.
};

/// Make and use it on the thread that lives as long as the process: what it launched dies with that thread.
///
/// The hosts are the one of `self` and those numbered on from it, each of which has an agent process (host_agent.hpp), started here or
/// attached, that starts its procs. Procs and agents have process groups of their own, so that Ctrl-C reaches the root only. The procs' standard output and
/// standard error are forwarded to this one's standard error: each in order, in whole lines, each line after "[h0/p1.1] ", or as an
/// object where the log is JSON. A proc
/// that does not run "live.launch_bound" after it was asked for is killed, and told as exited with `errc::launch_failed`. Other procs
/// ask here for the procs that they launch; those are killed when who asked for them ends.
class local_launcher final : public live_launcher, public introducer, proc_host_events {
 public:
  local_launcher(live_executor& executor, proc_id self, knob_values const& knobs, local_launcher_options options = {});
  /// Hangs up on all procs, which makes them end; kills those that have not after the grace; leaves none behind.
  ~local_launcher() override;

  void attach(launcher_events* events) override { events_ = events; }
  void attach(introduction_events* events) override { introductions_ = events; }
  std::vector<host_id> hosts() const override;
  void launch(launch_request request) override;
  void kill(proc_id id) override;
  void look_at_host() override;
  void finish(error why) override { executor_.finish(std::move(why)); }
  std::uint64_t introduce(proc_id peer) override;

  /// Procs of this host that were launched and not yet seen to have ended.
  std::size_t living() const noexcept { return here_.living(); }

 private:
  struct overdue final : timer {
    explicit overdue(local_launcher& launcher) : home(launcher) {}
    void expired() override { home.give_up_launches(); }
    local_launcher& home;
  };

  void launched(proc_id id) override;
  void exited(proc_id id, error why) override;
  void wants(proc_id asking, std::uint64_t request, proc_id peer) override;
  void wants_launch(proc_id asking, launch_request request) override;
  void wants_kill(proc_id asking, proc_id id) override;
  result<void> start(launch_request request);
  proc_host* host_of(proc_id id);
  void give_up_launches();
  void later(unique_function<void(local_launcher&)> task);

  live_executor& executor_;
  live_clock& time_;
  proc_id self_;
  std::size_t host_count_;
  nanoseconds launch_bound_;
  launcher_events* events_ = nullptr;
  introduction_events* introductions_ = nullptr;
  std::uint64_t last_request_ = 0;
  host_procs here_;
  std::map<host_id, std::unique_ptr<remote_host>> elsewhere_;
  std::map<proc_id, instant> launching_;  // Until when each may take.
  std::map<proc_id, proc_id> asked_by_;   // Who asked for it, where another proc did.
  overdue overdue_{*this};
  std::shared_ptr<local_launcher*> alive_ = std::make_shared<local_launcher*>(this);
};

}  // namespace roost
