#pragma once
// G2: for one sender and one incarnation of a receiver, handlers start in the order of the sends.

#include <roost/sim/check/facts.hpp>

namespace roost::sim::check {

/// Judges each first start of a message: none of the same pair with a higher send number started before.
class g2_fifo {
 public:
  static constexpr std::uint64_t sees = kinds(observed::handler_started);

  void see(scene const& at, facts const& known, findings& found) {
    if (at.message == nullptr || at.message->started || at.actor != at.pair->receiver) return;
    if (at.seen.stamp.low < at.pair->last_started) broke(at, known, found);
  }
  void finish(facts const&, findings&) {}

 private:
  static void broke(scene const& at, facts const& known, findings& found);
};

}  // namespace roost::sim::check
