#pragma once
// A worker: this executable once more, in a process of its own, which does one job after the other. So a crash costs one seed, a
// run that hangs can be ended, and a used process can be compared with a fresh one.

#include <roost/platform/launcher.hpp>
#include <tools/simulation.hpp>

#include <string>
#include <string_view>

namespace roost::tools {

/// The internal subcommand that makes a process a worker.
inline constexpr std::string_view worker_command = "__sim-worker";
/// After `worker_command`: standard error is a file for this worker alone, emptied before each job.
inline constexpr std::string_view worker_log_option = "--own-log";

/// The worker's side: reads a simulation and jobs on standard input and writes outcomes on standard output until the input ends.
/// What the program prints goes to standard error. Returns the exit code of the process.
int work(int argc, char** argv, proc_program* program);

/// The command's side. Not for several threads; workers die with the thread that started them.
class worker {
 public:
  /// Starts one. `own_log`: what it prints is caught, to be shown if it dies; else it goes to this process's standard error.
  /// Errors: `errc::launch_failed`.
  static result<worker> start(simulation const& what, bool own_log);
  worker(worker&& other) noexcept;
  worker& operator=(worker&& other) noexcept;
  /// Kills it if it still runs.
  ~worker();

  void send(job const& work);
  /// Readable when there is more to `read`.
  int answers() const noexcept { return output_; }
  enum class state { busy, answered, dead };
  /// Takes in what has come, without waiting for more; `line` is the answer when there is one.
  state read(std::string& line);
  /// What it does just now: "in Player.hit of Player team[gpu=1/2] (h0/p1.1/a7)". Empty where it does not say so within half a second.
  /// What it answered otherwise is lost.
  std::string where();
  /// Kills it and says how it had ended: "killed by signal 6 (Aborted), in Player.hit of Player team[gpu=1/2] (h0/p1.1/a7)".
  std::string end();
  /// Asks it to end and waits at most ten seconds. Empty when it ended well.
  std::string retire();
  /// The last lines that it printed, when they were caught.
  std::string log() const;

 private:
  worker() = default;
  void close_all() noexcept;

  int pid_ = -1;
  int input_ = -1;   ///< Its standard input.
  int output_ = -1;  ///< Its standard output.
  int log_ = -1;
  std::string pending_;
  std::string last_words_;
};

}  // namespace roost::tools
