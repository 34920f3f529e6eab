#include <roost/actor/knobs.hpp>

namespace roost::detail::knobs {

knob const lease({"actor.lease", knob_unit::nanosecond, 3'000'000'000, 500'000'000, 6'000'000'000,
                  "How long a proc lives without a word from the proc that launched it, and an actor from its owner's."});
knob const tombstones({"actor.tombstones", knob_unit::count, 4096, 16, 65536,
                       "Ended actors of a proc whose end is remembered, to tell late senders why."});
knob const flight_entries({"actor.flight_entries", knob_unit::count, 256, 16, 65536,
                           "Handler starts that a proc's flight recorder keeps."});
knob const launch_bound({"actor.launch_bound", knob_unit::nanosecond, 10'000'000'000, 2'000'000'000, 60'000'000'000,
                         "How long a launched proc may take to run before its silence counts."});
knob const unknown_hold({"actor.unknown_hold", knob_unit::nanosecond, 2'000'000'000, 1'000'000'000, 5'000'000'000,
                         "How long a message waits for the spawn of its receiver."});
knob const cycle_probe({"actor.cycle_probe", knob_unit::nanosecond, 50'000'000, 1'000'000, 500'000'000,
                        "How often a sender that waits for room asks whether it waits for itself."});
knob const shutdown_bound({"actor.shutdown_bound", knob_unit::nanosecond, 2'000'000'000, 100'000'000, 5'000'000'000,
                           "How long launched procs get to end by themselves before they are killed."});
knob const verdict_gather({"actor.verdict_gather", knob_unit::nanosecond, 2'000'000, 10'000, 50'000'000,
                           "How long a proc that ends gathers the ends of others before it passes them on."});

knob const& credit_messages() {
  static knob const& found = *find_knob("link.credit_messages");
  return found;
}
knob const& credit_bytes() {
  static knob const& found = *find_knob("link.credit_bytes");
  return found;
}

}  // namespace roost::detail::knobs
