#pragma once
// Control messages of one epoch, both directions: numbered, in order, at most once, repeated until acknowledged. They need no
// credit and go ahead of data; their number is bounded.

#include <roost/base/bytes.hpp>
#include <roost/base/units.hpp>
#include <roost/link/numbered_queue.hpp>
#include <roost/wire/header.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

namespace roost::link {

/// One message of the lane: the user's own (frame_kind::control), or a report of the session (frame_kind::told).
struct control_item {
  wire::frame_kind frame = wire::frame_kind::control;
  std::uint16_t kind = 0;
  shared_bytes body;
};

/// Sending half. Numbers begin at 1.
class control_out {
 public:
  struct slot {
    control_item item;
    instant sent_at{};
    bool due = true;
    bool resent = false;
  };

  std::uint64_t push(control_item item) {
    if (item.frame == wire::frame_kind::control) last_of_user_ = next_;
    slots_.push_back({std::move(item), {}, true, false});
    return next_++;
  }
  std::uint64_t next_number() const noexcept { return next_; }
  /// Number of the last message of the user: data sent later waits for it.
  std::uint64_t last_of_user() const noexcept { return last_of_user_; }
  std::size_t unacknowledged() const noexcept { return slots_.size(); }

  /// The next message to send, or nullptr; `number` gets its number.
  slot* next_due(std::uint64_t& number) noexcept {
    for (; due_from_ < slots_.size(); ++due_from_) {
      if (slots_[due_from_].due) {
        number = first_ + due_from_;
        return &slots_[due_from_];
      }
    }
    return nullptr;
  }
  /// The peer has every number below. True when that is news.
  bool acknowledged(std::uint64_t below) {
    if (below > next_) return false;
    auto const news = first_ < below;
    for (; first_ < below; ++first_) {
      slots_.pop_front();
      if (due_from_ != 0) --due_from_;
    }
    return news;
  }
  std::uint64_t acknowledged_below() const noexcept { return first_; }
  /// Makes what left before `before` due again. True when there was any.
  bool make_due(instant before) {
    auto made = false;
    for (std::size_t i = 0; i != slots_.size(); ++i) {
      if (slots_[i].due || slots_[i].sent_at > before) continue;
      slots_[i].due = made = true;
      due_from_ = std::min(due_from_, i);
    }
    return made;
  }
  void resumed() { make_due(instant::max()); }
  /// When the lowest unacknowledged one left; `never` while it has not.
  instant oldest() const noexcept { return slots_.empty() || slots_[0].due ? never : slots_[0].sent_at; }

 private:
  std::uint64_t next_ = 1;
  std::uint64_t first_ = 1;
  std::uint64_t last_of_user_ = 0;
  std::size_t due_from_ = 0;
  ring<slot> slots_;
};

/// Receiving half.
class control_in {
 public:
  explicit control_in(std::size_t bound) : bound_(bound) {}

  /// Takes a message in. False when it is a duplicate, or too far ahead to keep.
  bool take(std::uint64_t number, control_item item) {
    if (number < next_ || number - next_ >= bound_) return false;
    return early_.emplace(number, std::move(item)).second;
  }
  /// The next message in order; `number` gets its number.
  std::optional<control_item> next(std::uint64_t& number) {
    if (early_.empty() || early_.begin()->first != next_) return {};
    auto item = std::move(early_.begin()->second);
    early_.erase(early_.begin());
    number = next_++;
    if (item.frame == wire::frame_kind::control) undelivered_.push_back(number);
    return item;
  }
  /// The lowest user's message not yet handed up was handed up.
  void handed_up(std::uint64_t number) {
    if (!undelivered_.empty() && undelivered_.front() == number) undelivered_.pop_front();
  }
  /// Every number below has arrived.
  std::uint64_t received_below() const noexcept { return next_; }
  /// Every user's message up to this number was handed up.
  std::uint64_t open_to() const noexcept { return undelivered_.empty() ? next_ - 1 : undelivered_.front() - 1; }

 private:
  std::size_t bound_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, control_item> early_;
  ring<std::uint64_t> undelivered_;
};

}  // namespace roost::link
