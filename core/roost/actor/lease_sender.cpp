#include <roost/actor/lease_sender.hpp>

#include <roost/actor/agent.hpp>
#include <roost/actor/knobs.hpp>

namespace roost::detail {

lease_sender::~lease_sender() {
  control_hold const hold(gate_);
  seams_->clock->disarm(*this);
}

void lease_sender::add(proc_id child) {
  control_hold const hold(gate_);
  children_.insert(child);
  if (!armed()) seams_->clock->arm(*this, seams_->clock->now());
}

void lease_sender::remove(proc_id child) {
  control_hold const hold(gate_);
  children_.erase(child);
}

void lease_sender::expired() {
  set_current_platform(seams_);
  for (auto const& child : children_) sessions_->table().send_control(child, static_cast<std::uint16_t>(control_kind::lease), {});
  if (!children_.empty()) seams_->clock->arm(*this, seams_->clock->now() + seams_->knobs->duration(knobs::lease) / 4);
}

}  // namespace roost::detail
