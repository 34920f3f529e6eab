#pragma once
// G3: a message is handled at most once, and if it is not handled its sender is told exactly once.

#include <roost/sim/check/facts.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace roost::sim::check {

/// Judges each message by its stamp: sent once; started at most once, by its receiver, at its endpoint, as large as it was, before
/// that ended; told at most once, to its sender, and never `not_handled` beside a start; a request gets one answer or is told,
/// never both. Once everything settled each message of a living sender was started or told; and before that, where its receiver
/// has been idle for a second or has started a later one of the same sender, within the detection bound.
///
/// A sender is not told that its receiver is not there while that lives, or is an agent of a proc that does, nor that it has
/// stopped where the sender alone asked for that, and later. A port for one value gives one.
///
/// Any fate but `unknown` claims that the message was not handled. The last records of a real proc that crashed may be missing, so
/// where there was one in a live run, a message that nobody sent is no violation.
class g3_handled_or_told {
 public:
  static constexpr std::uint64_t sees =
      kinds(observed::sent, observed::handler_started, observed::told, observed::reply_arrived, observed::end_asked,
            observed::value_received, observed::wait_ended, observed::healed);

  g3_handled_or_told(bool simulated, nanoseconds detection_bound) : simulated_(simulated), detection_bound_(detection_bound) {}

  void see(scene const& at, facts const& known, findings& found);
  /// At what should have happened by now; after some observation of each quarter of a second.
  void look(scene const& at, facts const& known, findings& found);
  void finish(facts const& known, findings& found);

 private:
  void see_start(scene const& at, facts const& known, findings& found);
  void see_told(scene const& at, facts const& known, findings& found);
  void see_reply(scene const& at, facts const& known, findings& found);
  void see_stop(scene const& at);
  void see_received(scene const& at, facts const& known, findings& found);
  std::string_view why_wrong(scene const& at, facts const& known) const;
  void pass_over(scene const& at, facts const& known);
  void look_at_passed(facts const& known, findings& found);

  /// A message whose sender is to be told, since its receiver has started a later one.
  struct passed_over {
    std::uint32_t ledger = nobody;
    std::uint64_t number = 0;
    instant at{};
  };
  struct stop {
    std::uint32_t by = nobody;  ///< `nobody`: several asked.
    std::uint64_t event = 0;
  };

  static constexpr std::uint64_t last_agent = 5;  ///< Local ids up to it are known to all, and stand for agents.
  static constexpr std::size_t most_given = 64;   ///< So many ports for one value are remembered.
  static constexpr std::size_t most_passed_over = 4'096;
  static constexpr std::uint64_t most_searched = 100'000'000;  ///< Some seconds: records may be made up.

  bool simulated_;
  nanoseconds detection_bound_;
  std::map<std::uint32_t, stop> stops_;  ///< By who is to end once it has drained.
  std::vector<actor_id> given_;          ///< Ports for one value that gave it: a ring.
  std::size_t next_given_ = 0;
  std::vector<passed_over> passed_over_;
  bool too_many_ = false;       ///< Were passed over to look at more.
  std::uint64_t searched_ = 0;  ///< Messages, for those that were passed over.
  instant next_look_ = never;   ///< At messages that are on their way for too long.
  std::size_t passed_ = 0;      ///< Looks since then that were left out.
  bool lost_ = false;           ///< One was found; more would say the same.
};

}  // namespace roost::sim::check
