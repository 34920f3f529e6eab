#pragma once
// What a run leaves behind: the digest over its events, the trace of the same events, and what the judge says of them.

#include <roost/base/digest.hpp>
#include <roost/sim/check/judge.hpp>
#include <roost/sim/event_queue.hpp>
#include <roost/sim/run.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace roost::sim {

/// The kinds of events. Their values enter the digest.
enum class record : std::uint64_t {
  proc_started = 1,
  proc_ended,
  proc_crashed,
  launch,
  step,  ///< A runnable runs: lane, key, its own step.
  timer,
  connect,
  accepted,
  connected,
  frame_sent,  ///< Link, its own number, size, hash of the bytes.
  frame_lost,
  frame_arrived,
  closed,
  writable,
  fault,
  fault_over,
  healed,
  observed,  ///< One observation: what, who, which.
  drawn,
  finished,
  stored,
};

/// Numbers the events of one run. Text is made only when a trace is asked for.
class recorder {
 public:
  recorder(run_options const& options, check::judge_settings settings);

  /// One event, as numbers that are the same in every build: no addresses, no sizes of types.
  void note(record kind, std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0, std::uint64_t d = 0, std::uint64_t e = 0);
  bool tracing() const noexcept { return trace_ != nullptr && !full_; }
  /// The text of the event that was noted last, or of something that is no event (a log line). Only while `tracing`.
  void say(std::string text);
  /// Hands an observation to the judge; `seen` gets its time and event number.
  void see(check::observation& seen);
  /// An assertion of the program or of the engine broke.
  void violated(std::string promise, std::string what);

  void set_now(moment now) noexcept { now_ = now; }
  moment now() const noexcept { return now_; }
  std::uint64_t events() const noexcept { return events_; }
  /// The limit of events was reached, or going on shows nothing more.
  bool wants_stop() const noexcept { return full_ || judge_.wants_stop() || !own_.empty(); }
  check::judge& judge() noexcept { return judge_; }
  /// All violations, in the order of their events.
  std::vector<check::violation> violations() const;
  hash128 digest();

 private:
  void flush();

  std::function<void(trace_event const&)> const* trace_ = nullptr;
  check::judge judge_;
  std::vector<check::violation> own_;
  rolling_digest digest_;
  std::array<std::uint64_t, 512> words_{};
  std::size_t used_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t limit_ = 0;
  moment now_ = 0;
  bool full_ = false;
};

}  // namespace roost::sim
