#pragma once
// What the sessions have to say to the floor above, in order, said from the control lane and never from inside a call.

#include <roost/link/numbered_queue.hpp>
#include <roost/link/session_table.hpp>

#include <cstdint>
#include <variant>

namespace roost::link {

/// Who hears that an event was handed up.
class event_origin {
 public:
  /// False when the peer was declared failed meanwhile: nothing of it is handed up any more.
  virtual bool still_accepted(proc_id peer) = 0;
  /// The sender of a message of `size` bytes was told of it, or has ended: its credit is free from now on.
  virtual void told_handed_up(receipt const& r, std::uint32_t size) = 0;
  virtual void control_handed_up(proc_id peer, std::uint64_t epoch, std::uint64_t number) = 0;
  virtual void loss_handed_up(proc_id peer) = 0;
  /// Nothing of a session runs now.
  virtual void between_events() = 0;

 protected:
  ~event_origin() = default;
};

class event_queue final : public runnable {
 public:
  event_queue(platform& seams, session_events& target, event_origin& origin);
  ~event_queue();

  session_events& target() noexcept { return *target_; }
  /// `told_handed_up` follows when `gives_credit`.
  void told(receipt r, std::uint32_t size, bool gives_credit) { post(told_event{std::move(r), size, gives_credit}); }
  void room(std::uint64_t sender, actor_id receiver) { post(room_event{sender, receiver}); }
  void control(proc_id from, std::uint64_t epoch, std::uint64_t number, std::uint16_t kind, shared_bytes body) {
    post(control_event{from, epoch, number, kind, std::move(body)});
  }
  void lost(proc_id peer, error why) { post(lost_event{peer, std::move(why)}); }
  void suspected(proc_id peer, bool suspect) { post(suspect_event{peer, suspect}); }
  /// The sender has ended: what is not yet said to it is not said.
  void forget_sender(std::uint64_t sender);
  /// Makes `run` come, though there may be nothing to say.
  void wake();

  void run() override;

 private:
  struct told_event {
    receipt what;
    std::uint32_t size = 0;
    bool gives_credit = false;
  };
  struct room_event {
    std::uint64_t sender = 0;
    actor_id receiver;
  };
  struct control_event {
    proc_id from;
    std::uint64_t epoch = 0;
    std::uint64_t number = 0;
    std::uint16_t kind = 0;
    shared_bytes body;
  };
  struct lost_event {
    proc_id peer;
    error why;
  };
  struct suspect_event {
    proc_id peer;
    bool suspect = false;
  };
  using event = std::variant<std::monostate, told_event, room_event, control_event, lost_event, suspect_event>;

  void post(event e) {
    events_.push_back(std::move(e));
    wake();
  }

  platform* seams_;
  session_events* target_;
  event_origin* origin_;
  ring<event> events_;
};

}  // namespace roost::link
