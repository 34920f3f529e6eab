#pragma once
// The columns of transports of this machine.

#include <roost/base/knobs.hpp>
#include <tests/conformance/adapter.hpp>

namespace roost::conformance {

adapter const& loopback_adapter();
adapter const& shm_adapter();
/// Of procs of one host.
knob_values local_knobs(limits const& wanted);

}  // namespace roost::conformance
