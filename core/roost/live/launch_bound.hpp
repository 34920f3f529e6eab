#pragma once
// How long a launch may take: a proc's or a host agent's, from the asking until its loop runs.

#include <roost/base/knobs.hpp>

namespace roost {

extern knob const launch_bound;  ///< "live.launch_bound"

}  // namespace roost
