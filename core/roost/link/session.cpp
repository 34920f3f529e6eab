#include <roost/link/session.hpp>

#include <roost/base/plant.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace roost::link {
namespace {

ROOST_DEFINE_PLANT(control_behind_data, "control-behind-data", "G4",
                   "queues control messages behind data that waits, and lets data pass them");
ROOST_DEFINE_PLANT(sender_ended_told, "sender-ended-told", "G3", "tells a sender that has ended");

/// So many frames in flight leave one after the other, and every so many of them look at the clock.
constexpr unsigned frames_per_reading = 8;

}  // namespace

session::session(surroundings const& around, channel_registry& channels, proc_id peer)
    : around_(around),
      channels_(channels),
      peer_(peer),
      version_(around.who.wire_version_max),
      out_(around.limits),
      in_(around.limits.window_messages),
      control_in_(around.limits.control_messages * 2),
      credit_(around.limits.credit_messages, around.limits.credit_bytes),
      detector_(around.limits) {}

session::~session() { around_.seams.clock->disarm(*this); }

bool session::at_stake() const noexcept {
  return !out_.records().empty() || out_.kept() != 0 || control_out_.unacknowledged() != 0 || watchers_ != 0;
}

void session::stakes_rise(bool before) {
  if (before) return;
  auto const at = now();
  stake_since_ = at;
  touch(at + std::min(around_.limits.heartbeat_interval, around_.limits.suspect_min));
  if (phase_ == phase::idle) {
    failures_ = 0;
    connect();
  }
}

admission session::send(outgoing&& message) {
  auto const size = message.body.payload_size();
  auto& header = message.header;
  if (!message.reserved && !credit_.take(header.sender, header.receiver, size)) {
    reachable("link: credit exhausted");
    return admission::no_credit;
  }
  auto const staked = at_stake();
  header.kind = wire::frame_kind::data;
  header.flags = message.reserved ? flag_reserved : std::uint8_t{0};
  header.control_number = ROOST_PLANT(control_behind_data) ? 0 : control_out_.last_of_user();
  header.number = out_.number(message);
  if (can_send() && !out_.any_waiting() && out_.window_open(message.body.frame_size()) && !pumping_) {
    if (out_.window_half_full()) header.flags |= flag_answer;
    auto const status = put(header, message.body);
    if (status == send_status::sent) {
      note_left();
      out_.left(std::move(message.body).take(), leaves_at(header));
    } else {
      note_status(status);
      out_.wait({header, std::move(message.body), now()});
    }
  } else {
    if (can_send()) reachable("link: window full");
    out_.wait({header, std::move(message.body), now()});
  }
  stakes_rise(staked);
  return admission::admitted;
}

bool session::has_credit(std::uint64_t sender, std::uint64_t receiver, bytes size) const {
  return credit_.has_room(sender, receiver, size.value);
}

void session::expect(instant from) {
  expected_from_ = from;
  if (at_stake()) touch(now() + around_.limits.suspect_min);
}

bool session::want_room(std::uint64_t sender, std::uint64_t receiver, bytes size) {
  if (credit_.has_room(sender, receiver, size.value)) return true;
  credit_.wait_for_room(sender, receiver, size.value);
  reachable("link: credit exhausted");
  return false;
}

void session::sender_ended(std::uint64_t sender) {
  out_.records().each([&](outbox::record& r) {
    if (r.sender != sender) return;
    if (!ROOST_PLANT(sender_ended_told)) r.sender_ended = true;
    credit_.stop_waiting(r.sender, r.receiver);
  });
}

void session::handled(std::uint64_t epoch, std::uint64_t number) {
  if (epoch != epoch_ || stage_ != stage::open) return;
  auto const size = in_.handled(number);
  if (!size) return;
  ++handled_unsaid_;
  handled_bytes_unsaid_ += *size;
  // Where the sender has used up its bytes no frame of it will come to count.
  bool const due = handled_unsaid_ >= around_.limits.ack_every || handled_bytes_unsaid_ >= around_.limits.credit_bytes / 4;
  if (due && can_send()) {
    flush_report();
    if (handled_unsaid_ != 0) send_ack();
  } else {
    ack_later();
  }
}

void session::returned(std::uint64_t epoch, std::uint64_t number, errc why) {
  if (epoch != epoch_ || stage_ != stage::open) return;
  if (in_.returned(number, why)) ack_later();
}

void session::send_control(std::uint16_t kind, shared_bytes body) {
  ROOST_INVARIANT(control_out_.unacknowledged() < around_.limits.control_messages,
                  "link.control_messages is " + std::to_string(around_.limits.control_messages) + ", kind " +
                      std::to_string(kind) + ", " + describe());
  auto const staked = at_stake();
  control_out_.push({wire::frame_kind::control, kind, std::move(body)});
  pump();
  stakes_rise(staked);
}

void session::watch() {
  auto const staked = at_stake();
  ++watchers_;
  stakes_rise(staked);
}

void session::unwatch() {
  ROOST_INVARIANT(watchers_ != 0, describe());
  --watchers_;
}

void session::hold_lease() {
  if (++leases_ != 1) return;
  leased_since_ = now();
  touch(given_up_at());
}

void session::drop_lease() {
  ROOST_INVARIANT(leases_ != 0, describe());
  --leases_;
}

void session::close() {
  if (can_send()) {
    flush_report();
    pump();
    if (can_send()) send_ack();
  }
  drop_channel(true);
  drop_parked();
  retired_ = true;
  around_.seams.clock->disarm(*this);
}

