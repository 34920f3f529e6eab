#include <roost/actor/local_credit.hpp>

#include <roost/base/plant.hpp>

namespace roost::detail {
namespace {

ROOST_DEFINE_PLANT(plant_leak_turning, "credit-leak-on-turning", "G4",
                   "What a sender has open at a receiver when it turns to another one is counted once more, and for ever.");

}  // namespace

local_account const* local_credit::look_for(std::uint64_t sender, std::uint64_t receiver) const {
  auto const at = all_.find({sender, receiver});
  return at == all_.end() ? nullptr : at->second;
}

local_account& local_credit::look_up(std::uint64_t sender, std::uint64_t receiver) {
  if (auto const at = all_.find({sender, receiver}); at != all_.end()) return *at->second;
  if (all_.size() > 2 * kept_ + recent_accounts) forget_idle();
  local_account* made = nullptr;
  if (free_.empty()) {
    made = &memory_.emplace_back();
  } else {
    made = free_.back();
    free_.pop_back();
  }
  *made = {};
  made->sender = sender;
  made->receiver = receiver;
  all_.emplace(pair_key{sender, receiver}, made);
  return *made;
}

local_account& local_credit::of_another(local_account*& last, std::uint64_t sender, std::uint64_t receiver) {
  if (last == nullptr) return *(last = &of(sender, receiver));
  if (ROOST_PLANT(plant_leak_turning) && last->messages != 0) ++last->messages;
  if (last->after == nullptr || !last->after->is_of(sender, receiver)) last->after = &of(sender, receiver);
  return *(last = last->after);
}

void local_credit::forget_idle() {
  erase_if(all_, [this](auto const& entry) {  // banned-call: which of them are idle does not depend on the order
    local_account* const account = entry.second;
    if (account->messages != 0) return false;
    *account = {};
    free_.push_back(account);
    return true;
  });
  kept_ = all_.size();
}

}  // namespace roost::detail
