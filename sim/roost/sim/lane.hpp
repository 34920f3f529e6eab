#pragma once
// A lane is one party of a simulated proc: it runs one step at a time, and each step keeps it busy for some virtual time.

#include <roost/platform/executor.hpp>
#include <roost/sim/event_queue.hpp>
#include <roost/sim/ready_set.hpp>

#include <cstdint>

namespace roost::sim {

class engine;
class proc;

/// Something that happens to a proc from outside (a frame, a timer, a launcher's word) and runs on its control lane when that is
/// free. It is an event first; then it waits its turn in the lane's inbox; then it runs and frees itself.
class control_item : public event {
 public:
  /// The step. Frees or re-uses the item before it calls into the proc.
  virtual void run() = 0;
  /// The proc is gone before the item ran: frees it.
  virtual void drop() = 0;

 protected:
  ~control_item() = default;

 private:
  friend class lane_runner;
  control_item* behind_ = nullptr;
};

/// Runs the steps of one lane.
class lane_runner final : public event {
 public:
  lane_runner(engine& sim, proc& owner, lane which, entity_key key, ready_set ready);

  void ready(runnable& r);
  void withdraw(runnable& r);
  /// The item's moment has come: it runs now when the lane is free, else in its turn.
  void offer(control_item& item);
  /// Takes `item` out of the inbox; false when it is not there.
  bool retract(control_item& item);
  /// Sees to it that the lane goes on when it has something to do.
  void kick();
  /// The lane can start nothing before `until`; an earlier moment lets it go on.
  void hold(moment until);
  /// The step that runs declares that it takes longer.
  void spend(moment duration) noexcept {
    busy_until_ += duration;
    spent_ += duration;
  }
  moment busy_until() const noexcept { return busy_until_; }
  /// What the step that runs has declared.
  moment spent() const noexcept { return spent_; }
  /// Forgets all that is queued.
  void clear();
  void make_fair() { ready_.make_fair(); }
  proc& owner() noexcept { return owner_; }
  lane which() const noexcept { return which_; }
  /// Whether what becomes ready now could run at once.
  bool idle() const noexcept;
  /// Whether the last step of `who` takes until later.
  bool works_for(entity_key who) const noexcept;

  void fire() override;

 private:
  friend class engine;
  bool has_work() const noexcept { return inbox_ != nullptr || !ready_.empty(); }
  moment start_time() const noexcept;
  void run_item();
  void run_runnable();

  engine& engine_;
  proc& owner_;
  entity_key key_;
  std::uint64_t turns_ = 0;
  std::uint64_t scheduled_ = 0;
  moment busy_until_ = 0;
  moment held_until_ = 0;
  moment spent_ = 0;
  entity_key last_;  ///< Whose step ran last.
  control_item* inbox_ = nullptr;
  control_item* inbox_last_ = nullptr;
  ready_set ready_;
  lane which_;
  bool running_ = false;
  bool item_was_last_ = false;
};

}  // namespace roost::sim
