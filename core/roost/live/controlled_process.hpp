#pragma once
// A process at the far end of a control socket that writes to this one's log: a child, or an agent that was attached.

#include <roost/live/control_channel.hpp>
#include <roost/live/event_loop.hpp>
#include <roost/live/log.hpp>
#include <roost/live/spawn.hpp>

#include <array>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

namespace roost {

class clock;
class controlled_process;

/// How it ended.
struct process_end {
  int code = CLD_EXITED;  ///< As of waitid: si_code,
  int status = 0;         ///< and si_status.
  std::string lost = {};  ///< Where it cannot be waited for: what became of it.
};

/// "was killed by signal 9 (Killed)", "exited with code 3".
std::string fate_of(process_end const& end);

/// Told from the loop.
class process_events {
 public:
  virtual void received(controlled_process& from, control_record record) = 0;
  /// What it ran counts as gone from now on; `ended` follows.
  virtual void leaving(controlled_process&, error) {}
  /// Nothing of it is left, and what it had said was received. It may be destroyed now.
  virtual void ended(controlled_process& which, process_end const& end) = 0;

 protected:
  ~process_events() = default;
};

/// Its standard output and standard error are forwarded to this process's log: each in order, in whole lines, each line with its
/// origin; and its own log where that is JSON. Call only from the loop.
class controlled_process : control_channel_events {
 public:
  virtual ~controlled_process() = default;
  controlled_process(controlled_process const&) = delete;
  controlled_process& operator=(controlled_process const&) = delete;

  /// "process 17".
  virtual std::string name() const = 0;
  /// Sends a record, or keeps it until there is room. Where the process is gone nothing happens.
  void send(control_record record) { control_->send(std::move(record)); }
  /// Receives what it has said so far.
  void read_control() { control_->read(); }
  /// It ends soon, whatever it does; `ended` follows.
  virtual void kill() noexcept = 0;

 protected:
  /// `grace` is what it gets to end by itself once it was hung up on.
  controlled_process(output_origin const& origin, nanoseconds grace, process_events& events);
  void begin(event_loop& loop, descriptor control, output_pipes read);
  process_events& events() const noexcept { return events_; }
  void hang_up() noexcept;
  /// Receives and passes on what is left, and tells of the end; this may be destroyed then.
  void collect();

  /// Readable when it may have ended.
  virtual int end_descriptor() const noexcept = 0;
  /// Looks there: whether it has ended.
  virtual bool has_ended() = 0;
  /// After it has ended: what there is to say of that.
  virtual process_end reap() = 0;
  /// It is about to be hung up on in order.
  virtual void detach() noexcept {}
  /// It was killed and has not ended for another grace; does so at once where it can.
  virtual void give_up() noexcept {}

 private:
  struct stream {
    descriptor from;
    forwarded_lines lines;
    fd_watch watch = {};
  };
  friend void end_all(std::vector<controlled_process*> living, clock const& time);
  static void forward(stream& from);
  void received(control_record record) override { events_.received(*this, std::move(record)); }
  /// The end descriptor tells what became of it.
  void hung_up() override {}
  std::array<stream*, 3> streams() noexcept { return {&output_, &errors_, &log_}; }

  process_events& events_;
  nanoseconds grace_;
  std::optional<control_channel> control_;
  stream output_;
  stream errors_;
  stream log_;
  fd_watch end_watch_;
};

/// Hangs up on all, and waits for their ends, which are told as ever; kills those that have not ended after their grace.
void end_all(std::vector<controlled_process*> living, clock const& time);

}  // namespace roost
