#include <roost/sim/check/record.hpp>

#include <algorithm>
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
  }

  merged_records run() {
    merged_records merged;
    merged.seen.reserve(total_);
    while (merged.seen.size() < total_) {
      std::size_t chosen = earliest(true);
      if (chosen == records_.size()) {
        chosen = earliest(false);
        ++merged.forced;
      }
      observation const& seen = head(chosen);
      merged.seen.push_back(seen);
      merged.seen.back().event = merged.seen.size();
      if (auto const given = given_by(seen)) happened_.insert(*given);
      ++next_[chosen];
      --left_[records_[chosen].proc];
    }
    return merged;
  }

 private:
  observation const& head(std::size_t record) const { return records_[record].seen[next_[record]]; }

  /// The record whose next observation is the earliest, of those that need not wait if `ready`; their number: there is none.
  std::size_t earliest(bool ready) const {
    std::size_t best = records_.size();
    for (std::size_t record = 0; record < records_.size(); ++record) {
      if (next_[record] == records_[record].seen.size()) continue;
      if (best != records_.size() && head(best).at <= head(record).at) continue;
      if (!ready || may_go(head(record), records_[record].proc)) best = record;
    }
    return best;
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
  std::map<proc_id, std::size_t> left_;
  std::size_t total_ = 0;
  mark_set exists_;
  mark_set happened_;
};

}  // namespace

merged_records merge(std::vector<proc_record> const& records) { return merger(records).run(); }

}  // namespace roost::sim::check
