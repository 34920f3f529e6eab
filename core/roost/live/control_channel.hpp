#pragma once
// One end of a control socket on a loop. What does not fit into the socket is kept, in order, until the other end reads.

#include <roost/live/control_socket.hpp>
#include <roost/live/event_loop.hpp>

#include <deque>

namespace roost {

/// Told from the loop, and from inside `read`.
class control_channel_events {
 public:
  virtual void received(control_record record) = 0;
  /// The other end is gone, or is not what it should be; nothing follows.
  virtual void hung_up() = 0;

 protected:
  ~control_channel_events() = default;
};

/// Call only from the loop. The loop and `events` outlive it.
class control_channel {
 public:
  control_channel(event_loop& loop, descriptor socket, control_channel_events& events);
  control_channel(control_channel const&) = delete;
  control_channel& operator=(control_channel const&) = delete;

  /// Sends a record, or keeps it. Where the other end is gone nothing happens.
  void send(control_record record);
  /// Receives what has come so far.
  void read();
  /// Hangs up and is told nothing more.
  void close() noexcept;

 private:
  void watch(bool for_room);
  void send_kept();

  event_loop& loop_;
  descriptor socket_;
  control_channel_events& events_;
  std::deque<control_record> kept_;
  bool for_room_ = false;
  fd_watch watch_;
};

}  // namespace roost
