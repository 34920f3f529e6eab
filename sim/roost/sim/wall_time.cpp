#include <roost/sim/wall_time.hpp>

#include <chrono>

namespace roost::sim {

std::int64_t wall_nanoseconds() noexcept {
  // banned-call: stops a run that takes too long, which has no verdict then
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace roost::sim
