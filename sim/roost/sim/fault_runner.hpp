#pragma once
// Carries out a fault plan: each operation at its time or at its trigger, and the end of what lasts.

#include <roost/base/ids.hpp>
#include <roost/sim/event_queue.hpp>
#include <roost/sim/fault_plan.hpp>
#include <roost/sim/target.hpp>

#include <cstdint>
#include <vector>

namespace roost::sim {

class engine;
class proc;

class fault_runner {
 public:
  fault_runner(engine& sim, fault_plan plan) : engine_(sim), plan_(std::move(plan)) {}

  /// Schedules what is timed, and the heal after everything.
  void begin();
  /// No more faults: heals everything and lets the program settle. Harmless when it is over already.
  void end();
  /// A handler of `endpoint` starts in `where`; an operation that waits for it strikes at once.
  void handler_starts(endpoint_id endpoint, proc& where) {
    if (!triggers_.empty()) count_handler(endpoint, where);
  }
  fault_plan const& plan() const noexcept { return plan_; }
  /// Operations that hit an open channel.
  std::uint64_t hits() const noexcept { return hits_; }
  /// When the plan is over; 0 without one.
  moment quiet_at() const noexcept { return quiet_at_; }

 private:
  struct trigger {
    endpoint_id endpoint;
    std::uint64_t left;
    std::size_t operation;
  };

  void count_handler(endpoint_id endpoint, proc& where);
  void strike(std::size_t index);
  void strike_procs(fault_operation const& operation, std::size_t index);
  void strike_hosts(fault_operation const& operation, std::size_t index);
  void crash_soon(proc& who, std::size_t index);
  void lasting(fault_operation const& operation, std::size_t index, std::uint64_t name);
  std::vector<proc*> targets(fault_operation const& operation, bool whole_hosts);
  void heal();
  entity_key key_of(std::size_t index) const;
  bool spared(fault_operation const& operation, proc const& who) const;

  engine& engine_;
  fault_plan plan_;
  std::vector<trigger> triggers_;
  moment quiet_at_ = 0;
  std::uint64_t hits_ = 0;
  bool over_ = false;
};

}  // namespace roost::sim
