#pragma once
// Procs as threads of one process, for tests and for programs that need no protection from each other. They share memory by
// accident only: all they say goes through a transport.

#include <roost/live/fwd.hpp>
#include <roost/live/platform.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace roost {

/// The procs of one process. Any of them may launch others; the first thread_launcher is the root's, which is told of them.
/// Outlives every thread_launcher.
class thread_group {
 public:
  using transport_maker = std::function<std::unique_ptr<transport>(live_platform&)>;
  using options_maker = std::function<live_options(launch_request const&)>;

  /// `program`, `make_transport` and `make_options` are called on the threads of the procs, several at a time.
  /// `hosts` are those that the procs take themselves to be on; empty: the one of whoever asks.
  thread_group(proc_program& program, transport_maker make_transport, options_maker make_options,
               std::vector<host_id> hosts = {});
  /// Ends what still runs, in order, and waits for it: a handler that never returns is waited for.
  ~thread_group();
  thread_group(thread_group const&) = delete;
  thread_group& operator=(thread_group const&) = delete;

 private:
  friend class thread_launcher;
  struct member {
    std::thread thread;
    std::string name = {};
    live_platform* platform = nullptr;  // While its loop runs.
    bool killed = false;
    bool ended = false;
    error end = {};
  };

  bool start(launch_request request, proc_id parent);
  void run(launch_request request, proc_id parent);
  void kill(proc_id id);
  std::vector<host_proc_status> procs_of(host_id where);
  void add(thread_launcher& launcher);
  void remove(thread_launcher& launcher);
  void tell(proc_id parent, std::function<void(launcher_events&)> what);
  void tell_locked(proc_id whom, std::function<void(launcher_events&)> what);

  proc_program& program_;
  transport_maker make_transport_;
  options_maker make_options_;
  std::vector<host_id> hosts_;
  std::mutex changing_;
  bool ending_ = false;
  std::optional<proc_id> root_;
  std::map<proc_id, member> members_;
  std::map<proc_id, thread_launcher*> launchers_;
};

/// The launcher seam of one proc of a group.
class thread_launcher final : public live_launcher {
 public:
  thread_launcher(thread_group& group, live_platform& platform, std::function<void()> on_running = {});
  ~thread_launcher() override;

  void attach(launcher_events* events) override { events_ = events; }
  std::vector<host_id> hosts() const override;
  void launch(launch_request request) override;
  void kill(proc_id id) override { group_.kill(id); }
  void look_at_host() override;
  void finish(error why) override { executor_.finish(std::move(why)); }
  void running() override;

 private:
  friend class thread_group;
  thread_group& group_;
  live_executor& executor_;
  proc_id self_;
  std::function<void()> on_running_;
  launcher_events* events_ = nullptr;
  std::shared_ptr<thread_launcher*> alive_ = std::make_shared<thread_launcher*>(this);
};

}  // namespace roost
