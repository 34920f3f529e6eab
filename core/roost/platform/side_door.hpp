#pragma once
// The seam through which threads that are none of a proc's workers reach its runtime.

#include <roost/base/unique_function.hpp>
#include <roost/base/units.hpp>

namespace roost {

/// Of one proc. From any thread, also once the proc is over.
class side_door {
 public:
  virtual ~side_door() = default;
  /// Runs `task`, which must not throw, inside the runtime, in the order of the calls. False: the proc is over, and it was dropped.
  virtual bool enter(unique_function<void()> task) = 0;
  /// Runs `how` while no other call of this and no look of `wait` runs, and has all who wait look again.
  virtual void change(unique_function<void()> how) = 0;
  /// Blocks the thread until `holds()`. False: `timeout` has passed, or the proc is over. Where no other thread could ever make it
  /// hold, it throws `errc::would_block` instead of blocking.
  virtual bool wait(unique_function<bool()> holds, nanoseconds timeout) = 0;
};

}  // namespace roost
