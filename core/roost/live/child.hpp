#pragma once
// A proc that was exec'd by a local_launcher: how it finds out who it is, and its launcher seam.

#include <roost/live/control_channel.hpp>
#include <roost/live/introducer.hpp>
#include <roost/live/platform.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace roost {

/// The first argument of an exec'd proc. After it come the number of its control socket and the arguments that the launcher adds.
inline constexpr std::string_view proc_command = "__proc";
/// Where the arguments that the launcher adds begin.
inline constexpr int proc_argument_count = 3;

/// What any exec'd process finds: its control socket, and the first record on it.
struct process_start {
  descriptor control;
  control_record first;
};
/// Takes it by the number behind the first argument; call first thing in main, once. From then on this process ends with the thread
/// that launched it. Errors: `errc::bad_argument` where no launcher started this process, `errc::unavailable` where it is gone.
result<process_start> take_process_start(int argc, char const* const* argv);

/// What an exec'd proc was told.
struct child_start {
  proc_id self;
  proc_id parent;
  std::string name;
  std::vector<host_id> hosts;  ///< Of the program; its own first.
  shared_bytes bootstrap;
  descriptor control;
};

/// Tells whether a command line is that of an exec'd proc.
bool is_child(int argc, char const* const* argv) noexcept;
/// Reads what the launcher wrote, as `take_process_start` does, with its errors.
result<child_start> take_child_start(int argc, char const* const* argv);

/// Ends the proc when its launcher is gone. It launches nothing itself: procs are asked for at the root, through the agent.
class child_launcher final : public live_launcher, public introducer {
 public:
  child_launcher(live_executor& executor, child_start start);

  void attach(launcher_events* events) override { events_ = events; }
  void attach(introduction_events* events) override { introductions_ = events; }
  std::vector<host_id> hosts() const override { return start_.hosts; }
  void launch(launch_request request) override;
  void kill(proc_id id) override;
  void look_at_host() override;
  void finish(error why) override;
  void running() override;
  std::uint64_t introduce(proc_id peer) override;

 private:
  void read();
  void take(control_record record);
  void exited_later(proc_id id, error why);
  void refuse_later(std::uint64_t request, error why);

  live_executor& executor_;
  child_start start_;
  launcher_events* events_ = nullptr;
  introduction_events* introductions_ = nullptr;
  std::uint64_t last_request_ = 0;
  std::shared_ptr<child_launcher*> alive_ = std::make_shared<child_launcher*>(this);
  fd_watch control_watch_;
};

}  // namespace roost
