#pragma once
// Credit per (sender, receiver): how many messages and bytes may be unhandled at once. Both ends know the initial credit, so a
// pair needs no agreement, and its state exists only while something is open.

#include <roost/base/ids.hpp>
#include <roost/link/flat_table.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>

namespace roost::link {

/// The pairs of one session: senders of this proc, receivers of the peer, by their local ids.
class credit_table {
 public:
  credit_table(std::size_t messages, std::uint64_t bytes) : messages_(messages), bytes_(bytes) {}

  /// Whether a message of `size` bytes has room; one larger than the whole credit has when the pair is otherwise empty.
  bool has_room(std::uint64_t sender, std::uint64_t receiver, std::uint64_t size) const noexcept;
  /// Takes credit, or takes none and remembers that the sender waits for it.
  bool take(std::uint64_t sender, std::uint64_t receiver, std::uint64_t size);
  /// Gives back what one `take` took. True when the sender waits and what was refused has room now: it waits no more.
  bool give_back(std::uint64_t sender, std::uint64_t receiver, std::uint64_t size);
  /// The sender does not wait any more.
  void stop_waiting(std::uint64_t sender, std::uint64_t receiver) noexcept;
  /// What the pair has taken and not given back.
  std::uint32_t open(std::uint64_t sender, std::uint64_t receiver) const noexcept;
  /// Pairs with something open.
  std::size_t pairs() const noexcept { return pairs_.size() - (recent_ != nullptr && recent_->messages == 0 ? 1 : 0); }

  /// The pair has no room for `size`: `give_back` says when it has.
  void wait_for_room(std::uint64_t sender, std::uint64_t receiver, std::uint64_t size) noexcept;

 private:
  struct pair_key {
    std::uint64_t sender = 0;
    std::uint64_t receiver = 0;
    auto operator<=>(pair_key const&) const = default;
  };
  struct pair_hash {
    std::uint64_t operator()(pair_key const& k) const noexcept { return roost::detail::mix(k.sender, k.receiver); }
  };
  struct pair_state {
    std::uint64_t bytes = 0;
    std::uint64_t wanted = 0;  ///< Smallest size that was refused.
    std::uint32_t messages = 0;
    bool waiting = false;
  };
  static void wait(pair_state& pair, std::uint64_t size) noexcept;
  pair_state* find(pair_key const& key) noexcept { return recent_ != nullptr && recent_key_ == key ? recent_ : pairs_.find(key); }
  pair_state const* find(pair_key const& key) const noexcept { return const_cast<credit_table*>(this)->find(key); }
  /// The state of a pair, which becomes the recent one.
  pair_state& use(pair_key const& key);
  void erase(pair_key const& key);
  bool fits(pair_state const& pair, std::uint64_t size) const noexcept;

  flat_table<pair_key, pair_state, pair_hash> pairs_;
  pair_key recent_key_;  // Of the pair used last, which stays though nothing of it may be open.
  pair_state* recent_ = nullptr;
  std::size_t messages_;
  std::uint64_t bytes_;
};

}  // namespace roost::link
