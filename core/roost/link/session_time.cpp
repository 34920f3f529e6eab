#include <roost/base/plant.hpp>
#include <roost/link/session.hpp>

#include <algorithm>

namespace roost::link {
namespace {

ROOST_DEFINE_PLANT(silence_trusted, "silence-trusted", "G4", "never asks a silent peer, and never gives it up");

}  // namespace

void session::touch(instant when) {
  if (when >= armed_for_ || retired_) return;
  armed_for_ = when;
  around_.seams.clock->arm(*this, when);
}

instant session::silent_since() const noexcept { return std::max({proven_at_, stake_since_, expected_from_}); }

instant session::given_up_at() const noexcept {
  auto const since = silent_since();
  auto const lost = since + around_.limits.path_bound;
  return leases_ == 0 ? lost : std::min(lost, std::max(since, leased_since_) + around_.limits.lease_bound);
}

void session::arm_next(instant at) {
  if (retired_) return;
  auto next = never;
  auto const consider = [&next](instant when) { next = std::min(next, when); };
  auto const staked = at_stake();
  auto const& limits = around_.limits;
  if (staked && !ROOST_PLANT(silence_trusted)) {
    consider(given_up_at());
    if (!suspected_) consider(silent_since() + detector_.suspect_after());
  }
  switch (phase_) {
    case phase::idle: break;
    case phase::backoff: consider(retry_at_); break;
    case phase::connecting: consider(attempt_ends_); break;
    case phase::greeting: consider(std::min(attempt_ends_, retry_at_)); break;
    case phase::up:
      if (channel_dead_) consider(at);
      if (unconfirmed_ && staked) consider(retry_at_);
      if (can_send()) {
        auto const patience = detector_.resend_after();
        consider(ack_at_);
        if (out_.oldest() != never) consider(out_.oldest() + patience);
        if (control_out_.oldest() != never) consider(control_out_.oldest() + patience);
      }
      if (staked && !ROOST_PLANT(silence_trusted)) {
        if (can_send()) consider(std::max(silent_since(), probe_at_) + limits.heartbeat_interval);
        consider(std::max(silent_since(), up_since_) + std::max(limits.silence_reset, 3 * detector_.resend_after()));
      }
      break;
  }
  if (next != never) touch(std::max(next, at));
}

void session::expired() {
  armed_for_ = never;
  auto const at = now();
  keep_time(at);
  arm_next(at);
}

void session::keep_time(instant at) {
  auto const& limits = around_.limits;
  if (at_stake() && !ROOST_PLANT(silence_trusted)) {
    auto const silence = at - silent_since();
    if (!suspected_ && silence >= detector_.suspect_after()) {
      suspected_ = true;
      around_.events.suspected(peer_, true);
    }
    if (at >= given_up_at()) {
      reachable("link: path declared lost");
      auto const bound = leases_ == 0 ? limits.path_bound : limits.lease_bound;
      cut({errc::path_lost, "the path to " + to_string(peer_) + " was lost: no answer for " + to_string(bound),
           to_string(peer_)});
      return;
    }
  }
  switch (phase_) {
    case phase::idle: return;
    case phase::backoff:
      if (at < retry_at_) return;
      if (at_stake()) {
        connect();
      } else {
        phase_ = phase::idle;
      }
      return;
    case phase::connecting:
    case phase::greeting:
      if (at >= attempt_ends_) {
        reachable("link: an attempt to connect was given up");
        drop_channel(true);
        channel_failed();
      } else if (phase_ == phase::greeting && at >= retry_at_) {
        retry_at_ = at + limits.handshake_retry;
        hello_repeated_ = true;
        send_hello(wire::frame_kind::hello);
      }
      return;
    case phase::up: keep_time_up(at); return;
  }
}

void session::keep_time_up(instant at) {
  auto const& limits = around_.limits;
  auto const staked = at_stake();
  auto const patience = detector_.resend_after();
  if (channel_dead_ || buggify("link: the channel is dropped")) {
    drop_channel(true);
    channel_failed();
    return;
  }
  if (staked && !ROOST_PLANT(silence_trusted) &&
      at >= std::max(silent_since(), up_since_) + std::max(limits.silence_reset, 3 * patience)) {
    reachable("link: a silent channel was replaced");
    drop_channel(true);
    channel_failed();
    return;
  }
  if (unconfirmed_ && staked && at >= retry_at_) {
    retry_at_ = at + limits.handshake_retry;
    send_hello(wire::frame_kind::hello_ack);
  }
  if (!can_send()) return;
  if (at >= ack_at_) {
    ack_at_ = never;
    flush_report();
    if (can_send() && (frames_unacked_ != 0 || handled_unsaid_ != 0 || ack_now_)) send_ack();
  }
  auto lost = buggify("link: everything is sent again") && out_.make_due(at, limits.resend_burst);
  if (out_.oldest() != never && at >= out_.oldest() + patience) lost |= out_.make_due(at - patience, limits.resend_burst);
  if (control_out_.oldest() != never && at >= control_out_.oldest() + patience) lost |= control_out_.make_due(at - patience);
  if (lost) {
    detector_.lost_patience();
    pump();
  }
  if (can_send() && staked && !ROOST_PLANT(silence_trusted) &&
      at >= std::max(silent_since(), probe_at_) + limits.heartbeat_interval) {
    send_probe();
  }
}

std::string session::describe() const {
  static constexpr char const* phases[] = {"idle", "backing off", "connecting", "greeting", "up"};
  static constexpr char const* stages[] = {"not begun", "offered", "open"};
  auto const n = [](auto value) { return std::to_string(value); };
  return to_string(peer_) + ": " + phases[static_cast<std::size_t>(phase_)] + ", epoch " + n(epoch_) + " " +
         stages[static_cast<std::size_t>(stage_)] + ", " + n(out_.kept()) + " unacknowledged, " + n(out_.records().size()) +
         " unhandled, " + n(control_out_.unacknowledged()) + " control, " + n(credit_.pairs()) + " pairs, " + n(in_.held()) +
         " held, " + n(watchers_) + " watched" + (suspected_ ? ", suspected" : "");
}

}  // namespace roost::link
