#include <roost/sim/sim_knobs.hpp>

namespace roost::sim {

knob const knob_handler_time({"sim.handler_time", knob_unit::nanosecond, 1'000, 100, 50'000,
                              "Virtual time of one step of a handler; each step draws from half of it to one and a half."});
knob const knob_workers({"sim.workers", knob_unit::count, 1, 1, 4,
                         "Workers of each proc: so many handlers of actors that are not dedicated may overlap in virtual time."});
knob const knob_control_time({"sim.control_time", knob_unit::nanosecond, 200, 20, 5'000,
                              "Virtual time of one step of a proc's control plane: a frame, a timer, an agent's message."});
knob const knob_launch_time({"sim.launch_time", knob_unit::nanosecond, 5'000'000, 100'000, 500'000'000,
                             "Virtual time to start a proc; each launch draws from half of it to one and a half."});
knob const knob_connect_timeout({"sim.connect_timeout", knob_unit::nanosecond, 1'000'000'000, 200'000'000, 5'000'000'000,
                                 "Time after which a connection that nobody answers is given up."});
knob const knob_in_flight_bytes({"sim.in_flight_bytes", knob_unit::byte, 4 << 20, 64 << 10, 16 << 20,
                                 "Bytes under way in one direction of a connection before a send finds it full."});
knob const knob_local_latency({"sim.local_latency", knob_unit::nanosecond, 5'000, 1'000, 100'000,
                               "Latency between two procs of one host; each frame draws from half of it to one and a half."});

}  // namespace roost::sim
