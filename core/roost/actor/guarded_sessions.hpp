#pragma once
// The sessions of a proc as its handlers reach them: under the gate of the control plane, where there is one.

#include <roost/link/session_table.hpp>
#include <roost/platform/control_gate.hpp>

#include <memory>

namespace roost::detail {

/// `sessions->f()` is inside the gate while the call lasts. From the proc's own loop.
class guarded_sessions {
 public:
  guarded_sessions();
  ~guarded_sessions();
  /// The sessions tell `events`, on the proc's own loop. All outlive it.
  void open(platform& seams, link::identity who, link::session_events& events, nanoseconds lease);

  class held {
   public:
    held(control_gate* gate, link::session_table* table) : hold_(gate), table_(table) {}
    link::session_table* operator->() const noexcept { return table_; }

   private:
    control_hold hold_;
    link::session_table* table_;
  };
  held operator->() const { return inside(); }
  /// For several calls.
  held inside() const { return {gate_, table_.get()}; }
  /// From inside the gate, on whatever thread.
  link::session_table& table() const noexcept { return *table_; }

 private:
  class relay;
  control_gate* gate_ = nullptr;
  std::unique_ptr<relay> relay_;
  std::unique_ptr<link::session_table> table_;
};

}  // namespace roost::detail
