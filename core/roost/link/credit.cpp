#include <roost/link/credit.hpp>

#include <roost/base/error.hpp>
#include <roost/base/plant.hpp>

#include <algorithm>
#include <string>

namespace roost::link {
namespace {

ROOST_DEFINE_PLANT(credit_ignored, "credit-ignored", "G10", "admits two messages more than a pair has credit for");
ROOST_DEFINE_PLANT(room_forgotten, "room-forgotten", "G4", "forgets the waiting sender when its pair becomes empty");

}  // namespace

bool credit_table::fits(pair_state const& pair, std::uint64_t size) const noexcept {
  if (pair.messages == 0) return true;
  auto const messages = ROOST_PLANT(credit_ignored) ? messages_ + 2 : messages_;
  return pair.messages < messages && pair.bytes <= bytes_ && size <= bytes_ - pair.bytes;
}

credit_table::pair_state& credit_table::use(pair_key const& key) {
  if (recent_ != nullptr && recent_key_ == key) return *recent_;
  if (recent_ != nullptr && recent_->messages == 0) pairs_.erase(recent_key_);
  recent_key_ = key;
  recent_ = &pairs_.insert(key);
  return *recent_;
}

void credit_table::erase(pair_key const& key) {
  pairs_.erase(key);
  if (recent_ != nullptr) recent_ = pairs_.find(recent_key_);
}

bool credit_table::has_room(std::uint64_t sender, std::uint64_t receiver, std::uint64_t size) const noexcept {
  auto const* pair = find({sender, receiver});
  return pair == nullptr || fits(*pair, size);
}

bool credit_table::take(std::uint64_t sender, std::uint64_t receiver, std::uint64_t size) {
  auto& pair = use({sender, receiver});
  if (!fits(pair, size)) {
    wait(pair, size);
    return false;
  }
  ++pair.messages;
  pair.bytes += size;
  return true;
}

void credit_table::wait_for_room(std::uint64_t sender, std::uint64_t receiver, std::uint64_t size) noexcept {
  if (auto* pair = find({sender, receiver})) wait(*pair, size);
}

void credit_table::wait(pair_state& pair, std::uint64_t size) noexcept {
  pair.wanted = pair.waiting ? std::min(pair.wanted, size) : size;
  pair.waiting = true;
}

bool credit_table::give_back(std::uint64_t sender, std::uint64_t receiver, std::uint64_t size) {
  auto* pair = find({sender, receiver});
  ROOST_INVARIANT(pair != nullptr && pair->messages != 0 && pair->bytes >= size,
                  "a" + std::to_string(sender) + " to a" + std::to_string(receiver) + ", " + std::to_string(size) + " bytes");
  --pair->messages;
  pair->bytes -= size;
  auto room = pair->waiting && fits(*pair, pair->wanted);
  if (ROOST_PLANT(room_forgotten) && room && pair->messages == 0) room = false;
  if (room || pair->messages == 0) pair->waiting = false;
  if (pair->messages == 0 && pair != recent_) erase({sender, receiver});
  return room;
}

std::uint32_t credit_table::open(std::uint64_t sender, std::uint64_t receiver) const noexcept {
  auto const* pair = find({sender, receiver});
  return pair == nullptr ? 0 : pair->messages;
}

void credit_table::stop_waiting(std::uint64_t sender, std::uint64_t receiver) noexcept {
  if (auto* pair = find({sender, receiver})) pair->waiting = false;
}

}  // namespace roost::link
