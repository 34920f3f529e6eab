#pragma once
// Procs of this host: the same executable, exec'd, watched by process descriptors, gone when the root is gone.

#include <roost/live/control_socket.hpp>
#include <roost/live/introducer.hpp>
#include <roost/live/platform.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace roost {

struct local_launcher_options {
  std::string executable = "/proc/self/exe";
  std::vector<std::string> arguments = {};      ///< Added to every proc's command line after `__proc FD`.
  nanoseconds grace = std::chrono::seconds(1);  ///< What procs get to end by themselves when this one ends.
};

/// Make and use it on the thread that lives as long as the process: what it launched dies with that thread.
///
/// Procs have process groups of their own, so that Ctrl-C reaches the root only. Their standard output and standard error are
/// forwarded to this one's standard error, in order, each line after "[h0/p1.1] ".
class local_launcher final : public live_launcher, public introducer {
 public:
  local_launcher(live_executor& executor, proc_id self, local_launcher_options options = {});
  /// Hangs up on all procs, which makes them end; kills those that have not after the grace; leaves none behind.
  ~local_launcher() override;

  void attach(launcher_events* events) override { events_ = events; }
  void attach(introduction_events* events) override { introductions_ = events; }
  std::vector<host_id> hosts() const override { return {self_.host}; }
  void launch(launch_request request) override;
  void kill(proc_id id) override;
  void finish(error why) override { executor_.finish(std::move(why)); }
  std::uint64_t introduce(proc_id peer) override;

  /// Procs that were launched and not yet seen to have ended.
  std::size_t living() const noexcept { return children_.size(); }

 private:
  struct child;
  result<std::unique_ptr<child>> start(launch_request const& request);
  void read_control(child& from);
  void take(child& from, control_record record);
  void bring_together(child& asking, control_record const& request);
  static void read_output(child& from);
  void ended(proc_id id);
  void later(unique_function<void(local_launcher&)> task);

  live_executor& executor_;
  proc_id self_;
  local_launcher_options options_;
  launcher_events* events_ = nullptr;
  introduction_events* introductions_ = nullptr;
  std::uint64_t last_request_ = 0;
  std::map<proc_id, std::unique_ptr<child>> children_;
  std::shared_ptr<local_launcher*> alive_ = std::make_shared<local_launcher*>(this);
};

}  // namespace roost
