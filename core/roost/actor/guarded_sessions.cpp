#include <roost/actor/guarded_sessions.hpp>

#include <utility>

namespace roost::detail {

/// Hands on what the sessions say; what they say while somebody stands in for the proc's loop, the loop hears when it is back.
class guarded_sessions::relay final : public link::session_events {
 public:
  relay(control_gate& gate, link::session_events& target) : gate_(&gate), target_(&target) {}

  void deliver(link::incoming&& message) override {
    if (!gate_->standing_in()) return target_->deliver(std::move(message));
    gate_->post([this, message = std::move(message)]() mutable { target_->deliver(std::move(message)); });
  }
  void told(link::receipt const& r) override {
    hand_on([this, r] { target_->told(r); });
  }
  void room(std::uint64_t sender, actor_id receiver) override {
    hand_on([this, sender, receiver] { target_->room(sender, receiver); });
  }
  void control(proc_id from, std::uint16_t kind, shared_bytes body) override {
    hand_on([this, from, kind, body = std::move(body)]() mutable { target_->control(from, kind, std::move(body)); });
  }
  void session_lost(proc_id peer, error why) override {
    hand_on([this, peer, why = std::move(why)]() mutable { target_->session_lost(peer, std::move(why)); });
  }
  void suspected(proc_id peer, bool suspect) override {
    hand_on([this, peer, suspect] { target_->suspected(peer, suspect); });
  }

 private:
  template <class Task>
  void hand_on(Task task) {
    if (gate_->standing_in()) {
      gate_->post(std::move(task));
    } else {
      task();
    }
  }

  control_gate* gate_;
  link::session_events* target_;
};

guarded_sessions::guarded_sessions() = default;
guarded_sessions::~guarded_sessions() = default;

void guarded_sessions::open(platform& seams, link::identity who, link::session_events& events, nanoseconds lease) {
  gate_ = seams.gate;
  control_hold const hold(gate_);
  if (gate_ == nullptr) {
    table_ = std::make_unique<link::session_table>(seams, std::move(who), events, lease);
    return;
  }
  relay_ = std::make_unique<relay>(*gate_, events);
  table_ = std::make_unique<link::session_table>(*seams.control_plane, std::move(who), *relay_, lease);
}

}  // namespace roost::detail
