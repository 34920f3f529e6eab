#pragma once
// Limits that all transports of one host share.

#include <roost/base/knobs.hpp>

#include <cstddef>

namespace roost {

/// Largest frame of a transport between procs of one host.
std::size_t local_max_frame(knob_values const& knobs);

}  // namespace roost
