#pragma once
// G3: a message is handled at most once, and if it is not handled its sender is told exactly once.

#include <roost/sim/check/facts.hpp>

namespace roost::sim::check {

/// Judges each message by its stamp: sent once; started at most once, by its receiver, at its endpoint, before that ended; told
/// at most once, to its sender, and never `not_handled` beside a start; a request gets one answer or is told, never both. Once
/// everything settled each message of a living sender was started or told.
///
/// Any fate but `unknown` claims that the message was not handled. The last records of a real proc that crashed may be missing, so
/// where there was one in a live run, a message that nobody sent is no violation.
class g3_handled_or_told {
 public:
  static constexpr std::uint64_t sees = kinds(observed::sent, observed::handler_started, observed::told, observed::reply_arrived);

  explicit g3_handled_or_told(bool simulated) : simulated_(simulated) {}

  void see(scene const& at, facts const& known, findings& found);
  void finish(facts const& known, findings& found);

 private:
  void see_start(scene const& at, facts const& known, findings& found);
  void see_told(scene const& at, facts const& known, findings& found);
  void see_reply(scene const& at, facts const& known, findings& found);

  bool simulated_;
};

}  // namespace roost::sim::check
