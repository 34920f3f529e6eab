#include <roost/base/plant.hpp>
#include <roost/link/session.hpp>

#include <algorithm>
#include <utility>

namespace roost::link {
namespace {

ROOST_DEFINE_PLANT(resume_off_by_one, "resume-off-by-one", "G3",
                   "takes one message more than the peer says it received for received when a session resumes");
ROOST_DEFINE_PLANT(credit_leak_on_reset, "credit-leak-on-reset", "G4",
                   "does not give back the credit of what was handled while the channel was down");
ROOST_DEFINE_PLANT(room_before_told, "room-before-told", "G10",
                   "gives a sender room for messages that come back before it is told of them");
ROOST_DEFINE_PLANT(told_twice, "told-twice", "G3", "keeps the record of a returned message and tells it again at a cut");

}  // namespace

std::int64_t session::open_to() const noexcept { return losses_ != 0 ? -1 : static_cast<std::int64_t>(control_in_.open_to()); }

void session::received(channel_id c, wire::frame_header const& header, shared_bytes&& frame) {
  if (c != channel_ || phase_ != phase::up) return;
  if (header.epoch != epoch_ || stage_ == stage::fresh) return;
  auto news = false;
  if (unconfirmed_) {
    unconfirmed_ = false;
    stage_ = stage::open;
    failures_ = 0;
    proven(now());
    news = true;
  }
  news |= take_acks(header, false);
  switch (header.kind) {
    case wire::frame_kind::data: take_data(header, std::move(frame)); break;
    case wire::frame_kind::control:
    case wire::frame_kind::told: take_control(header, frame); break;
    case wire::frame_kind::ack:
      take_ack(header, frame);
      news = true;
      break;
    case wire::frame_kind::heartbeat:
      peer_probe_ = std::max(peer_probe_, header.number);
      ack_now_ = true;
      break;
    default: break;
  }
  if (retired_) return;
  if (news) pump();
  if (ack_now_) send_ack();
}

void session::ack_later() {
  if (ack_at_ != never) return;
  ack_at_ = now() + around_.limits.ack_delay;
  if (phase_ == phase::up) touch(ack_at_);
}

void session::proven(instant at) {
  auto const before = std::max(proven_at_, stake_since_);
  if (at_stake() && at > before) detector_.interval(at - before);
  proven_at_ = at;
  expected_from_ = std::min(expected_from_, at);  // It is there.
  if (!suspected_) return;
  suspected_ = false;
  around_.events.suspected(peer_, false);
}

void session::give_back(std::uint64_t sender, std::uint64_t receiver, std::uint32_t size) {
  if (credit_.give_back(sender, receiver, size)) around_.events.room(sender, {peer_, receiver});
}

void session::release(outbox::record& r, bool credit) {
  if (credit) give_back(r.sender, r.receiver, r.size);
  out_.records().take(r);
}

bool session::tell(outbox::record const& r, errc fate, error const& why) {
  if (r.sender_ended) return false;
  // Until the sender knows, its message is on its way. Nothing more can be sent in a session that retires.
  bool const keeps_credit = !retiring_ && !ROOST_PLANT(room_before_told) && !ROOST_PLANT(told_twice);
  around_.events.told({peer_, r.sender, r.receiver, r.endpoint, r.reply_port, r.stamp, fate, why}, r.size, keeps_credit);
  return keeps_credit;
}

bool session::take_acks(wire::frame_header const& header, bool resuming) {
  auto below = header.ack_below;
  if (ROOST_PLANT(resume_off_by_one) && resuming) below = std::min(below + 1, out_.left_below());
  auto const custody = out_.custody(below);
  auto const at = custody.advanced || header.control_ack > control_out_.acknowledged_below() ? now() : instant{};
  if (custody.advanced) {
    if (custody.timed) detector_.round_trip(at - custody.sent_at);
    proven(at);
  }
  auto news = custody.advanced;
  if (control_out_.acknowledged(header.control_ack)) {
    news = true;
    proven(at);
    in_.confirmed(header.control_ack);
    while (!reports_.empty() && reports_.front() < header.control_ack) reports_.pop_front();
    if (in_.report_waiting()) ack_later();
  }
  // What is handled was in custody; a number beyond that is not believed.
  auto const handled_below = std::min(header.handled_below, out_.first_unacknowledged());
  auto& records = out_.records();
  while (!records.empty() && records.front().number < handled_below) {
    release(records.front(), !(ROOST_PLANT(credit_leak_on_reset) && resuming));
  }
  return news;
}

void session::take_data(wire::frame_header const& header, shared_bytes&& frame) {
  switch (in_.judge(header, open_to())) {
    case inbox::verdict::next:
      // Only a deadline is counted from then; the clock takes longer than most else here.
      hand_up(header, std::move(frame), header.remaining >= 0 ? now() : around_.seams.clock->lately());
      drain();
      break;
    case inbox::verdict::held:
      in_.hold({header, std::move(frame), now()});
      ack_now_ = true;
      break;
    case inbox::verdict::duplicate:
      reachable("link: duplicate dropped");
      ack_now_ = true;
      break;
    case inbox::verdict::beyond:
      reachable("link: frame beyond the window dropped");
      ack_now_ = true;
      break;
  }
}

void session::hand_up(wire::frame_header const& header, shared_bytes&& frame, instant at) {
  in_.accept(header.number, (header.flags & flag_reserved) != 0, header.payload_length);
  if (++frames_unacked_ >= around_.limits.ack_every || (header.flags & flag_answer) != 0) {
    ack_now_ = true;
  } else {
    ack_later();
  }
  incoming message{peer_, epoch_, header.number, at, header, {}, {}};
  if (header.trailer_length != 0) {
    message.trailer = frame.slice(wire::header_size + header.payload_length, header.trailer_length);
    frame = frame.slice(0, wire::header_size + header.payload_length);
  }
  frame.remove_prefix(wire::header_size);
  message.payload = std::move(frame);
  around_.events.target().deliver(std::move(message));
}

void session::drain() {
  while (!retired_ && in_.holds_any()) {
    auto ready = in_.take_ready(open_to());
    if (!ready) return;
    hand_up(ready->header, std::move(ready->frame), ready->at);
  }
}

void session::take_ack(wire::frame_header const& header, shared_bytes const& frame) {
  if (header.number > probe_answered_ && header.number <= probe_) {
    auto const at = now();
    if (header.number == probe_) detector_.round_trip(at - probe_at_);
    probe_answered_ = header.number;
    proven(at);
  }
  if (header.payload_length == 0) return;
  auto const runs = decode_runs(frame.view().subspan(wire::header_size, header.payload_length));
  if (!runs) return;
  out_.held_by_peer(*runs, now() - std::max(detector_.mean_round_trip(), around_.limits.resend_min));
}

void session::take_control(wire::frame_header const& header, shared_bytes const& frame) {
  control_item item{header.kind, static_cast<std::uint16_t>(header.endpoint),
                    frame.slice(wire::header_size, header.payload_length)};
  if (!control_in_.take(header.control_number, std::move(item))) {
    reachable("link: duplicate control message dropped");
    ack_now_ = true;
    return;
  }
  ack_later();
  std::uint64_t number = 0;
  while (auto next = control_in_.next(number)) {
    if (next->frame == wire::frame_kind::control) {
      around_.events.control(peer_, epoch_, number, next->kind, std::move(next->body));
    } else if (!apply_report(next->body)) {
      return;
    }
  }
  drain();
}

bool session::apply_report(shared_bytes const& body) {
  auto const runs = decode_runs(body.view());
  auto const end = out_.first_unacknowledged();
  for (auto const& run : runs ? *runs : std::vector<fate_run>{}) {
    if (run.first + run.count > end) {
      cut({errc::path_lost, "the session with " + to_string(peer_) + " ended: it reports on messages that it was not sent"});
      return false;
    }
    for (auto n = run.first; n != run.first + run.count; ++n) {
      auto* r = out_.records().find(n);
      if (r == nullptr) continue;
      if (run.fate != errc::ok) {
        reachable("link: told after custody");
        bool const keeps_credit = tell(*r, errc::not_handled,
                                       {run.fate, to_string(peer_) + " returned the message: " + std::string(to_string(run.fate)),
                                        to_string(actor_id{peer_, r->receiver})});
        if (ROOST_PLANT(told_twice)) continue;
        release(*r, !keeps_credit);
        continue;
      }
      release(*r);
    }
  }
  if (!runs) {
    cut({errc::path_lost, "the session with " + to_string(peer_) + " ended: " + runs.failure().what});
    return false;
  }
  return true;
}

}  // namespace roost::link
