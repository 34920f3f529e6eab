#pragma once
// What the parts of the workload share: how they draw, and how they count what runs.

#include <roost/roost.hpp>

#include <cstdint>

namespace roost::workload {

inline nanoseconds between(nanoseconds low, nanoseconds high) {
  return low + nanoseconds(static_cast<std::int64_t>(random_below(static_cast<std::uint64_t>((high - low).count()))));
}
inline bool one_in(std::uint64_t n) { return random_below(n) == 0; }

/// Counts a handler for its lifetime.
class counted {
 public:
  explicit counted(std::uint32_t& count) : count_(count) { ++count_; }
  ~counted() { --count_; }
  counted(counted const&) = delete;
  counted& operator=(counted const&) = delete;

 private:
  std::uint32_t& count_;
};

/// Marks an exclusive handler for its lifetime, and checks that it is the only one.
class alone : counted {
 public:
  explicit alone(std::uint32_t& count) : counted(count) { always(count == 1, "G1 (workload): one handler at a time"); }
};

}  // namespace roost::workload
