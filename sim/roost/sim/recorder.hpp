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
  template <class... Words>
  void note(record kind, Words... facts) noexcept {
    constexpr std::size_t words = 2 + sizeof...(facts);
    if (events_ >= limit_) full_ = true;
    if (full_) return;
    ++events_;
    if (used_ + words > words_.size()) flush();
    std::uint64_t* to = &words_[used_];
    *to++ = static_cast<std::uint64_t>(now_);
    *to++ = static_cast<std::uint64_t>(kind) | (std::uint64_t{words} << 32);
    ((*to++ = static_cast<std::uint64_t>(facts)), ...);
    used_ += words;
  }
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
  bool wants_stop() const noexcept { return full_ || broken_; }
  check::judge& judge() noexcept { return judge_; }
  /// All violations, in the order of their events.
  std::vector<check::violation> violations() const;
  hash128 digest();

 private:
  void flush() noexcept;

  std::function<void(trace_event const&)> const* trace_ = nullptr;
  check::judge judge_;
  std::vector<check::violation> own_;
  rolling_digest digest_;
  std::array<std::uint64_t, 512> words_{};
  std::size_t used_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t limit_ = ~std::uint64_t{0};
  moment now_ = 0;
  bool full_ = false;
  bool broken_ = false;  ///< A promise did not hold.
};

}  // namespace roost::sim
