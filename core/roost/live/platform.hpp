#pragma once
// All seams of one proc on a real machine, and the loop that runs its program.

#include <roost/base/error.hpp>
#include <roost/base/knobs.hpp>
#include <roost/live/clock.hpp>
#include <roost/live/entropy.hpp>
#include <roost/live/event_loop.hpp>
#include <roost/live/executor.hpp>
#include <roost/live/log.hpp>
#include <roost/live/store.hpp>
#include <roost/platform/platform.hpp>

#include <csignal>
#include <functional>
#include <memory>
#include <string>

namespace roost {

struct live_options {
  proc_id self = {};
  std::string name = "root";    ///< Decoration; the proc's key is made of it.
  std::string log_prefix = {};  ///< Before each line of the log; "[h0/p1.1] " for a root.
  log_level least = log_level::info;
  std::string directory = ".";  ///< Where the store keeps its files.
  std::string run = {};         ///< How the run is called by who asks what its procs do; empty: they do not answer.
  std::string network = {};     ///< Path of the network namespace in which they answer; empty: their own.
  bool catch_signals = false;   ///< The first SIGINT or SIGTERM ends the loop in order; a second one kills, see `relay_signal`.
  roost::observer* observer = nullptr;
  probe_sink* probes = nullptr;
  knob_values knobs = {};
  /// Called before a frame leaves the proc, so that a record of what led to it can be safe first. Empty: nothing is.
  std::function<void()> before_send = {};
  /// Called when the loop is over, before the program is unwound: what still happens is not observed.
  std::function<void(error const& why)> over = {};
};

/// Hands a signal that a process sent on to a child of the calling process, where one that reached both, because it was sent to their
/// process group, counts once. The kernel's own, such as a terminal's, reach both by themselves, and are not handed on.
void relay_signal(pid_t to, siginfo_t const& caught);

/// What a launcher of a real machine is told beyond its seam.
class live_launcher : public launcher {
 public:
  /// The proc has begun and its loop is about to run.
  virtual void running() {}
};

/// One proc's platform. Make it, its transport and its launcher on the thread that will call `run`, in this order.
class live_platform {
 public:
  explicit live_platform(live_options options);
  ~live_platform();
  live_platform(live_platform const&) = delete;
  live_platform& operator=(live_platform const&) = delete;

  event_loop& loop() noexcept { return loop_; }
  live_executor& executor() noexcept { return executor_; }
  live_options const& options() const noexcept { return options_; }

  /// Makes the proc's runtime, runs its loop until its launcher's `finish` (or a signal), unwinds and destroys it; returns what
  /// `finish` was given. Once per platform.
  error run(proc_program& program, shared_bytes bootstrap, transport& bytes_to_peers, live_launcher& procs);

 private:
  live_options options_;
  event_loop loop_;
  live_clock clock_;
  live_entropy entropy_;
  live_entropy control_entropy_;  ///< The stand-in draws while a handler does.
  live_store store_;
  process_log log_;
  live_executor executor_;
  descriptor signals_;
  fd_watch signal_watch_;
};

}  // namespace roost
