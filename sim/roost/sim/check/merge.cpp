#include <roost/sim/check/record.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <unordered_set>
#include <utility>

namespace roost::sim::check {
namespace {

/// A happening that others must come after.
struct mark {
  observed what = observed::sent;
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool operator==(mark const&) const = default;
};

struct hash_mark {
  std::size_t operator()(mark const& one) const noexcept {
    return detail::mix(detail::mix(one.high, one.low), static_cast<std::uint64_t>(one.what));
  }
};
using mark_set = std::unordered_set<mark, hash_mark>;

mark mark_of(observed what, message_stamp stamp) { return {what, stamp.high, stamp.low}; }
mark end_of(actor_id actor) { return {observed::actor_ended, hash_of(actor.proc), actor.local}; }

/// What others may wait for in `seen`.
std::optional<mark> given_by(observation const& seen) {
  switch (seen.what) {
    case observed::sent:
    case observed::handler_started:
    case observed::replied:
      if (seen.stamp == message_stamp{}) return std::nullopt;
      return mark_of(seen.what, seen.stamp);
    case observed::actor_ended: return end_of(seen.actor);
    default: return std::nullopt;
  }
}

class merger {
 public:
  explicit merger(std::vector<proc_record> const& records) : records_(records), next_(records.size(), 0) {
    for (proc_record const& record : records) {
      left_[record.proc] += record.seen.size();
      total_ += record.seen.size();
      for (observation const& seen : record.seen) {
        if (auto const given = given_by(seen)) exists_.insert(*given);
      }
    }
    for (std::size_t record = 0; record < records.size(); ++record) queue(record);
  }

  merged_records run() {
    merged_records merged;
    merged.seen.reserve(total_);
    while (merged.seen.size() < total_) {
      std::size_t const chosen = take_next(merged.forced);
      observation const& seen = head(chosen);
      merged.seen.push_back(seen);
      merged.seen.back().event = merged.seen.size();
      if (auto const given = given_by(seen)) happened_.insert(*given);
      ++next_[chosen];
      --left_[records_[chosen].proc];
      queue(chosen);
    }
    return merged;
  }

 private:
  observation const& head(std::size_t record) const { return records_[record].seen[next_[record]]; }

  /// Unless nothing is left of it.
  void queue(std::size_t record) {
    if (next_[record] == records_[record].seen.size()) return;
    queued_.emplace_back(head(record).at, record);
    std::push_heap(queued_.begin(), queued_.end(), std::greater<>());
  }
  std::pair<instant, std::size_t> take_earliest() {
    std::pop_heap(queued_.begin(), queued_.end(), std::greater<>());
    auto const taken = queued_.back();
    queued_.pop_back();
    return taken;
  }

  /// Takes the record whose next observation is the earliest of those that need not wait. Where all have to, which is counted, it is the
  /// earliest of all.
  std::size_t take_next(std::size_t& forced) {
    std::vector<std::pair<instant, std::size_t>> waiting;
    while (!queued_.empty()) {
      auto const earliest = take_earliest();
      if (may_go(head(earliest.second), records_[earliest.second].proc)) {
        for (auto const& [at, record] : waiting) queue(record);
        return earliest.second;
      }
      waiting.push_back(earliest);
    }
    ++forced;
    for (std::size_t i = 1; i != waiting.size(); ++i) queue(waiting[i].second);
    return waiting.front().second;
  }

  bool may_go(observation const& seen, proc_id const& from) const {
    switch (seen.what) {
      case observed::handler_started:
      case observed::told:
      case observed::returned: return came(mark_of(observed::sent, seen.stamp));
      case observed::reply_arrived:
        return came(mark_of(observed::sent, seen.stamp)) && came(mark_of(observed::handler_started, seen.stamp)) &&
               came(mark_of(observed::replied, seen.stamp));
      case observed::notice:
      case observed::supervise_started: return came(end_of(seen.other));
      case observed::proc_crashed:
      case observed::proc_exited: {
        auto const left = left_.find(seen.actor.proc);
        return left == left_.end() || left->second == 0 || seen.actor.proc == from;
      }
      default: return true;
    }
  }
  bool came(mark const& one) const { return happened_.contains(one) || !exists_.contains(one); }

  std::vector<proc_record> const& records_;
  std::vector<std::size_t> next_;
  std::vector<std::pair<instant, std::size_t>> queued_;  // A heap of those of which something is left, by their next observation.
  std::map<proc_id, std::size_t> left_;
  std::size_t total_ = 0;
  mark_set exists_;
  mark_set happened_;
};

}  // namespace

merged_records merge(std::vector<proc_record> const& records) { return merger(records).run(); }

}  // namespace roost::sim::check
