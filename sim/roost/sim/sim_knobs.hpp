#pragma once
// What the simulator itself draws per seed, besides the knobs of the runtime.

#include <roost/base/knobs.hpp>

namespace roost::sim {

extern knob const knob_handler_time;
extern knob const knob_workers;
extern knob const knob_control_time;
extern knob const knob_launch_time;
extern knob const knob_connect_timeout;
extern knob const knob_in_flight_bytes;
extern knob const knob_local_latency;

}  // namespace roost::sim
