#pragma once
// The judge: all checkers of one run behind one door. It judges simulated runs as they happen and recorded live runs afterwards.

#include <roost/sim/check/observation.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace roost::sim::check {

/// What the checkers must know of the run beside its observations.
struct judge_settings {
  std::int64_t credit_messages = 64;    ///< Credit per (sender, receiver), as the run's knob says.
  std::int64_t credit_bytes = 1 << 20;  ///< Credit in bytes per (sender, receiver).
  nanoseconds detection_bound = 3s;     ///< A wait ends this long after what it waits for was lost, handlers' time included.
  nanoseconds cleanup_bound = 3s;       ///< An actor that ends is gone this long after it began to.
  nanoseconds orphan_bound = 7s;        ///< An actor's handlers start at most this long after its owner ended.
  nanoseconds settle_limit = 60s;       ///< Everything ends this long after `healed`.
  nanoseconds hop_slack = 1s;           ///< A call made in a handler may have a deadline this much after its own call's.
  bool calm = false;                    ///< Nothing breaks, so nobody who lives fails.
  bool simulated = true;                ///< False: a recorded live run, whose times come from several procs of one host.
};

/// Sees every observation of a run, in causal order, and collects the promises that broke.
///
/// Knows nothing of the runtime but what its users' code could see. One thread at a time. The same observations give the same
/// violations in the same order. Some 100 ns a message for all checkers together.
class judge {
 public:
  explicit judge(judge_settings settings);
  ~judge();
  judge(judge&&) noexcept;
  judge& operator=(judge&&) noexcept;
  judge(judge const&) = delete;
  judge& operator=(judge const&) = delete;

  void see(observation const& seen);
  /// Says what only the end of a run shows: messages that were lost, waits that nobody ends. Call once, after the last `see`;
  /// what must have settled is judged only where `settled` was seen.
  void finish();

  /// In the order found; the first is the one to report.
  std::vector<violation> const& violations() const noexcept;
  /// Who waits for whom now, one line per open wait: "h0/p1.1/a3 waits for h0/p2.1/a4 (reply, since 1.2s)". Cycles are marked.
  std::string wait_graph() const;
  /// A promise broke, so going on shows nothing that a reader needs.
  bool wants_stop() const noexcept;
  /// Handlers started for messages so far.
  std::uint64_t messages() const noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace roost::sim::check
