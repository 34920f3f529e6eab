#include <roost/link/tuning.hpp>

#include <algorithm>

namespace roost::link {
namespace {

constexpr std::int64_t us = 1'000;
constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t kib = 1'024;
constexpr std::int64_t mib = 1'048'576;

using unit = knob_unit;

knob const credit_messages({"link.credit_messages", unit::count, 64, 1, 4096,
                            "messages that one sender may have unhandled at one receiver"});
knob const credit_bytes({"link.credit_bytes", unit::byte, mib, 256, 64 * mib,
                         "payload bytes that one sender may have unhandled at one receiver"});
knob const window_messages({"link.window_messages", unit::count, 1024, 1, 65'536,
                            "data frames of a session sent and not yet in custody"});
knob const window_bytes({"link.window_bytes", unit::byte, 16 * mib, 4 * kib, 256 * mib,
                         "bytes of data frames of a session sent and not yet in custody"});
knob const control_messages({"link.control_messages", unit::count, 4096, 256, 65'536,
                             "control messages of a session not yet acknowledged; more is a bug of the caller"});
knob const reports_in_flight({"link.reports_in_flight", unit::count, 4, 1, 16,
                              "reports of messages handled out of order, or returned, not yet acknowledged"});
knob const ack_delay({"link.ack_delay", unit::nanosecond, 500 * us, us, 20 * ms,
                      "how long an acknowledgement waits for a frame that takes it along"});
knob const ack_every({"link.ack_every", unit::count, 16, 1, 256, "frames after which an acknowledgement waits no more"});
knob const resend_initial({"link.resend_initial", unit::nanosecond, 50 * ms, ms, 500 * ms,
                           "time until a frame is sent again, before the round trip was measured"});
knob const resend_min({"link.resend_min", unit::nanosecond, 5 * ms, 200 * us, 100 * ms,
                       "shortest time until a frame is sent again"});
knob const resend_max({"link.resend_max", unit::nanosecond, 500 * ms, 20 * ms, 1000 * ms,
                       "longest time until a frame is sent again"});
knob const resend_burst({"link.resend_burst", unit::count, 64, 1, 1024, "frames sent again at once after silence"});
knob const backoff_min({"link.backoff_min", unit::nanosecond, 5 * ms, 100 * us, 100 * ms,
                        "longest wait before the first reconnection"});
knob const backoff_max({"link.backoff_max", unit::nanosecond, 200 * ms, ms, 1000 * ms, "longest wait before any reconnection"});
knob const handshake_retry({"link.handshake_retry", unit::nanosecond, 50 * ms, ms, 300 * ms,
                            "time until a handshake frame is sent again"});
knob const handshake_timeout({"link.handshake_timeout", unit::nanosecond, 400 * ms, 20 * ms, 1000 * ms,
                              "time until an attempt to connect is given up; doubled by each failure"});
knob const heartbeat_interval({"link.heartbeat_interval", unit::nanosecond, 200 * ms, 10 * ms, 1000 * ms,
                               "silence after which a proc with something at stake asks whether its peer is there"});
knob const suspect_min({"link.suspect_min", unit::nanosecond, 300 * ms, 20 * ms, 1000 * ms,
                        "shortest silence that makes a suspect"});
knob const suspect_max({"link.suspect_max", unit::nanosecond, 1000 * ms, 100 * ms, 3000 * ms,
                        "longest silence that makes no suspect"});
knob const silence_reset({"link.silence_reset", unit::nanosecond, 700 * ms, 30 * ms, 2000 * ms,
                          "silence after which a channel counts as half-open and another is tried"});
knob const path_bound({"link.path_bound", unit::nanosecond, 3000 * ms, 200 * ms, 10'000 * ms,
                       "silence after which the path to a peer with which something is at stake is declared lost; where an actor "
                       "here is owned from there, a shorter actor.lease decides"});

std::uint64_t size_of(knob_values const& knobs, knob const& which) { return static_cast<std::uint64_t>(knobs.get(which)); }

}  // namespace

tuning::tuning(knob_values const& knobs, nanoseconds lease)
    : credit_messages(knobs.count(link::credit_messages)),
      credit_bytes(size_of(knobs, link::credit_bytes)),
      window_messages(knobs.count(link::window_messages)),
      window_bytes(size_of(knobs, link::window_bytes)),
      control_messages(knobs.count(link::control_messages)),
      reports_in_flight(knobs.count(link::reports_in_flight)),
      ack_delay(knobs.duration(link::ack_delay)),
      ack_every(knobs.count(link::ack_every)),
      resend_initial(knobs.duration(link::resend_initial)),
      resend_min(knobs.duration(link::resend_min)),
      resend_max(knobs.duration(link::resend_max)),
      resend_burst(knobs.count(link::resend_burst)),
      backoff_min(knobs.duration(link::backoff_min)),
      backoff_max(knobs.duration(link::backoff_max)),
      handshake_retry(knobs.duration(link::handshake_retry)),
      handshake_timeout(knobs.duration(link::handshake_timeout)),
      heartbeat_interval(knobs.duration(link::heartbeat_interval)),
      suspect_min(knobs.duration(link::suspect_min)),
      suspect_max(knobs.duration(link::suspect_max)),
      silence_reset(knobs.duration(link::silence_reset)),
      path_bound(knobs.duration(link::path_bound)),
      lease_bound(std::min(path_bound, lease)) {
  ack_every = std::min(ack_every, std::max<std::size_t>(1, credit_messages / 4));
  resend_max = std::min(resend_max, lease_bound / 4);
  resend_min = std::min(resend_min, resend_max);
  resend_initial = std::clamp(resend_initial, resend_min, resend_max);
  backoff_max = std::min(backoff_max, lease_bound / 8);
  backoff_min = std::min(backoff_min, backoff_max);
  handshake_timeout = std::min(handshake_timeout, lease_bound / 3);
  handshake_retry = std::min(handshake_retry, handshake_timeout / 2);
  heartbeat_interval = std::min(heartbeat_interval, lease_bound / 6);
  suspect_min = std::min(suspect_min, lease_bound / 2);
  suspect_max = std::clamp(suspect_max, suspect_min, lease_bound);
  silence_reset = std::min(silence_reset, lease_bound / 3);
}

}  // namespace roost::link
