#pragma once
// A handler, or code that it offloaded, that has used up its stack runs into the guard page under it. Its last word names it; then the
// process ends by the signal as it would have.

#include <roost/base/fiber.hpp>
#include <roost/base/ids.hpp>
#include <roost/platform/progress.hpp>

namespace roost {

/// While this lives, an overflow on the calling thread, in a fiber of `fibers`, is reported on standard error. All outlive it. Does
/// nothing under sanitizers, which report such things themselves.
class overflow_report {
 public:
  overflow_report(fiber_pool const& fibers, progress_page const& progress, proc_id self);
  /// The same of the thread's own stack, on which code runs that handlers have offloaded.
  overflow_report(progress_page const& progress, proc_id self);
  ~overflow_report();
  overflow_report(overflow_report const&) = delete;
  overflow_report& operator=(overflow_report const&) = delete;

 private:
  void start(fiber_pool const* fibers, progress_page const& progress, proc_id self);

  [[maybe_unused]] void* stack_ = nullptr;
};

}  // namespace roost
