#include <roost/transports/limits.hpp>

namespace roost {
namespace {

knob const max_frame({"transport.local_max_frame", knob_unit::byte, 1 << 20, 4 << 10, 16 << 20,
                      "largest frame between procs of one host"});

}  // namespace

std::size_t local_max_frame(knob_values const& knobs) { return knobs.count(max_frame); }

}  // namespace roost
