#pragma once
// Where the control plane of a proc has a thread of its own: who may touch it, and how it reaches the proc's handlers.

#include <roost/base/unique_function.hpp>

namespace roost {

/// Sessions, transport and launcher of one proc run under this gate: driven by the proc's own loop between handlers, or by a
/// thread that stands in while a handler keeps the loop busy.
class control_gate {
 public:
  virtual ~control_gate() = default;
  /// From the proc's own loop, or from what the stand-in runs, which is inside already: nobody else is inside until `leave`. May be
  /// nested; no handler waits in between.
  virtual void enter() = 0;
  virtual void leave() noexcept = 0;
  /// From inside: the stand-in is at work, and what is to be told to the proc has to be posted.
  virtual bool standing_in() const noexcept = 0;
  /// From inside, while standing in: the proc's own loop runs `task`, after what was posted before and before anything that it
  /// hears itself.
  virtual void post(unique_function<void()> task) = 0;
};

/// Inside for a scope. Null: one thread does everything.
class control_hold {
 public:
  explicit control_hold(control_gate* gate) : gate_(gate) {
    if (gate_ != nullptr) gate_->enter();
  }
  ~control_hold() {
    if (gate_ != nullptr) gate_->leave();
  }
  control_hold(control_hold const&) = delete;
  control_hold& operator=(control_hold const&) = delete;

 private:
  control_gate* gate_;
};

}  // namespace roost
