#pragma once
// The constants of the actor floor.

#include <roost/base/knobs.hpp>

namespace roost::detail::knobs {

extern knob const lease;           ///< "actor.lease"
extern knob const tombstones;      ///< "actor.tombstones"
extern knob const flight_entries;  ///< "actor.flight_entries"
extern knob const launch_bound;    ///< "actor.launch_bound"
extern knob const unknown_hold;    ///< "actor.unknown_hold"
extern knob const cycle_probe;     ///< "actor.cycle_probe"
extern knob const shutdown_bound;  ///< "actor.shutdown_bound"
extern knob const verdict_gather;  ///< "actor.verdict_gather"

/// Defined by the link floor, and the same within a proc as between procs.
knob const& credit_messages();
knob const& credit_bytes();

}  // namespace roost::detail::knobs
