#include <roost/sim/inside.hpp>

namespace roost::sim {
namespace {

// banned-call: programs with real threads hold the interposer too, and pass through it outside of steps
thread_local constinit inside* current = nullptr;

}  // namespace

inside* inside_now() noexcept { return current; }
void set_inside(inside* step) noexcept { current = step; }

}  // namespace roost::sim
