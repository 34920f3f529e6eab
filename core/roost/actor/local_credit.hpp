#pragma once
// What senders have open at receivers of their own proc.

#include <roost/base/ids.hpp>

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace roost::detail {

class actor_cell;

/// The account of one sender with one receiver, an actor or a port. All ids are local to the proc.
struct local_account {
  std::uint64_t sender = 0;  ///< 0: stands for no pair now.
  std::uint64_t receiver = 0;
  std::uint64_t size = 0;
  std::uint32_t messages = 0;
  std::uint64_t seen_changes = 0;  ///< `cell` is right while there were so many changes of what accounts remember; and
  std::uint64_t at_hand = 0;       ///< so many: a message to it that awaits nothing is only to be queued. From 1.
  actor_cell* cell = nullptr;      ///< Of the receiver, if it is an actor that was looked for.
  local_account* after = nullptr;  ///< Which account its sender used after this one, when it last did.

  bool is_of(std::uint64_t from, std::uint64_t to) const noexcept { return receiver == to && sender == from; }
};

/// The accounts of one proc. Those that hold nothing are forgotten in time.
class local_credit {
 public:
  local_credit() = default;
  local_credit(local_credit const&) = delete;
  local_credit& operator=(local_credit const&) = delete;

  /// Of that pair. It stays where it is while it holds something, else until the next call.
  local_account& of(std::uint64_t sender, std::uint64_t receiver);
  /// The same, found without hashing where the sender goes to its receivers in the order in which it last did. `last` is the
  /// account that it used last, or null, and is set to this one.
  local_account& of(local_account*& last, std::uint64_t sender, std::uint64_t receiver) {
    return last != nullptr && last->is_of(sender, receiver) ? *last : of_another(last, sender, receiver);
  }
  /// Null: nothing is open.
  local_account const* find(std::uint64_t sender, std::uint64_t receiver) const;

 private:
  struct pair_key {
    std::uint64_t sender;
    std::uint64_t receiver;
    bool operator==(pair_key const&) const = default;
  };
  struct pair_hash {
    std::size_t operator()(pair_key const& k) const noexcept { return mix(k.sender, k.receiver); }
  };
  static constexpr std::size_t recent_accounts = 64;

  static std::size_t place_of(std::uint64_t sender, std::uint64_t receiver) noexcept {
    return ((sender ^ (receiver >> 7)) >> 1) % recent_accounts;
  }
  static bool is_of(local_account const* account, std::uint64_t sender, std::uint64_t receiver) noexcept {
    return account != nullptr && account->is_of(sender, receiver);
  }
  local_account const* look_for(std::uint64_t sender, std::uint64_t receiver) const;
  local_account& of_another(local_account*& last, std::uint64_t sender, std::uint64_t receiver);
  local_account& look_up(std::uint64_t sender, std::uint64_t receiver);
  void forget_idle();

  std::array<local_account*, recent_accounts> recent_{};
  boost::unordered_flat_map<pair_key, local_account*, pair_hash> all_;
  std::deque<local_account> memory_;
  std::vector<local_account*> free_;
  std::size_t kept_ = 0;  ///< After the last time that idle ones were forgotten.
};

inline local_account const* local_credit::find(std::uint64_t sender, std::uint64_t receiver) const {
  local_account const* const recent = recent_[place_of(sender, receiver)];
  return is_of(recent, sender, receiver) ? recent : look_for(sender, receiver);
}

inline local_account& local_credit::of(std::uint64_t sender, std::uint64_t receiver) {
  local_account*& recent = recent_[place_of(sender, receiver)];
  if (!is_of(recent, sender, receiver)) recent = &look_up(sender, receiver);
  return *recent;
}

}  // namespace roost::detail
