#pragma once
// The receiving half of one epoch: puts data frames in order, knows which delivered messages are not handled yet, and what the
// sender has still to be told of them.

#include <roost/base/bytes.hpp>
#include <roost/base/error.hpp>
#include <roost/base/units.hpp>
#include <roost/link/numbered_queue.hpp>
#include <roost/link/report.hpp>
#include <roost/wire/header.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace roost::link {

/// A whole data frame on its way up.
struct arrival {
  wire::frame_header header;
  shared_bytes frame;
  instant at{};  ///< When it came.
};

/// Numbers begin at 1.
class inbox {
 public:
  explicit inbox(std::size_t window) : window_(window) {}

  enum class verdict : std::uint8_t { next, held, duplicate, beyond };
  /// What to do with a frame of that number. `open_to` is the highest control number already handed over; negative: nothing may
  /// be handed over now.
  verdict judge(wire::frame_header const& header, std::int64_t open_to) const;
  /// Keeps a frame that judged `held`.
  void hold(arrival a) { held_.emplace(a.header.number, std::move(a)); }
  /// The lowest held frame if it is its turn.
  std::optional<arrival> take_ready(std::int64_t open_to);
  bool holds_any() const noexcept { return !held_.empty(); }
  std::size_t held() const noexcept { return held_.size(); }

  /// Call before the message is handed up: from then on it is in custody. A reserved message counts as handled.
  void accept(std::uint64_t number, bool reserved, std::uint32_t size = 0);
  /// The size of the message when it was open: the first call counts.
  std::optional<std::uint32_t> handled(std::uint64_t number);
  /// True when it was open: the first call counts.
  bool returned(std::uint64_t number, errc why);

  /// Every number below is in custody.
  std::uint64_t custody_below() const;
  /// Every number below was handled, or returned and the sender is known to know it.
  std::uint64_t handled_below() const noexcept { return open_.empty() ? next_ : open_.front().number; }

  /// Whether something happened that no cumulative number tells.
  bool report_waiting() const noexcept { return !unreported_.empty() || !returned_.empty(); }
  /// The next report; it travels as control message `lane_number` and is repeated by that lane until confirmed.
  std::optional<shared_bytes> make_report(std::uint64_t lane_number);
  /// The other end has every control message below.
  void confirmed(std::uint64_t lane_below);

  /// Frames held out of order, for selective acknowledgement; at most `max` runs.
  std::vector<fate_run> held_runs(std::size_t max) const;

  /// The channel was replaced; the epoch goes on.
  void resumed();

 private:
  enum class state : std::uint8_t { open, returned };
  struct open_message {
    std::uint64_t number = 0;
    std::uint32_t size = 0;  ///< Of its payload.
    state now = state::open;
  };

  std::size_t window_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, arrival> held_;
  numbered_queue<open_message> open_;
  std::vector<std::uint64_t> unreported_;                    ///< Handled while a lower number was open.
  std::vector<std::pair<std::uint64_t, errc>> returned_;     ///< Not yet in a report.
  ring<std::pair<std::uint64_t, std::uint64_t>> reporting_;  ///< (lane number, returned message) in reports under way.
  bool repeat_last_ = false;                                 ///< Only ever set by a planted bug.
};

}  // namespace roost::link
