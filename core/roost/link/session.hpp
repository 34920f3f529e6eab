#pragma once
// One session: this proc and one incarnation of a peer. It lives through any number of channels; an *epoch* of it ends when the
// path is declared lost, by either end, and the next begins with numbers from 1 after a handshake in which both know that.

#include <roost/base/keyed.hpp>
#include <roost/link/control_lane.hpp>
#include <roost/link/credit.hpp>
#include <roost/link/detector.hpp>
#include <roost/link/event_queue.hpp>
#include <roost/link/handshake.hpp>
#include <roost/link/inbox.hpp>
#include <roost/link/outbox.hpp>
#include <roost/link/session_table.hpp>
#include <roost/link/tuning.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace roost::link {

/// The session's own bits of `frame_header::flags`.
inline constexpr std::uint8_t flag_reserved = 0x01;  ///< Takes no credit and counts as handled on arrival.
inline constexpr std::uint8_t flag_answer = 0x02;    ///< The sender's window is nearly full: acknowledge at once.

/// What a session needs of its table.
struct surroundings {
  platform& seams;
  identity const& who;
  tuning const& limits;
  event_queue& events;
  entity_key key;  ///< For the jitter of reconnections.
  std::size_t max_frame;
  std::uint8_t checksum_flags;  ///< Of data: what of a large payload is covered.
};

class session;

/// Which session a channel's frames belong to.
class channel_registry {
 public:
  virtual void bind(channel_id c, session& s) = 0;
  virtual void unbind(channel_id c) = 0;

 protected:
  ~channel_registry() = default;
};

class session final : public timer {
 public:
  session(surroundings const& around, channel_registry& channels, proc_id peer);
  ~session();

  proc_id peer() const noexcept { return peer_; }

  // From the floor above.
  admission send(outgoing&& message);
  bool has_credit(std::uint64_t sender, std::uint64_t receiver, bytes size) const;
  void expect(instant from);
  bool want_room(std::uint64_t sender, std::uint64_t receiver, bytes size);
  std::uint32_t open_messages(std::uint64_t sender, std::uint64_t receiver) const noexcept {
    return credit_.open(sender, receiver);
  }
  void sender_ended(std::uint64_t sender);
  void handled(std::uint64_t epoch, std::uint64_t number);
  void returned(std::uint64_t epoch, std::uint64_t number, errc why);
  void send_control(std::uint16_t kind, shared_bytes body);
  bool control_is_busy() const noexcept { return control_out_.unacknowledged() >= around_.limits.control_messages / 16; }
  void watch();
  void unwatch();
  /// Besides a watch.
  void hold_lease();
  void drop_lease();

  // From the table.
  /// Ends the epoch and closes the channel; what is open is told.
  void cut(error why);
  /// Declared failed: cut, and never used again.
  void retire(error why);
  void close();
  void control_handed_up(std::uint64_t epoch, std::uint64_t number);
  void loss_handed_up();
  /// The credit of one message of this pair is free.
  void give_back(std::uint64_t sender, std::uint64_t receiver, std::uint32_t size);

  // From the transport.
  void connected(channel_id c);
  void lost(channel_id c);
  void writable(channel_id c);
  void greeted(channel_id c, wire::frame_header const& header, hello_body hello);
  void answered(channel_id c, wire::frame_header const& header, hello_body const& answer);
  void refused(channel_id c, refuse_body const& why);
  void received(channel_id c, wire::frame_header const& header, shared_bytes&& frame);

  void expired() override;

  std::size_t unacknowledged() const noexcept { return out_.kept(); }
  std::size_t unhandled() const noexcept { return out_.records().size(); }
  std::size_t pairs() const noexcept { return credit_.pairs(); }
  bool in_use() const noexcept { return phase_ != phase::idle; }
  std::string describe() const;

 private:
  enum class phase : std::uint8_t { idle, backoff, connecting, greeting, up };
  enum class stage : std::uint8_t { fresh, offered, open };  ///< Of the epoch at this end.
  struct parked_hello {
    channel_id where = 0;
    wire::frame_header header;
    hello_body hello;
  };

  instant now() const { return around_.seams.clock->now(); }
  /// When a frame leaves that left just now. Of those that leave one after the other, only some look at the clock.
  instant leaves_at(wire::frame_header const& header);
  bool at_stake() const noexcept;
  void stakes_rise(bool before);
  bool can_send() const noexcept { return phase_ == phase::up && stage_ == stage::open && !blocked_; }

