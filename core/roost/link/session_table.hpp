#pragma once
// The sessions of one proc with all others: numbered, acknowledged, resumable, bounded (design.md, docs/design.md "Session").
// It knows no transport and no clock but the seams'.

#include <roost/base/bytes.hpp>
#include <roost/base/error.hpp>
#include <roost/base/ids.hpp>
#include <roost/platform/platform.hpp>
#include <roost/wire/draft.hpp>
#include <roost/wire/header.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace roost::link {

/// A message on its way out. Of `header` the caller fills sender, receiver, endpoint, reply_port, remaining, stamp, point_rank,
/// mesh_epoch and fingerprint; the session fills the rest.
struct outgoing {
  wire::frame_header header;
  wire::frame_draft body;  ///< Payload, and as its trailer the call chain, encoded; may be empty.
  bool reserved = false;   ///< A reply or other message whose room was reserved by the request: takes no credit, is never told.
};

/// A whole message that arrived in order.
struct incoming {
  proc_id from;
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;  ///< With `epoch`, names it in `handled` and `returned`.
  instant arrived{};         ///< `header.remaining` counts from then.
  wire::frame_header header;
  shared_bytes payload;
  shared_bytes trailer;
};

/// What a sender is told of a message that was not handled: once per message.
struct receipt {
  proc_id to;
  std::uint64_t sender = 0;    ///< Local id.
  std::uint64_t receiver = 0;  ///< Local id at `to`.
  std::uint64_t endpoint = 0;
  std::uint64_t reply_port = 0;
  message_stamp stamp;
  errc fate = errc::unknown;  ///< errc::not_handled or errc::unknown.
  error why;                  ///< actor_stopped, proc_failed, path_lost, stale, ...
};

enum class admission : std::uint8_t {
  admitted,   ///< Numbered; from now on it is handled or told.
  no_credit,  ///< Nothing happened; `session_events::room` follows for this pair.
  refused,    ///< Nothing was sent and nobody will be told: the peer is declared failed, or the message is too large.
};

/// What the sessions tell the floor above, on the control lane and never from inside a call of `session_table`. `deliver` comes
/// from inside the transport's `received`, or right after the control message or the loss that the message had to wait for.
///
/// Every function may call `session_table`.
class session_events {
 public:
  /// Puts the message in custody (mailbox or held list) before returning; the acknowledgement follows from that.
  virtual void deliver(incoming&& message) = 0;
  virtual void told(receipt const& r) = 0;
  /// The pair was refused credit before and has room now.
  virtual void room(std::uint64_t sender, actor_id receiver) = 0;
  /// A message of the control lane: in order, at most once, before data that was sent later.
  virtual void control(proc_id from, std::uint16_t kind, shared_bytes body) = 0;
  /// All messages of the session's epoch were told; waits on that peer end with `why`: path_lost, proc_failed, or why the peer
  /// refused the session: stale (that incarnation is gone), version_mismatch, unauthenticated.
  virtual void session_lost(proc_id peer, error why) = 0;
  /// The detector suspects the peer (true) or heard of it again (false). Decides nothing.
  virtual void suspected(proc_id peer, bool suspect) = 0;

 protected:
  ~session_events() = default;
};

/// How this proc proves that it belongs to the cluster, and what it says of itself in a handshake.
struct identity {
  proc_id self;
  std::string cluster;
  std::string build;
  std::string token;                   ///< Empty: no authentication.
  std::uint16_t wire_version_min = 0;  ///< 0: this build's.
  std::uint16_t wire_version_max = 0;
  std::uint64_t features = 0;
};

/// Opens sessions on first use, from either end. Call only from the proc's own loop.
class session_table {
 public:
  /// `lease` is how long what is held by `hold_lease` outlives the last word of its peer.
  session_table(platform& seams, identity who, session_events& events, nanoseconds lease = nanoseconds::max());
  ~session_table();

  /// Admits one message to `to`, or says why not. Order of admission is order of delivery per (sender, receiver).
  admission send(proc_id to, outgoing&& message, error* why_refused = nullptr);
  /// Whether a message of `size` bytes from `sender` to `receiver` would be admitted now.
  bool has_credit(std::uint64_t sender, actor_id receiver, bytes size) const;
  /// The same, and where it would not be, `session_events::room` follows for this pair as if `send` had been refused.
  bool want_room(std::uint64_t sender, actor_id receiver, bytes size);
  /// Messages of that pair which have credit and are not known to be handled.
  std::uint32_t open_messages(std::uint64_t sender, actor_id receiver) const;
  /// The sender has ended: what it sent goes on, and it is told nothing any more.
  void sender_ended(std::uint64_t sender);

  /// The handler of that message started: credit goes back.
  void handled(proc_id from, std::uint64_t epoch, std::uint64_t number);
  /// The receiver ended before the handler started: the sender is told `not_handled` because of `why`, and credit goes back.
  void returned(proc_id from, std::uint64_t epoch, std::uint64_t number, errc why);

  /// Sends on the control lane: bounded, ahead of data, needs no credit. `kind` is the caller's own closed list (at least 1).
  void send_control(proc_id to, std::uint16_t kind, shared_bytes body);
  /// The same for what is said again anyway: says nothing, and gives false, while a sixteenth of the lane is under way.
  bool try_send_control(proc_id to, std::uint16_t kind, shared_bytes body);

  /// Something waits for the peer that no message stands for: an answer to a handled request, a monitor. While anything is
  /// watched (calls are counted), or a message is not yet handled, the silence of the peer ends in `session_lost`, which
  /// takes no watch away. Of a peer declared failed it follows at once.
  void watch(proc_id peer);
  void unwatch(proc_id peer);
  /// The same for something here that lives by the peer's word and must not outlive it by more than the lease: where that is
  /// shorter than the path bound, `session_lost` follows from a silence of the lease already, counted at the earliest from here.
  void hold_lease(proc_id peer);
  void drop_lease(proc_id peer);

  /// A peer that this proc has not met may still be starting: its silence says nothing for that long (none, to begin with).
  void expect_newcomers_within(nanoseconds patience);
  /// The peer is only being started: silence before `from` says nothing of it, unless it was heard of. `from` may be moved, also
  /// into the past.
  void expect(proc_id peer, instant from);

  /// A verdict: that incarnation is dead. Everything open with it is told, and nothing is accepted from it again.
  /// Gives true where there was a session, whose `session_lost` follows.
  bool declare_failed(proc_id peer, error why);
  /// Orderly end of this proc: sends what is due, closes all channels.
  void close();

  struct statistics {
    std::size_t sessions = 0;        ///< With a channel, or about to have one.
    std::size_t unacknowledged = 0;  ///< Payloads kept.
    std::size_t unhandled = 0;       ///< Records of 64 bytes kept.
    std::size_t pairs = 0;           ///< Pairs (sender, receiver) of which credit is taken.
  };
  statistics stats() const;
  /// One line per session for people.
  std::vector<std::string> describe() const;

 private:
  class impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace roost::link
