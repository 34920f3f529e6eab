#pragma once
// What the C library's clocks, entropy and sleeps become while a simulated step runs on this thread.

#include <cstdint>
#include <string>

namespace roost::sim {

/// The simulated proc whose step runs, as the interposed calls of the C library see it (interpose/).
class inside {
 public:
  /// Nanoseconds of the host's monotonic clock; each look takes a little of the step's virtual time, so that spinning ends.
  virtual std::int64_t monotonic() = 0;
  virtual std::int64_t boot() = 0;
  virtual std::int64_t wall() = 0;
  /// The step blocks its lane for that long.
  virtual void blocks(std::int64_t nanoseconds) = 0;
  /// A word of the proc's own keyed stream.
  virtual std::uint64_t random_word() = 0;
  /// Who runs, for messages.
  virtual std::string name() const = 0;

 protected:
  ~inside() = default;
};

/// Null outside of simulated steps: everything passes straight through to the C library. One value a thread.
inside* inside_now() noexcept;
void set_inside(inside* step) noexcept;

}  // namespace roost::sim
