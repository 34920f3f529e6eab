#pragma once
// Values for some ranks: what replies and statuses are gathered in until every rank has one.

#include <roost/base/error.hpp>
#include <roost/shape/limits.hpp>
#include <roost/shape/text.hpp>

#include <concepts>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

namespace roost {

/// The ranks from `begin` up to `end`, which is not among them, all with one value.
template <class T>
struct value_run {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  T value;
  friend bool operator==(value_run const&, value_run const&)
    requires std::equality_comparable<T>
  = default;
};

namespace detail {
/// Appends a run, joined to the last one where they touch and their values are known to be equal.
template <class T>
void append_run(std::vector<value_run<T>>& runs, value_run<T> next) {
  if constexpr (std::equality_comparable<T>) {
    if (!runs.empty() && runs.back().end == next.begin && runs.back().value == next.value) {
      runs.back().end = next.end;
      return;
    }
  }
  runs.push_back(std::move(next));
}
}  // namespace detail

/// A sparse map from ranks to values, kept as runs. What is written later wins. Not for concurrent use.
template <class T>
class value_overlay {
 public:
  value_overlay() = default;

  /// Gives the ranks from `begin` up to `end` the value; an empty range changes nothing. Logarithmic in runs, and linear in
  /// the runs it replaces. Throws `errc::bad_argument` where `begin` is above `end` or `end` above `max_ranks`.
  void set(std::uint64_t begin, std::uint64_t end, T value) {
    if (begin > end || end > max_ranks) {
      detail::refuse("the ranks from " + std::to_string(begin) + " to " + std::to_string(end) + " are no range of ranks up to " +
                     std::to_string(max_ranks));
    }
    if (begin == end) return;
    cut(begin);
    cut(end);
    runs_.erase(runs_.lower_bound(begin), runs_.lower_bound(end));
    runs_.emplace(begin, tail{end, std::move(value)});
  }
  void set(std::uint64_t rank, T value) { set(rank, rank + 1, std::move(value)); }

  /// Writes all of `right` over this: where both have a value, `right` wins. Associative.
  void merge(value_overlay const& right) {
    if (&right == this) return;
    for (auto const& [begin, rest] : right.runs_) set(begin, rest.end, rest.value);
  }

  /// The value at `rank`, or nullptr.
  T const* find(std::uint64_t rank) const {
    auto const after = runs_.upper_bound(rank);
    if (after == runs_.begin()) return nullptr;
    auto const& rest = std::prev(after)->second;
    return rank < rest.end ? &rest.value : nullptr;
  }
  /// The first rank below `size` without a value, or `size` where there is none.
  std::uint64_t first_missing(std::uint64_t size) const {
    std::uint64_t next = 0;
    for (auto const& [begin, rest] : runs_) {
      if (begin > next || next >= size) break;
      next = rest.end;
    }
    return next < size ? next : size;
  }
  /// One more than the greatest rank with a value.
  std::uint64_t end_rank() const { return runs_.empty() ? 0 : std::prev(runs_.end())->second.end; }
  bool empty() const noexcept { return runs_.empty(); }

  /// Sorted and disjoint; where values can be compared, no two that touch are equal.
  std::vector<value_run<T>> runs() const {
    std::vector<value_run<T>> listed;
    for (auto const& [begin, rest] : runs_) detail::append_run(listed, value_run<T>{begin, rest.end, rest.value});
    return listed;
  }

  friend bool operator==(value_overlay const& a, value_overlay const& b)
    requires std::equality_comparable<T>
  {
    return a.runs() == b.runs();
  }

 private:
  struct tail {
    std::uint64_t end;
    T value;
  };

  /// Ends a run at `rank` where one goes across it.
  void cut(std::uint64_t rank) {
    auto const after = runs_.lower_bound(rank);
    if (after == runs_.begin()) return;
    auto& rest = std::prev(after)->second;
    if (rest.end <= rank) return;
    runs_.emplace_hint(after, rank, tail{rest.end, rest.value});
    rest.end = rank;
  }

  std::map<std::uint64_t, tail> runs_;  // By first rank.
};

}  // namespace roost