  // Sending (session.cpp).
  send_status put(wire::frame_header& header, wire::frame_draft& body);
  send_status put_again(shared_bytes const& frame, std::uint64_t number, wire::frame_kind kind);
  /// The frame as it leaves once more, `elapsed` after it left first: with what remains of its deadline.
  shared_bytes with_time_left(shared_bytes const& frame, nanoseconds elapsed) const;
  void note_status(send_status status);
  void note_left() noexcept;
  void pump();
  bool pump_control();
  bool pump_again();
  bool pump_waiting();
  void send_ack();
  void send_probe();
  void flush_report();

  // Receiving (session_receive.cpp).
  std::int64_t open_to() const noexcept;
  bool take_acks(wire::frame_header const& header, bool resuming);
  void take_data(wire::frame_header const& header, shared_bytes&& frame);
  void take_control(wire::frame_header const& header, shared_bytes const& frame);
  void take_ack(wire::frame_header const& header, shared_bytes const& frame);
  void hand_up(wire::frame_header const& header, shared_bytes&& frame, instant at);
  void drain();
  bool apply_report(shared_bytes const& body);
  void release(outbox::record& r, bool credit = true);
  /// Whether its credit stays taken until the sender was told.
  bool tell(outbox::record const& r, errc fate, error const& why);
  void proven(instant at);
  void ack_later();

  // Channels and epochs (session_channel.cpp).
  void connect();
  void reconnect_later();
  void drop_channel(bool close_it);
  void drop_parked();
  void channel_failed();
  bool outranks(hello_body const& hello) const;
  void accept(channel_id c, wire::frame_header const& header, hello_body const& hello, bool was_parked);
  void channel_up(bool resumes);
  void send_hello(wire::frame_kind kind);
  void end_epoch(error const& why);
  hello_body introduction() const;
  std::shared_ptr<error const> by_peer() const;

  // Time (session_time.cpp).
  void touch(instant when);
  void arm_next(instant at);
  void keep_time(instant at);
  void keep_time_up(instant at);
  instant silent_since() const noexcept;
  /// When the path is given up, if nothing is proven before.
  instant given_up_at() const noexcept;

  surroundings const& around_;
  channel_registry& channels_;
  proc_id peer_;

  phase phase_ = phase::idle;
  stage stage_ = stage::fresh;
  bool blocked_ = false;       ///< The transport was full.
  bool channel_dead_ = false;  ///< The transport said closed from inside `send`.
  bool unconfirmed_ = false;   ///< This end accepted, and has not heard on this channel since.
  bool mine_ = false;          ///< The highest attempt is this end's.
  bool suspected_ = false;
  bool ack_now_ = false;
  bool hello_repeated_ = false;
  bool pumping_ = false;
  bool retiring_ = false;
  bool retired_ = false;
  std::uint16_t version_;
  unsigned failures_ = 0;  ///< Attempts since a handshake succeeded.
  unsigned losses_ = 0;    ///< Events of a lost session not yet handed up.
  unsigned frames_unacked_ = 0;
  unsigned left_since_reading_ = 0;  ///< Frames, since `left_at_` was read.
  unsigned handled_unsaid_ = 0;
  std::uint64_t handled_bytes_unsaid_ = 0;
  std::uint32_t watchers_ = 0;
  std::uint32_t leases_ = 0;  ///< Of the watchers, those who hold one.
  std::uint64_t attempt_ = 0;
  std::uint64_t epoch_ = 1;
  std::uint64_t probe_ = 0;
  std::uint64_t probe_answered_ = 0;
  std::uint64_t peer_probe_ = 0;
  channel_id channel_ = 0;
  std::unique_ptr<parked_hello> parked_;

  instant armed_for_ = never;
  instant ack_at_ = never;
  instant retry_at_ = never;
  instant left_at_{};
  instant attempt_ends_ = never;
  instant hello_at_{};
  instant up_since_{};
  instant stake_since_{};
  instant expected_from_{};  ///< Silence before it is no sign.
  instant leased_since_{};
  instant proven_at_{};
  instant probe_at_{};

  outbox out_;
  inbox in_;
  control_out control_out_;
  control_in control_in_;
  ring<std::uint64_t> reports_;  ///< Lane numbers of reports under way.
  credit_table credit_;
  detector detector_;
};

}  // namespace roost::link
