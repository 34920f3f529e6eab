#pragma once
// The procs that this process started: launched, watched, ended.

#include <roost/live/child_process.hpp>
#include <roost/live/executor.hpp>
#include <roost/live/proc_host.hpp>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace roost {

struct host_procs_options {
  std::string executable = "/proc/self/exe";
  std::vector<std::string> arguments = {};      ///< Added to every proc's command line after `__proc FD`.
  nanoseconds grace = std::chrono::seconds(1);  ///< What procs get to end by themselves when this is destroyed.
  std::size_t hosts = 1;                        ///< Of the program.
};

/// Make and use it on the thread that lives as long as the process.
///
/// A proc that is stopped by a signal for longer than "live.stopped_bound" has failed: it is told as exited, and gets
/// "live.stop_grace" to learn of that, should it go on, before it is killed.
class host_procs final : public proc_host {
 public:
  host_procs(live_executor& executor, proc_id root, knob_values const& knobs, proc_host_events& events,
             host_procs_options options = {});
  /// Hangs up on all procs, which makes them end; kills those that have not after the grace; leaves none behind.
  ~host_procs() override;

  result<void> launch(launch_request request) override;
  void kill(proc_id id) override;
  void give_up(proc_id id, error why) override;
  bool has(proc_id id) const override;
  void introduce(proc_id to, std::uint64_t request, proc_id peer, descriptor socket) override;
  void tell(proc_id to, control_record news) override;
  void refuse(proc_id to, std::uint64_t request, proc_id peer, error const& why) override;

  /// Those that have not ended, and the last that have, by id.
  std::vector<host_proc_status> statuses() const;

  /// Processes that have not ended.
  std::size_t living() const noexcept { return procs_.size(); }
  /// Tells nobody anything from now on.
  void mute() noexcept { events_ = nullptr; }
  /// Those whose end is waited for when this is destroyed.
  std::vector<controlled_process*> processes() const;
  /// Their numbers.
  std::vector<pid_t> numbers() const;

 private:
  struct proc final : process_events {
    proc(host_procs& procs, proc_id which, std::string called) : home(procs), id(which), name(std::move(called)) {}
    void received(controlled_process&, control_record record) override { home.received(*this, std::move(record)); }
    void ended(controlled_process&, process_end const& end) override { home.ended(*this, end); }
    host_procs& home;
    proc_id id;
    std::string name;
    std::unique_ptr<child_process> process = {};
    bool running = false;
    bool told = false;        // Its end was.
    error reason = {};        // What was told.
    instant kill_at = never;  // Where it goes on although it was told as failed.
    std::optional<error> finished = {};
  };
  struct look final : timer {
    explicit look(host_procs& procs) : home(procs) {}
    void expired() override { home.look_at_procs(); }
    host_procs& home;
  };

  void received(proc& which, control_record record);
  void ended(proc& gone, process_end const& end);
  void look_at_procs();
  static host_proc_status status_of(proc const& which);
  void tell_end(proc& gone, process_end const& end);
  void tell_exit(proc& which, error why);
  proc* find(proc_id id);

  event_loop& loop_;
  live_clock& time_;
  proc_id root_;
  proc_host_events* events_;
  host_procs_options options_;
  nanoseconds stopped_bound_;
  nanoseconds stop_grace_;
  std::map<proc_id, proc> procs_;
  std::deque<host_proc_status> ended_;  // The latest last.
  look look_{*this};
};

}  // namespace roost