send_status session::put(wire::frame_header& header, wire::frame_draft& body) {
  header.flags |= around_.checksum_flags;
  header.epoch = epoch_;
  header.ack_below = in_.custody_below();
  header.handled_below = in_.handled_below();
  header.control_ack = control_in_.received_below();
  auto const& frame = body.pack(header, version_);
  auto const number = header.kind == wire::frame_kind::control ? header.control_number : header.number;
  return put_again(frame, number, header.kind);
}

send_status session::put_again(shared_bytes const& frame, std::uint64_t number, wire::frame_kind kind) {
  auto const status = around_.seams.transport->send(channel_, frame);
  if (status == send_status::sent) {
    if (auto* observer = around_.seams.observer) {
      observer->frame(around_.who.self, peer_, true, static_cast<std::uint64_t>(kind), number, frame.size());
    }
  }
  return status;
}

shared_bytes session::with_time_left(shared_bytes const& frame, nanoseconds elapsed) const {
  auto header =
      wire::unpack(frame.view(), {.max_frame = frame.size(), .version_min = 0, .version_max = 0xffff, .verify_checksum = false});
  ROOST_INVARIANT(header.has_value(), describe());
  if (header->remaining <= 0) return frame;
  header->remaining = std::max<std::int64_t>(0, header->remaining - elapsed.count());
  return shared_bytes::made(frame.size(), [&](std::span<std::byte> out) {
    std::copy(frame.view().begin(), frame.view().end(), out.begin());
    wire::pack(*header, out, version_);
  });
}

void session::note_status(send_status status) {
  if (status == send_status::sent) return;
  blocked_ = true;
  if (status == send_status::closed) {
    channel_dead_ = true;
    touch(now());
  }
}

instant session::leaves_at(wire::frame_header const& header) {
  auto const& clock = *around_.seams.clock;
  left_at_ = std::max(left_at_, clock.lately());
  // A deadline is counted from then.
  bool const exactly = header.remaining > 0 || out_.in_flight() < frames_per_reading;
  if (exactly || ++left_since_reading_ == frames_per_reading) {
    left_since_reading_ = 0;
    left_at_ = clock.now();
    touch(left_at_ + detector_.resend_after());
  }
  return left_at_;
}

/// A fresh frame took all acknowledgements along.
void session::note_left() noexcept {
  frames_unacked_ = 0;
  handled_unsaid_ = 0;
  handled_bytes_unsaid_ = 0;
  ack_now_ = false;
  ack_at_ = in_.report_waiting() ? ack_at_ : never;
}

void session::pump() {
  if (!can_send() || pumping_) return;
  pumping_ = true;
  if (ROOST_PLANT(control_behind_data)) {
    static_cast<void>(pump_again() && pump_waiting() && pump_control());
  } else {
    static_cast<void>(pump_control() && pump_again() && pump_waiting());
  }
  pumping_ = false;
}

bool session::pump_control() {
  std::uint64_t number = 0;
  while (auto* due = control_out_.next_due(number)) {
    wire::frame_header header;
    header.kind = due->item.frame;
    header.endpoint = due->item.kind;
    header.control_number = number;
    auto body = wire::frame_draft::of(due->item.body.view());
    auto const status = put(header, body);
    if (status != send_status::sent) {
      note_status(status);
      return false;
    }
    note_left();
    auto const at = now();
    if (due->sent_at != instant{}) {
      due->resent = true;
      reachable("link: control message sent again");
    }
    due->sent_at = at;
    due->due = false;
    touch(at + detector_.resend_after());
  }
  return true;
}

bool session::pump_again() {
  while (auto* due = out_.next_due()) {
    auto const status = put_again(with_time_left(due->frame, now() - due->left_at), 0, wire::frame_kind::data);
    if (status != send_status::sent) {
      note_status(status);
      return false;
    }
    reachable("link: data sent again");
    due->due = false;
    due->resent = true;
    due->sent_at = now();
    touch(due->sent_at + detector_.resend_after());
  }
  return true;
}

bool session::pump_waiting() {
  while (out_.any_waiting()) {
    auto& next = out_.next_waiting();
    if (!out_.window_open(next.body.frame_size())) return true;
    if (out_.window_half_full()) next.header.flags |= flag_answer;
    auto const at = now();
    auto header = next.header;
    if (header.remaining > 0) header.remaining = std::max<std::int64_t>(0, header.remaining - (at - next.since).count());
    auto const status = put(header, next.body);
    if (status != send_status::sent) {
      note_status(status);
      return false;
    }
    note_left();
    out_.next_left(std::move(next.body).take(), at);
    touch(at + detector_.resend_after());
  }
  return true;
}

void session::send_ack() {
  if (!can_send()) return;
  wire::frame_header header;
  header.kind = wire::frame_kind::ack;
  header.number = peer_probe_;
  wire::frame_draft body;
  if (in_.holds_any()) body = wire::frame_draft::of(encode_runs(in_.held_runs(64)).view());
  auto const status = put(header, body);
  note_status(status);
  if (status == send_status::sent) note_left();
}

void session::send_probe() {
  wire::frame_header header;
  header.kind = wire::frame_kind::heartbeat;
  header.number = probe_ + 1;
  wire::frame_draft nothing;
  auto const status = put(header, nothing);
  note_status(status);
  probe_at_ = now();
  if (status != send_status::sent) return;
  note_left();
  ++probe_;
}

void session::flush_report() {
  if (!can_send()) return;
  while (in_.report_waiting() && reports_.size() < around_.limits.reports_in_flight) {
    auto const staked = at_stake();
    auto const number = control_out_.next_number();
    auto body = in_.make_report(number);
    if (!body) break;
    control_out_.push({wire::frame_kind::told, 0, std::move(*body)});
    reports_.push_back(number);
    stakes_rise(staked);
  }
  pump();
}

}  // namespace roost::link
