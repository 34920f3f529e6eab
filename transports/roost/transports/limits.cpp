#include <roost/transports/limits.hpp>

namespace roost {
namespace {

knob const max_frame({"transport.local_max_frame", knob_unit::byte, (64 << 20) + (64 << 10), 4 << 10, 1 << 30,
                      "largest frame between procs of one host"});

}  // namespace

std::size_t local_max_frame(knob_values const& knobs) { return knobs.count(max_frame); }

}  // namespace roost
