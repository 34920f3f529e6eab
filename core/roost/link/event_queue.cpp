#include <roost/link/event_queue.hpp>

#include <roost/base/keyed.hpp>

#include <utility>

namespace roost::link {

event_queue::event_queue(platform& seams, session_events& target, event_origin& origin)
    : seams_(&seams), target_(&target), origin_(&origin) {
  key = child_key(seams.key, "link", "events");
}

event_queue::~event_queue() { seams_->executor->withdraw(*this); }

void event_queue::forget_sender(std::uint64_t sender) {
  for (std::size_t i = 0; i != events_.size(); ++i) {
    auto const* told = std::get_if<told_event>(&events_[i]);
    auto const* room = std::get_if<room_event>(&events_[i]);
    if (told != nullptr && told->what.sender == sender) {
      auto const unsaid = std::get<told_event>(std::exchange(events_[i], std::monostate{}));
      if (unsaid.gives_credit) origin_->told_handed_up(unsaid.what, unsaid.size);
    } else if (room != nullptr && room->sender == sender) {
      events_[i] = std::monostate{};
    }
  }
}

void event_queue::wake() { seams_->executor->ready(*this, lane::control); }

void event_queue::run() {
  origin_->between_events();
  while (!events_.empty()) {
    auto e = std::move(events_.front());
    events_.pop_front();
    if (auto* told = std::get_if<told_event>(&e)) {
      target_->told(told->what);
      if (told->gives_credit) origin_->told_handed_up(told->what, told->size);
    } else if (auto* room = std::get_if<room_event>(&e)) {
      target_->room(room->sender, room->receiver);
    } else if (auto* control = std::get_if<control_event>(&e)) {
      if (!origin_->still_accepted(control->from)) continue;
      target_->control(control->from, control->kind, std::move(control->body));
      origin_->control_handed_up(control->from, control->epoch, control->number);
    } else if (auto* lost = std::get_if<lost_event>(&e)) {
      target_->session_lost(lost->peer, std::move(lost->why));
      origin_->loss_handed_up(lost->peer);
    } else if (auto* suspect = std::get_if<suspect_event>(&e)) {
      target_->suspected(suspect->peer, suspect->suspect);
    }
  }
}

}  // namespace roost::link
