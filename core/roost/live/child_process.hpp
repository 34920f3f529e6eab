#pragma once
// A process that this one exec'd, a proc or a host agent: its control socket, its output, its end.

#include <roost/live/control_channel.hpp>
#include <roost/live/event_loop.hpp>
#include <roost/live/log.hpp>

#include <array>
#include <csignal>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace roost {

/// Where an exec'd process finds its control socket.
inline constexpr int child_socket = 3;

struct child_command {
  std::string executable;
  std::vector<std::string> arguments;  ///< From the first on, which is a name for people.
  output_origin origin;                ///< Of each line of its output.
  nanoseconds grace{0};                ///< What it gets to end by itself once it was hung up on.
};

class child_process;

/// Told from the loop.
class child_process_events {
 public:
  virtual void received(child_process& from, control_record record) = 0;
  /// Nothing of it is left, and what it had said was received; `status` is that of waitid. It may be destroyed now.
  virtual void ended(child_process& which, siginfo_t const& status) = 0;

 protected:
  ~child_process_events() = default;
};

/// Make and use it on the thread that lives as long as this process: the kernel kills what that thread started when it ends.
///
/// It has a process group of its own, so that Ctrl-C does not reach it, and its group goes with it when it ends. Its standard output
/// and standard error are forwarded to this one's log: each in order, in whole lines, each line with its origin. Where the log is JSON
/// it has a third pipe for its own log, at `child_log`.
class child_process final : control_channel_events {
 public:
  /// `first` waits for it at its control socket. Errors: `errc::unavailable`, naming the executable where that is the reason.
  static result<std::unique_ptr<child_process>> start(event_loop& loop, child_command const& command, control_record const& first,
                                                      child_process_events& events);
  /// Kills it where it has not ended.
  ~child_process();
  child_process(child_process const&) = delete;
  child_process& operator=(child_process const&) = delete;

  pid_t number() const noexcept { return process_; }
  /// Sends a record, or keeps it until there is room. Where the process is gone nothing happens.
  void send(control_record record) { control_->send(std::move(record)); }
  /// Receives what it has said so far.
  void read_control() { control_->read(); }
  void kill() noexcept;
  /// For how long it has been stopped by a signal, as far as was looked: calls tell it the time.
  nanoseconds stopped_for(instant now);

 private:
  struct stream {
    descriptor from;
    forwarded_lines lines;
    fd_watch watch = {};
  };

  child_process(child_command const& command, child_process_events& events);
  friend void end_all(std::vector<child_process*> living, clock const& time);
  void received(control_record record) override { events_.received(*this, std::move(record)); }
  /// The process descriptor tells what became of it.
  void hung_up() override {}
  std::array<stream*, 3> streams() noexcept { return {&output_, &errors_, &log_}; }
  static void forward(stream& from);
  void forget_watches();
  siginfo_t reap();
  void collect();

  child_process_events& events_;
  nanoseconds grace_;
  pid_t process_ = -1;
  descriptor pidfd_;
  std::optional<control_channel> control_;
  stream output_;
  stream errors_;
  stream log_;
  fd_watch exit_watch_;
  bool reaped_ = false;
  instant stopped_since_ = never;
};

/// Hangs up on all, and waits for their ends, which are told as ever; kills those that have not ended after their grace.
void end_all(std::vector<child_process*> living, clock const& time);

}  // namespace roost
