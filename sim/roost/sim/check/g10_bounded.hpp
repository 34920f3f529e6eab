#pragma once
// G10: what is on its way to one receiver from one sender is bounded by its credit, so every mailbox is bounded.

#include <roost/sim/check/facts.hpp>

#include <cstdint>
#include <map>
#include <utility>

namespace roost::sim::check {

/// Judges each send: with it, what was sent in its pair and is neither started nor told is at most the credit in messages and one
/// of reserve; in bytes at most the credit, leaving out the largest of them (the reserve), or a single oversize message and one of
/// reserve. A receiver's mailbox is then bounded by its senders times that. Values that are on their way to a port, or lie there,
/// are counted likewise.
class g10_bounded {
 public:
  static constexpr std::uint64_t sees =
      kinds(observed::sent, observed::value_sent, observed::value_back, observed::value_received, observed::port_closed);
  static constexpr std::int64_t reserve = 1;

  g10_bounded(std::int64_t credit_messages, std::int64_t credit_bytes) : messages_(credit_messages), bytes_(credit_bytes) {}

  void see(scene const& at, facts const& known, findings& found) {
    if (at.seen.what != observed::sent) return see_value(at, known, found);
    if (at.message == nullptr) return;
    std::int64_t const count = std::int64_t{at.pair->messages} + 1;
    std::uint64_t const size = at.pair->size + at.message->size;
    if (count > messages_ + reserve) {
      too_many(at, known, found, count);
    } else if (size > static_cast<std::uint64_t>(bytes_) && count > 1 + reserve) {
      weigh(at, known, found, size);
    }
  }
  void finish(facts const&, findings&) {}

 private:
  /// A port and a sender, by hash.
  using way = std::pair<actor_id, std::uint64_t>;

  void see_value(scene const& at, facts const& known, findings& found);
  void too_many(scene const& at, facts const& known, findings& found, std::int64_t count) const;
  void weigh(scene const& at, facts const& known, findings& found, std::uint64_t size) const;

  std::int64_t messages_;
  std::int64_t bytes_;
  std::map<way, std::int64_t> values_;  ///< Those that are not zero.
};

}  // namespace roost::sim::check
