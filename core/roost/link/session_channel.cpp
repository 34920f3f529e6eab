#include <roost/base/plant.hpp>
#include <roost/link/session.hpp>

#include <algorithm>
#include <utility>

namespace roost::link {
namespace {

ROOST_DEFINE_PLANT(path_lost_not_told, "path-lost-not-told", "G3",
                   "forgets messages that are in custody and not known to be handled when the path is lost");
ROOST_DEFINE_PLANT(unknown_as_not_handled, "unknown-as-not-handled", "G3",
                   "says of messages that left, and were not answered, that they were not handled");
ROOST_DEFINE_PLANT(epoch_reused, "epoch-reused", "G3", "begins the epoch after a cut with the number of the one that ended");

/// Which attempt to connect goes before another when both ends make one.
struct rank {
  std::uint64_t attempt;
  proc_id initiator;
  bool above(rank const& other) const { return attempt != other.attempt ? attempt > other.attempt : initiator < other.initiator; }
};

}  // namespace

hello_body session::introduction() const {
  auto const& who = around_.who;
  return {who.wire_version_min,
          who.wire_version_max,
          who.self,
          peer_,
          who.features,
          attempt_,
          epoch_,
          who.build,
          who.cluster,
          who.token};
}

void session::connect() {
  phase_ = phase::connecting;
  auto const at = now();
  auto const patience = around_.limits.handshake_timeout * (1 << std::min(failures_, 4u));
  attempt_ends_ = at + std::min(patience, around_.limits.path_bound);
  channel_ = around_.seams.transport->connect(peer_);
  channels_.bind(channel_, *this);
  touch(attempt_ends_);
}

void session::reconnect_later() {
  phase_ = phase::backoff;
  auto const longest = std::min(around_.limits.backoff_min * (1 << std::min(failures_, 10u)), around_.limits.backoff_max);
  ++failures_;
  auto const quarter = static_cast<std::uint64_t>(longest.count() / 4);
  auto const jitter = scale_below(around_.seams.entropy->draw(around_.key), 3 * quarter + 1);
  retry_at_ = now() + nanoseconds(static_cast<std::int64_t>(quarter + jitter));
  touch(retry_at_);
}

void session::drop_channel(bool close_it) {
  if (channel_ != 0) {
    channels_.unbind(channel_);
    if (close_it) around_.seams.transport->close(channel_);
  }
  channel_ = 0;
  phase_ = phase::idle;
  blocked_ = channel_dead_ = unconfirmed_ = false;
}

void session::drop_parked() {
  if (parked_ == nullptr) return;
  channels_.unbind(parked_->where);
  around_.seams.transport->close(parked_->where);
  parked_.reset();
}

/// The channel is gone: takes one that waits, or tries again when something is at stake.
void session::channel_failed() {
  if (parked_ != nullptr) {
    auto const waiting = std::move(parked_);
    reachable("link: took the channel that had lost");
    accept(waiting->where, waiting->header, waiting->hello, true);
  } else if (at_stake()) {
    reconnect_later();
  }
}

void session::connected(channel_id c) {
  if (c != channel_ || phase_ != phase::connecting) return;
  phase_ = phase::greeting;
  ++attempt_;
  mine_ = true;
  hello_repeated_ = false;
  hello_at_ = now();
  retry_at_ = hello_at_ + around_.limits.handshake_retry;
  touch(retry_at_);
  send_hello(wire::frame_kind::hello);
}

void session::send_hello(wire::frame_kind kind) {
  wire::frame_header header;
  header.kind = kind;
  auto body = wire::frame_draft::of(encode(introduction()).view());
  auto const spoken = std::exchange(version_, around_.who.wire_version_max);
  note_status(put(header, body));
  version_ = spoken;
}

void session::lost(channel_id c) {
  if (parked_ != nullptr && parked_->where == c) {
    channels_.unbind(c);
    parked_.reset();
    return;
  }
  if (c != channel_) return;
  if (phase_ == phase::greeting) reachable("link: reset during the handshake");
  drop_channel(false);
  channel_failed();
}

void session::writable(channel_id c) {
  if (c != channel_) return;
  blocked_ = false;
  if (phase_ != phase::up) return;
  pump();
  if (ack_now_) send_ack();
  arm_next(now());
}

bool session::outranks(hello_body const& hello) const {
  return rank{hello.attempt, peer_}.above({attempt_, mine_ ? around_.who.self : peer_});
}

void session::greeted(channel_id c, wire::frame_header const& header, hello_body hello) {
  if (c == channel_) {
    if (phase_ == phase::up) send_hello(wire::frame_kind::hello_ack);
    return;
  }
  auto const stale = (stage_ == stage::open && hello.epoch < epoch_) || (phase_ == phase::up && !outranks(hello));
  if (stale) {
    reachable("link: both ends connected at once, and one channel was dropped");
    if (parked_ != nullptr && parked_->where == c) parked_.reset();
    channels_.unbind(c);
    around_.seams.transport->close(c);
    return;
  }
  if (phase_ == phase::greeting && !outranks(hello)) {
    reachable("link: both ends connect at once");
    if (parked_ != nullptr && parked_->where != c) drop_parked();
    channels_.bind(c, *this);
    parked_ = std::make_unique<parked_hello>(parked_hello{c, header, std::move(hello)});
    return;
  }
  accept(c, header, hello, false);
}

void session::accept(channel_id c, wire::frame_header const& header, hello_body const& hello, bool was_parked) {
  drop_channel(true);
  if (parked_ != nullptr && parked_->where == c) parked_.reset();
  drop_parked();
  channel_ = c;
  channels_.bind(c, *this);
  version_ = common_version(hello, around_.who);
  attempt_ = was_parked ? std::max(attempt_ + 1, hello.attempt) : std::max(attempt_, hello.attempt);
  mine_ = false;
  if (hello.epoch > epoch_) {
    if (stage_ == stage::open) {
      reachable("link: the peer ended the epoch");
      end_epoch({errc::path_lost, "the path to " + to_string(peer_) + " was lost: the peer ended the session"});
    }
    epoch_ = hello.epoch;
  }
  auto const resumes = stage_ == stage::open;
  if (stage_ == stage::fresh) stage_ = stage::offered;
  phase_ = phase::up;
  unconfirmed_ = true;
  retry_at_ = now() + around_.limits.handshake_retry;
  touch(retry_at_);
  if (hello.epoch == epoch_) take_acks(header, resumes);
  // What this end has to say in an epoch already open need not wait for the confirmation.
  send_hello(wire::frame_kind::hello_ack);
  channel_up(resumes);
}

void session::answered(channel_id c, wire::frame_header const& header, hello_body const& answer) {
  if (c != channel_) return;
  if (phase_ == phase::up) {
    ack_now_ = true;
    send_ack();
    return;
  }
  if (phase_ != phase::greeting || answer.epoch < epoch_) return;
  auto const at = now();
  version_ = common_version(answer, around_.who);
  attempt_ = std::max(attempt_, answer.attempt);
  if (answer.epoch > epoch_) {
    if (stage_ == stage::open) {
      reachable("link: the peer ended the epoch");
      end_epoch({errc::path_lost, "the path to " + to_string(peer_) + " was lost: the peer ended the session"});
    }
    epoch_ = answer.epoch;
  }
  auto const resumes = stage_ == stage::open;
  stage_ = stage::open;
  phase_ = phase::up;
  failures_ = 0;
  retry_at_ = never;
  if (!hello_repeated_) detector_.round_trip(at - hello_at_);
  proven(at);
  take_acks(header, resumes);
  drop_parked();
  send_ack();
  channel_up(resumes);
}

void session::channel_up(bool resumes) {
  up_since_ = now();
  if (resumes) {
    if (out_.in_flight() != 0) reachable("link: resumed with frames in flight");
    out_.resumed();
    control_out_.resumed();
    in_.resumed();
  }
  pump();
  arm_next(up_since_);
}

void session::refused(channel_id c, refuse_body const& why) {
  if (c != channel_ || phase_ == phase::up) return;
  auto code = why.code;
  auto text = to_string(peer_) + " refused the session: " + why.text;
  if (code == errc::proc_failed) text = "this proc was declared failed by " + to_string(peer_);
  cut({code, std::move(text), to_string(peer_)});
}

void session::cut(error why) {
  drop_channel(true);
  drop_parked();
  end_epoch(why);
  ack_at_ = never;
  if (at_stake()) {
    stake_since_ = now();
    reconnect_later();
  }
}

void session::retire(error why) {
  watchers_ = leases_ = 0;
  retiring_ = true;
  cut(std::move(why));
  retired_ = true;
  around_.seams.clock->disarm(*this);
}

void session::end_epoch(error const& why) {
  auto const left = ROOST_PLANT(unknown_as_not_handled) ? 0 : out_.left_below();
  auto const forgotten = ROOST_PLANT(path_lost_not_told) ? out_.first_unacknowledged() : 0;
  auto& records = out_.records();
  while (!records.empty()) {
    auto& r = records.front();
    bool const keeps_credit = r.number >= forgotten && tell(r, r.number < left ? errc::unknown : errc::not_handled, why);
    release(r, !keeps_credit);
  }
  if (in_.holds_any()) reachable("link: an epoch ended with frames held out of order");
  out_ = outbox(around_.limits);
  in_ = inbox(around_.limits.window_messages);
  control_out_ = control_out();
  control_in_ = control_in(around_.limits.control_messages * 2);
  reports_.clear();
  handled_unsaid_ = frames_unacked_ = 0;
  if (stage_ == stage::open && !ROOST_PLANT(epoch_reused)) ++epoch_;
  stage_ = stage::fresh;
  ++losses_;
  around_.events.lost(peer_, why);
}

void session::control_handed_up(std::uint64_t epoch, std::uint64_t number) {
  if (epoch != epoch_) return;
  control_in_.handed_up(number);
  drain();
  if (!retired_ && ack_now_) send_ack();
}

void session::loss_handed_up() {
  --losses_;
  drain();
  if (!retired_ && ack_now_) send_ack();
}

}  // namespace roost::link
