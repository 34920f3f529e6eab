#pragma once
// The only place where the simulator asks what time it really is: to stop a run that takes too long.

#include <cstdint>

namespace roost::sim {

/// Real nanoseconds of a clock that never goes back.
std::int64_t wall_nanoseconds() noexcept;

}  // namespace roost::sim
