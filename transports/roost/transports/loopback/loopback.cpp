#include <roost/base/plant.hpp>
#include <roost/transports/limits.hpp>
#include <roost/transports/loopback/loopback.hpp>

#include <utility>

namespace roost {
namespace {

knob const queue_bytes({"loopback.queue_bytes", knob_unit::byte, 4 << 20, 1, 64 << 20, "bytes under way on one channel"});

ROOST_DEFINE_PLANT(frames_swapped, "frames-swapped", "G2", "hands over a frame before the one that was sent before it");
ROOST_DEFINE_PLANT(successor_answers, "successor-answers", "G3", "connects to the successor of a proc that is gone");
ROOST_DEFINE_PLANT(hang_up_untold, "hang-up-untold", "G4", "does not tell the other end that a channel was closed");
ROOST_DEFINE_PLANT(room_untold, "room-untold", "G4", "does not tell a sender that found its channel full of room again");

constexpr int events_per_poll = 64;

}  // namespace

loopback::loopback(loopback_hub& hub, event_loop& loop, proc_id self, knob_values const& knobs)
    : hub_(hub), loop_(loop), self_(self), max_frame_(local_max_frame(knobs)), queue_bytes_(knobs.count(queue_bytes)) {
  loop_.add(*this);
  std::lock_guard const lock(hub_.changing_);
  bool const fresh = hub_.procs_.emplace(self_, this).second;
  ROOST_INVARIANT(fresh, to_string(self_) + " is in this hub already");
}

loopback::~loopback() {
  loop_.remove(*this);
  std::lock_guard const lock(hub_.changing_);
  hub_.procs_.erase(self_);
  for (auto const& [id, each] : ends_) leave(each, {errc::unavailable, "the proc is gone", to_string(self_)});
}

void loopback::attach(transport_events* events) {
  std::lock_guard const lock(hub_.changing_);
  events_ = events;
}

void loopback::push(event e) {
  if (ROOST_PLANT(frames_swapped) && e.what == kind::received && !inbox_.empty() && inbox_.back().what == kind::received)
    std::swap(inbox_.back(), e);
  inbox_.push_back(std::move(e));
  has_events_.store(true);
  loop_.notify();
}

loopback* loopback::find(proc_id peer) {
  auto const found = hub_.procs_.find(peer);
  return found == hub_.procs_.end() ? nullptr : found->second;
}

void loopback::leave(end const& left, error why) {
  loopback* const peer = find(left.peer);
  if (peer == nullptr || left.there == 0) return;
  if (auto const other = peer->ends_.find(left.there); other != peer->ends_.end()) {
    other->second.there = 0;
    if (!ROOST_PLANT(hang_up_untold)) peer->push({.what = kind::closed, .c = left.there, .why = std::move(why)});
  }
}

channel_id loopback::connect(proc_id peer) {
  std::lock_guard const lock(hub_.changing_);
  channel_id const here = ++last_;
  end& mine = ends_[here];
  mine.peer = peer;
  loopback* other = find(peer);
  if (ROOST_PLANT(successor_answers) && other == nullptr) other = find({peer.host, peer.ordinal, peer.incarnation + 1});
  if (other == nullptr || other == this || other->events_ == nullptr) {
    push({.what = kind::closed, .c = here, .why = {errc::unavailable, "there is no proc to connect to", to_string(peer)}});
    return here;
  }
  mine.there = ++other->last_;
  end& theirs = other->ends_[mine.there];
  theirs.peer = self_;
  theirs.there = here;
  push({.what = kind::initiated, .c = here});
  other->push({.what = kind::connected, .c = mine.there});
  return here;
}

send_status loopback::send(channel_id c, shared_bytes const& frame) {
  std::lock_guard const lock(hub_.changing_);
  auto const found = ends_.find(c);
  if (found == ends_.end() || found->second.there == 0) return send_status::closed;
  end& mine = found->second;
  if (frame.size() > max_frame_) {
    error const why(errc::too_large,
                    "a frame of " + to_string(bytes{frame.size()}) + " is over the limit of " + to_string(bytes{max_frame_}),
                    to_string(self_));
    leave(mine, why);
    mine.there = 0;
    push({.what = kind::closed, .c = c, .why = why});
    return send_status::closed;
  }
  if (mine.under_way > 0 && mine.under_way + frame.size() > queue_bytes_) {
    mine.wants_room = true;
    return send_status::full;
  }
  loopback* const other = find(mine.peer);
  if (other == nullptr) return send_status::closed;
  mine.under_way += frame.size();
  other->push({.what = kind::received, .c = mine.there, .frame = frame});
  return send_status::sent;
}

void loopback::close(channel_id c) {
  std::lock_guard const lock(hub_.changing_);
  auto const found = ends_.find(c);
  if (found == ends_.end()) return;
  leave(found->second, {errc::unavailable, "the peer closed the channel", to_string(self_)});
  ends_.erase(found);
}

// What taking an event out of the inbox changes; false when its channel was closed at this end meanwhile.
bool loopback::settle(event const& e, proc_id& peer) {
  auto const found = ends_.find(e.c);
  if (found == ends_.end()) return false;
  peer = found->second.peer;
  if (e.what == kind::closed) {
    ends_.erase(found);
  } else if (e.what == kind::received && found->second.there != 0) {
    loopback* const from = find(peer);
    end& theirs = from->ends_.at(found->second.there);
    theirs.under_way -= e.frame.size();
    if (std::exchange(theirs.wants_room, false) && !ROOST_PLANT(room_untold))
      from->push({.what = kind::writable, .c = found->second.there});
  }
  return true;
}

bool loopback::poll() {
  if (!has_events_.load()) return false;
  for (int i = 0; i < events_per_poll; ++i) {
    event e;
    proc_id peer;
    transport_events* events = nullptr;
    {
      std::lock_guard const lock(hub_.changing_);
      if (inbox_.empty()) {
        has_events_.store(false);
        break;
      }
      e = std::move(inbox_.front());
      inbox_.pop_front();
      if (!settle(e, peer)) continue;
      events = events_;
    }
    if (events == nullptr) continue;
    switch (e.what) {
      case kind::connected: events->connected(e.c, peer, false); break;
      case kind::initiated: events->connected(e.c, peer, true); break;
      case kind::received: events->received(e.c, std::move(e.frame)); break;
      case kind::writable: events->writable(e.c); break;
      case kind::closed: events->closed(e.c, std::move(e.why)); break;
    }
  }
  return true;
}

}  // namespace roost
