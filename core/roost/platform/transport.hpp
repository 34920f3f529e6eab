#pragma once
// The seam of bytes between procs. A transport promises little: frames of one channel may be lost, repeated, reordered or cut off
// by a reset. The session above (link/) makes the promises.

#include <roost/base/bytes.hpp>
#include <roost/base/error.hpp>
#include <roost/base/ids.hpp>
#include <roost/base/units.hpp>

#include <cstdint>

namespace roost {

/// One connection between two procs, as one end numbers it. Never reused; 0 is none.
using channel_id = std::uint64_t;

enum class send_status : std::uint8_t {
  sent,    ///< The transport has the frame. It says nothing of arrival.
  full,    ///< Not taken; `writable` follows when there is room.
  closed,  ///< Not taken; the channel is closed.
};

/// What a transport tells its proc, on the proc's control lane, never from inside a call of the proc into the transport.
class transport_events {
 public:
  /// The channel is open; `initiated` tells whether this end called `connect`.
  virtual void connected(channel_id c, proc_id peer, bool initiated) = 0;
  virtual void received(channel_id c, shared_bytes frame) = 0;
  virtual void writable(channel_id c) = 0;
  /// Refused, reset, closed by the peer, or the peer is gone. Nothing follows for this channel.
  virtual void closed(channel_id c, error why) = 0;

 protected:
  ~transport_events() = default;
};

/// The connections of one proc. Call only from that proc.
class transport {
 public:
  virtual ~transport() = default;
  /// Sets who is told; before it nothing is accepted. Null: nobody is told from now on.
  virtual void attach(transport_events* events) = 0;
  /// Starts to connect to `peer`; ends in `connected` or `closed`.
  virtual channel_id connect(proc_id peer) = 0;
  /// Keeps the frame only where it is sent.
  virtual send_status send(channel_id c, shared_bytes const& frame) = 0;
  /// Closes this end. Frames under way may be lost. No `closed` follows at this end.
  virtual void close(channel_id c) = 0;
  /// Largest frame that `send` takes.
  virtual bytes max_frame() const = 0;
  /// Whether a frame that arrives is as it was sent, as in the memory of one host. Else a checksum covers all of it.
  virtual bool keeps_bytes() const { return false; }
};

}  // namespace roost
