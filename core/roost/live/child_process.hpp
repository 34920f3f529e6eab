#pragma once
// A process that this one exec'd, a proc or a host agent.

#include <roost/live/controlled_process.hpp>

#include <memory>
#include <string>
#include <vector>

namespace roost {

struct child_command {
  std::string executable;
  std::vector<std::string> arguments;  ///< From the first on, which is a name for people.
  output_origin origin;                ///< Of each line of its output.
  nanoseconds grace{0};                ///< What it gets to end by itself once it was hung up on.
};

/// Make and use it on the thread that lives as long as this process: the kernel kills what that thread started when it ends.
///
/// It has a process group of its own, so that Ctrl-C does not reach it, and its group goes with it when it ends. Where the log is JSON
/// it has a third pipe for its own log, at `child_log`.
class child_process final : public controlled_process {
 public:
  /// `first` waits for it at its control socket. Errors: `errc::unavailable`, naming the executable where that is the reason.
  static result<std::unique_ptr<child_process>> start(event_loop& loop, child_command const& command, control_record const& first,
                                                      process_events& events);
  /// Kills it where it has not ended.
  ~child_process() override;

  pid_t number() const noexcept { return process_; }
  std::string name() const override { return "process " + std::to_string(process_); }
  void kill() noexcept override;
  /// For how long it has been stopped by a signal, as far as was looked: calls tell it the time.
  nanoseconds stopped_for(instant now);

 private:
  child_process(child_command const& command, process_events& events)
      : controlled_process(command.origin, command.grace, events) {}
  int end_descriptor() const noexcept override { return pidfd_.get(); }
  bool has_ended() override { return true; }
  process_end reap() override;

  pid_t process_ = -1;
  descriptor pidfd_;
  bool reaped_ = false;
  instant stopped_since_ = never;
};

}  // namespace roost
