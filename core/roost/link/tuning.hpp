#pragma once
// The knobs of the link floor, read once per session table and made to fit each other.

#include <roost/base/knobs.hpp>
#include <roost/base/units.hpp>

#include <cstddef>
#include <cstdint>

namespace roost::link {

/// What the knobs `link.*` say. Times that must fit into the path bound are cut down to a part of it, and
/// acknowledgements come before a sender is out of credit. Where leases are shorter than the path bound, those times fit into a
/// lease: nobody's lease runs out because a channel was replaced.
struct tuning {
  explicit tuning(knob_values const& knobs, nanoseconds lease = nanoseconds::max());

  std::size_t credit_messages;
  std::uint64_t credit_bytes;
  std::size_t window_messages;
  std::uint64_t window_bytes;
  std::size_t control_messages;
  std::size_t reports_in_flight;
  nanoseconds ack_delay;
  std::size_t ack_every;
  nanoseconds resend_initial;
  nanoseconds resend_min;
  nanoseconds resend_max;
  std::size_t resend_burst;
  nanoseconds backoff_min;
  nanoseconds backoff_max;
  nanoseconds handshake_retry;
  nanoseconds handshake_timeout;
  nanoseconds heartbeat_interval;
  nanoseconds suspect_min;
  nanoseconds suspect_max;
  nanoseconds silence_reset;
  nanoseconds path_bound;
  nanoseconds lease_bound;  ///< A lease, or the path bound where that is shorter.
};

}  // namespace roost::link
