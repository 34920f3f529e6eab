#pragma once
// The sending half of one epoch: numbers messages, keeps payloads until they are in custody at the peer and small records until
// they are handled, and says what has to be sent next.

#include <roost/base/bytes.hpp>
#include <roost/base/units.hpp>
#include <roost/link/numbered_queue.hpp>
#include <roost/link/report.hpp>
#include <roost/link/session_table.hpp>
#include <roost/link/tuning.hpp>

#include <cstdint>
#include <span>

namespace roost::link {

/// Numbers begin at 1.
class outbox {
 public:
  explicit outbox(tuning const& limits) : limits_(&limits) {}

  /// What is kept of a message until it is handled or told.
  struct record {
    std::uint64_t number = 0;
    std::uint64_t sender = 0;
    std::uint64_t receiver = 0;
    std::uint64_t endpoint = 0;
    std::uint64_t reply_port = 0;
    message_stamp stamp;
    std::uint32_t size = 0;
    bool sender_ended = false;
  };
  static_assert(sizeof(record) == 64);

  /// A message that has not left yet.
  struct waiting {
    wire::frame_header header;
    wire::frame_draft body;
    instant since{};  ///< Its remaining deadline runs on while it waits.
  };

  /// Draws the number of a message; a reserved one leaves no record.
  std::uint64_t number(outgoing const& message);
  /// The message of the last number drawn has to wait.
  void wait(waiting message) { waiting_.push_back(std::move(message)); }
  /// It has left as `frame`.
  void left(shared_bytes frame, instant now);

  bool any_waiting() const noexcept { return !waiting_.empty(); }
  /// The next message to leave; there must be one.
  waiting& next_waiting() noexcept { return waiting_.front(); }
  void next_left(shared_bytes frame, instant now);
  /// Whether the window has room for a frame of that size.
  bool window_open(std::size_t frame_size) const noexcept;
  /// Whether half of it, in frames or in bytes, is in use.
  bool window_half_full() const noexcept {
    return 2 * sent_.size() >= limits_->window_messages || 2 * bytes_in_flight_ >= limits_->window_bytes;
  }

  struct custody_news {
    bool advanced = false;
    bool timed = false;  ///< `sent_at` is of a frame that was sent once.
    instant sent_at{};
  };
  /// Every number below is in custody at the peer.
  custody_news custody(std::uint64_t below);
  /// The peer holds these out of order: they need not be sent again for now. What is missing between them was probably lost and
  /// is due again, unless it left after `before`.
  void held_by_peer(std::span<fate_run const> runs, instant before);

  /// The next frame that is due again, or nullptr.
  struct slot {
    shared_bytes frame;
    instant left_at{};  ///< The first time.
    instant sent_at{};
    bool due = false;
    bool held = false;  ///< The peer has it out of order.
    bool resent = false;
  };
  slot* next_due() noexcept;
  /// Makes what left before `before` and was not acknowledged due again, at most `burst`. True when there was any.
  bool make_due(instant before, std::size_t burst);
  /// The channel was replaced: everything in flight is due again.
  void resumed();
  /// When the lowest unacknowledged frame left; `never` when there is none.
  instant oldest() const noexcept;

  numbered_queue<record>& records() noexcept { return records_; }
  numbered_queue<record> const& records() const noexcept { return records_; }
  /// Numbers below have left at least once.
  std::uint64_t left_below() const noexcept { return first_sent_ + sent_.size(); }
  std::size_t kept() const noexcept { return sent_.size() + waiting_.size(); }
  std::size_t in_flight() const noexcept { return sent_.size(); }
  std::uint64_t first_unacknowledged() const noexcept { return first_sent_; }

 private:
  tuning const* limits_;
  std::uint64_t next_ = 1;
  std::uint64_t first_sent_ = 1;  ///< Number of sent_[0].
  std::uint64_t bytes_in_flight_ = 0;
  std::size_t due_from_ = 0;  ///< No slot before it is due.
  numbered_queue<record> records_;
  ring<slot> sent_;
  ring<waiting> waiting_;
};

}  // namespace roost::link
