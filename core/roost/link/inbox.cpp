#include <roost/link/inbox.hpp>

#include <roost/base/plant.hpp>

#include <algorithm>
#include <iterator>

namespace roost::link {
namespace {

ROOST_DEFINE_PLANT(ack_before_custody, "ack-before-custody", "G3",
                   "acknowledges frames that wait for an earlier one, and forgets those at a reset");
ROOST_DEFINE_PLANT(duplicate_after_resume, "duplicate-after-resume", "G3",
                   "takes the last frame before a reset for new when it comes again");
ROOST_DEFINE_PLANT(deduplication_removed, "deduplication-removed", "G3", "takes every frame that comes again for new");
ROOST_DEFINE_PLANT(reorder, "reorder", "G2", "hands two frames that waited for an earlier one over in the wrong order");
ROOST_DEFINE_PLANT(skip_lost, "skip-lost", "G3", "forgets at a reset which returned messages the sender has not been told of");

bool may_pass(wire::frame_header const& header, std::int64_t open_to) {
  return open_to >= 0 && header.control_number <= static_cast<std::uint64_t>(open_to);
}

}  // namespace

inbox::verdict inbox::judge(wire::frame_header const& header, std::int64_t open_to) const {
  auto const number = header.number;
  if (number < next_) {
    if (ROOST_PLANT(deduplication_removed)) return verdict::next;
    return ROOST_PLANT(duplicate_after_resume) && repeat_last_ && number + 1 == next_ ? verdict::next : verdict::duplicate;
  }
  if (number - next_ >= window_) return verdict::beyond;
  if (number == next_ && may_pass(header, open_to)) return verdict::next;
  return held_.contains(number) ? verdict::duplicate : verdict::held;
}

std::optional<arrival> inbox::take_ready(std::int64_t open_to) {
  while (!held_.empty() && held_.begin()->first < next_) held_.erase(held_.begin());
  if (held_.empty()) return {};
  auto const first = held_.begin();
  if (first->first != next_ || !may_pass(first->second.header, open_to)) return {};
  if (auto const second = std::next(first); ROOST_PLANT(reorder) && second != held_.end() && second->first == next_ + 1) {
    std::swap(first->second, second->second);
    std::swap(first->second.header.number, second->second.header.number);
  }
  auto ready = std::move(first->second);
  held_.erase(first);
  return ready;
}

void inbox::accept(std::uint64_t number, bool reserved, std::uint32_t size) {
  if (number < next_) {
    repeat_last_ = false;
    return;
  }
  next_ = number + 1;
  if (!reserved) open_.push({number, size, state::open});
}

std::optional<std::uint32_t> inbox::handled(std::uint64_t number) {
  auto* message = open_.find(number);
  if (message == nullptr || message->now != state::open) return {};
  auto const size = message->size;
  auto const in_order = message == &open_.front();
  open_.take(*message);
  if (!in_order) unreported_.push_back(number);
  return size;
}

bool inbox::returned(std::uint64_t number, errc why) {
  auto* message = open_.find(number);
  if (message == nullptr || message->now != state::open) return false;
  message->now = state::returned;
  returned_.emplace_back(number, why);
  return true;
}

std::uint64_t inbox::custody_below() const {
  if (ROOST_PLANT(ack_before_custody) && !held_.empty()) return held_.rbegin()->first + 1;
  return next_;
}

std::optional<shared_bytes> inbox::make_report(std::uint64_t lane_number) {
  std::vector<std::pair<std::uint64_t, errc>> fates;
  auto const below = handled_below();
  std::erase_if(unreported_, [below](std::uint64_t n) { return n < below; });
  auto const room = [&fates] { return max_runs - fates.size(); };
  auto const told = std::min(returned_.size(), room());
  for (std::size_t i = 0; i != told; ++i) {
    fates.push_back(returned_[i]);
    reporting_.push_back({lane_number, returned_[i].first});
  }
  returned_.erase(returned_.begin(), returned_.begin() + static_cast<std::ptrdiff_t>(told));
  auto const handled = std::min(unreported_.size(), room());
  for (std::size_t i = 0; i != handled; ++i) fates.emplace_back(unreported_[i], errc::ok);
  unreported_.erase(unreported_.begin(), unreported_.begin() + static_cast<std::ptrdiff_t>(handled));
  if (fates.empty()) return {};
  std::sort(fates.begin(), fates.end());
  std::vector<fate_run> runs;
  for (auto const& [number, fate] : fates) {
    if (!runs.empty() && runs.back().first + runs.back().count == number && runs.back().fate == fate) {
      ++runs.back().count;
    } else {
      runs.push_back({number, 1, fate});
    }
  }
  return encode_runs(runs);
}

void inbox::confirmed(std::uint64_t lane_below) {
  while (!reporting_.empty() && reporting_.front().first < lane_below) {
    if (auto* message = open_.find(reporting_.front().second)) open_.take(*message);
    reporting_.pop_front();
  }
}

std::vector<fate_run> inbox::held_runs(std::size_t max) const {
  std::vector<fate_run> runs;
  for (auto const& [number, unused] : held_) {
    if (!runs.empty() && runs.back().first + runs.back().count == number) {
      ++runs.back().count;
    } else {
      if (runs.size() == max) break;
      runs.push_back({number, 1, errc::ok});
    }
  }
  return runs;
}

void inbox::resumed() {
  if (ROOST_PLANT(ack_before_custody)) held_.clear();
  if (ROOST_PLANT(duplicate_after_resume)) repeat_last_ = next_ > 1;
  if (ROOST_PLANT(skip_lost)) returned_.clear();
}

}  // namespace roost::link
