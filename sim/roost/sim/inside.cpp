#include <roost/sim/inside.hpp>

namespace roost::sim {
namespace {

thread_local constinit inside* current =
    nullptr;  // banned-call: hunts and live threads share the interposer, each outside of steps

}  // namespace

inside* inside_now() noexcept { return current; }
void set_inside(inside* step) noexcept { current = step; }

}  // namespace roost::sim
