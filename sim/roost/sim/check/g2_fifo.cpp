#include <roost/sim/check/g2_fifo.hpp>

#include <string>

namespace roost::sim::check {

void g2_fifo::broke(scene const& at, facts const& known, findings& found) {
  found.add("G2",
            known.name(at.actor) + " started " + message_name(known, at) + " (sent at event " +
                std::to_string(at.message->event) + ") after message " + std::to_string(at.pair->last_started) +
                " of the same sender",
            at.seen);
}

}  // namespace roost::sim::check
