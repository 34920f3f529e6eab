#pragma once
// Channels between procs that are threads of one process. Frames are handed over, not copied.

#include <roost/base/knobs.hpp>
#include <roost/live/event_loop.hpp>
#include <roost/platform/transport.hpp>

#include <atomic>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>

namespace roost {

class loopback;

/// Where the procs of one process find each other. Outlives their transports. Any thread.
class loopback_hub {
 public:
  loopback_hub() = default;
  loopback_hub(loopback_hub const&) = delete;
  loopback_hub& operator=(loopback_hub const&) = delete;

 private:
  friend class loopback;
  std::mutex changing_;
  std::map<proc_id, loopback*> procs_;
};

/// The transport seam of one proc. A channel holds at most `loopback.queue_bytes` under way, or one frame if that is larger.
class loopback final : public transport, poll_source {
 public:
  loopback(loopback_hub& hub, event_loop& loop, proc_id self, knob_values const& knobs);
  ~loopback();

  void attach(transport_events* events) override;
  channel_id connect(proc_id peer) override;
  send_status send(channel_id c, shared_bytes const& frame) override;
  void close(channel_id c) override;
  bytes max_frame() const override { return {max_frame_}; }
  bool keeps_bytes() const override { return true; }

 private:
  struct end {
    proc_id peer;
    channel_id there = 0;       // The peer's number of this channel; 0 when the peer has left it.
    std::size_t under_way = 0;  // Bytes that the peer has not taken yet.
    bool wants_room = false;
  };
  enum class kind : std::uint8_t { connected, initiated, received, writable, closed };
  struct event {
    kind what = kind::received;
    channel_id c = 0;
    shared_bytes frame = {};
    error why = {};
  };

  bool poll() override;
  bool arm() override { return !has_events_.load(); }
  void disarm() override {}
  // These want the hub's lock.
  void push(event e);
  loopback* find(proc_id peer);
  void leave(end const& left, error why);
  bool settle(event const& e, proc_id& peer);

  loopback_hub& hub_;
  event_loop& loop_;
  proc_id self_;
  std::size_t max_frame_;
  std::size_t queue_bytes_;
  transport_events* events_ = nullptr;
  channel_id last_ = 0;
  std::map<channel_id, end> ends_;
  std::deque<event> inbox_;
  std::atomic<bool> has_events_ = false;
};

}  // namespace roost
