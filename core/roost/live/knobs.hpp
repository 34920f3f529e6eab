#pragma once
// Knobs that several parts of the live platform read.

#include <roost/base/knobs.hpp>

namespace roost::live_knobs {

extern knob const spin;         ///< How long an idle loop or worker looks around before it sleeps.
extern knob const stuck_after;  ///< How long a handler runs without a pause before it is named in the log.

}  // namespace roost::live_knobs
