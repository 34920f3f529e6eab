#pragma once
// One value per rank of an extent: what a cast is given and what a call over a mesh returns.

#include <roost/base/error.hpp>
#include <roost/shape/extent.hpp>
#include <roost/shape/point.hpp>
#include <roost/shape/region.hpp>
#include <roost/shape/text.hpp>
#include <roost/shape/value_overlay.hpp>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace roost {

namespace detail {
/// The index of the run that holds `rank`, by the ranks at which runs end; without runs, one value per rank.
std::size_t run_of_rank(std::span<std::uint64_t const> ends, std::uint64_t rank) noexcept;
}  // namespace detail

/// A complete map from the points of an extent to values, kept dense or as runs of equal values; no member but
/// `run_length()` and the cost of a step tells which. An ordinary value: copying copies. Any thread may read.
template <class T>
class value_mesh {
 public:
  using value_type = T;
  /// What iteration yields: `for (auto const& [where, value] : results)`.
  struct entry {
    point where;
    T const& value;
  };
  class iterator;

  /// No values: one dimension "rank" of size 0.
  value_mesh() : shape_{{"rank", 0}} {}
  /// One value per rank, in order. Throws `errc::bad_argument` unless there are `shape.size()` of them.
  value_mesh(roost::extent shape, std::vector<T> values) : shape_(std::move(shape)) {
    if (values.size() != shape_.size()) {
      detail::refuse("expected " + std::to_string(shape_.size()) + " values, got " + std::to_string(values.size()),
                     "extent " + to_string(shape_));
    }
    values_.reserve(values.size());
    for (auto&& value : values) values_.push_back({std::move(value)});
  }
  /// The same value at every rank, kept once.
  static value_mesh filled(roost::extent shape, T value) {
    value_mesh made(std::move(shape));
    if (!made.shape_.empty()) made.push_run(made.shape_.size(), std::move(value));
    return made;
  }
  /// `fallback` where no range writes; of several ranges the last wins. Throws `errc::bad_argument` for a range outside `shape`.
  static value_mesh with_ranges(roost::extent shape, T fallback, std::vector<value_run<T>> ranges) {
    value_overlay<T> written;
    for (auto& [begin, end, value] : ranges) written.set(begin, end, std::move(value));
    return filled(std::move(shape), std::move(fallback)).overlaid(written);
  }
  /// From (rank, value) pairs in any order; of several for one rank the last wins. Throws `errc::bad_argument` where a rank of
  /// `shape` has none, or a pair's rank is not in `shape`.
  static value_mesh from_indexed(roost::extent shape, std::vector<std::pair<std::uint64_t, T>> pairs) {
    value_overlay<T> written;
    for (auto& [rank, value] : pairs) {
      if (rank >= shape.size()) {
        detail::refuse("rank " + std::to_string(rank) + " must be below " + std::to_string(shape.size()),
                       "extent " + to_string(shape));
      }
      written.set(rank, std::move(value));
    }
    auto made = complete(std::move(shape), written);
    if (!made) throw exception(error(errc::bad_argument, made.failure().what, made.failure().where));
    return *std::move(made);
  }
  /// Of what was gathered. Errors: `errc::mesh_partial` where a rank of `shape` has no value, naming the first;
  /// `errc::bad_argument` where a value lies outside `shape`.
  static result<value_mesh> complete(roost::extent shape, value_overlay<T> const& gathered) {
    auto const missing = gathered.first_missing(shape.size());
    if (missing < shape.size()) {
      return error(errc::mesh_partial, "rank " + std::to_string(missing) + " has no value", "extent " + to_string(shape));
    }
    return from_runs(std::move(shape), gathered.runs());
  }
  /// Inverse of `runs`, for values from outside. Errors: `errc::bad_argument` unless the runs are sorted, without gaps, not
  /// empty, and cover exactly the ranks of `shape`.
  static result<value_mesh> from_runs(roost::extent shape, std::vector<value_run<T>> runs) {
    std::uint64_t next = 0;
    for (auto const& run : runs) {
      if (run.begin != next || run.end <= run.begin || run.end > shape.size()) {
        return error(errc::bad_argument,
                     "expected a run from rank " + std::to_string(next) + " to at most " + std::to_string(shape.size()) +
                         ", found one from " + std::to_string(run.begin) + " to " + std::to_string(run.end),
                     "extent " + to_string(shape));
      }
      next = run.end;
    }
    if (next != shape.size()) {
      return error(errc::bad_argument,
                   "the runs end at rank " + std::to_string(next) + ", expected " + std::to_string(shape.size()),
                   "extent " + to_string(shape));
    }
    value_mesh made(std::move(shape));
    for (auto& run : runs) made.push_run(run.end, std::move(run.value));
    return made;
  }

  roost::extent const& extent() const noexcept { return shape_; }
  std::uint64_t size() const noexcept { return shape_.size(); }
  bool empty() const noexcept { return shape_.empty(); }

  /// The value at a rank, a point of this extent, or an index of every dimension (`results.at(host = 1, gpu = 3)`). Throws
  /// `errc::bad_argument` where there is none. Logarithmic in runs.
  T const& at(std::uint64_t rank) const {
    if (rank >= size()) {
      detail::refuse("rank " + std::to_string(rank) + " must be below " + std::to_string(size()), "extent " + to_string(shape_));
    }
    return values_[run_at(rank)].value;
  }
  T const& at(point const& where) const {
    if (where.extent() != shape_) {
      detail::refuse("point " + to_string(where) + " is not of this extent", "extent " + to_string(shape_));
    }
    return at(where.rank());
  }
  template <selects_dim... Selectors>
    requires(sizeof...(Selectors) > 0)
  T const& at(Selectors const&... fixed) const {
    auto const one = region(shape_).at(fixed...);
    if (one.dims() != 0) {
      detail::refuse("at needs an index of every dimension, there is none of " + detail::list_text(one.labels()),
                     "extent " + to_string(shape_));
    }
    return at(one.base_rank(std::uint64_t{0}));
  }

  /// Entries in order of rank.
  iterator begin() const { return iterator(this, 0); }
  iterator end() const { return iterator(this, size()); }
  /// Copies, in order of rank. Throws `errc::too_large` above `max_listed_ranks`.
  std::vector<T> values() const {
    check_listed(size());
    std::vector<T> listed;
    listed.reserve(size());
    for (auto const& [where, value] : *this) listed.push_back(value);
    return listed;
  }

  /// The values of the points that `region::slice` keeps. Copies them.
  template <selects_dim... Selectors>
  value_mesh slice(Selectors const&... chosen) const {
    return over(region(shape_).slice(chosen...));
  }
  /// The values at the base ranks of `part`, in its extent. Throws `errc::bad_argument` where one is not below `size()`.
  value_mesh over(region const& part) const {
    auto const last = part.layout().last();
    if (last && *last >= size()) {
      detail::refuse("region " + to_string(part) + " reaches rank " + std::to_string(*last) + ", which must be below " +
                         std::to_string(size()),
                     "extent " + to_string(shape_));
    }
    value_mesh made(part.extent());
    if (part.empty()) return made;
    if (values_.size() == 1) return filled(part.extent(), values_.front().value);
    check_listed(part.size());
    if (!run_length()) {
      made.values_.reserve(part.size());
      for (auto const rank : part.layout()) made.values_.push_back(values_[rank]);
      return made;
    }
    std::optional<std::size_t> open;
    for (auto const rank : part.layout()) {
      auto const run = run_at(rank);
      if (run == open) {
        ++made.ends_.back();
      } else {
        made.push_run((made.ends_.empty() ? 0 : made.ends_.back()) + 1, values_[run].value);
      }
      open = run;
    }
    return made;
  }
  /// The same values with one dimension.
  value_mesh flatten(std::string_view label) const { return reshaped(region(shape_).flatten(label)); }
  /// The same values, dimensions as `region::split` and `region::rename` have them.
  template <class... Arguments>
    requires((selects_dim<Arguments> || splits_dim<Arguments>) && ...)
  value_mesh split(Arguments const&... arguments) const {
    return reshaped(region(shape_).split(arguments...));
  }
  template <splits_dim... Names>
  value_mesh rename(Names const&... names) const {
    return reshaped(region(shape_).rename(names...));
  }

  /// A copy in which the values of `right` win. Throws `errc::bad_argument` where one lies outside the extent.
  value_mesh overlaid(value_overlay<T> const& right) const {
    if (right.end_rank() > size()) {
      detail::refuse("rank " + std::to_string(right.end_rank() - 1) + " must be below " + std::to_string(size()),
                     "extent " + to_string(shape_));
    }
    auto merged = overlay();
    merged.merge(right);
    return complete(shape_, merged).value();
  }
  /// All values, as something to write over.
  value_overlay<T> overlay() const {
    value_overlay<T> all;
    std::uint64_t begin = 0;
    for (std::size_t i = 0; i < values_.size(); begin = end_of(i), ++i) all.set(begin, end_of(i), values_[i].value);
    return all;
  }

  /// Gap-free runs in order of rank, the same for equal meshes: where values can be compared, neighbours differ.
  std::vector<value_run<T>> runs() const {
    std::vector<value_run<T>> listed;
    std::uint64_t begin = 0;
    for (std::size_t i = 0; i < values_.size(); begin = end_of(i), ++i) {
      detail::append_run(listed, value_run<T>{begin, end_of(i), values_[i].value});
    }
    return listed;
  }
  /// True where neighbouring ranks may share one kept value.
  bool run_length() const noexcept { return !ends_.empty(); }
  /// An equal mesh kept as runs.
  value_mesh compressed() const { return from_runs(shape_, runs()).value(); }
  /// An equal mesh with one kept value per rank. Throws `errc::too_large` above `max_listed_ranks`.
  value_mesh dense() const { return {shape_, values()}; }

  /// Same extent, equal values; however they are kept.
  friend bool operator==(value_mesh const& a, value_mesh const& b)
    requires std::equality_comparable<T>
  {
    return a.shape_ == b.shape_ && a.runs() == b.runs();
  }

 private:
  struct slot {  // So that a mesh of bool can hand out references.
    T value;
  };

  explicit value_mesh(roost::extent shape) : shape_(std::move(shape)) {}

  static void check_listed(std::uint64_t count) {
    if (count > max_listed_ranks) {
      throw exception(error(errc::too_large, "at most " + std::to_string(max_listed_ranks) + " values are listed, these are " +
                                                 std::to_string(count)));
    }
  }
  void push_run(std::uint64_t end, T value) {
    values_.push_back({std::move(value)});
    ends_.push_back(end);
  }
  std::uint64_t end_of(std::size_t run) const { return ends_.empty() ? run + 1 : ends_[run]; }
  std::size_t run_at(std::uint64_t rank) const noexcept { return detail::run_of_rank(ends_, rank); }
  value_mesh reshaped(region const& where) const {
    value_mesh copy = *this;
    copy.shape_ = where.extent();
    return copy;
  }

  roost::extent shape_;
  std::vector<slot> values_;         // One per rank, or one per run.
  std::vector<std::uint64_t> ends_;  // Of each run; empty where dense.
};

template <class T>
class value_mesh<T>::iterator {
 public:
  using value_type = entry;
  using difference_type = std::ptrdiff_t;
  using iterator_category = std::input_iterator_tag;

  iterator() = default;
  entry operator*() const { return {point(mesh_->shape_, rank_), mesh_->values_[run_].value}; }
  iterator& operator++() {
    ++rank_;
    if (rank_ == mesh_->end_of(run_)) ++run_;
    return *this;
  }
  iterator operator++(int) {
    auto const before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(iterator const& a, iterator const& b) { return a.rank_ == b.rank_; }

 private:
  friend class value_mesh;
  iterator(value_mesh const* mesh, std::uint64_t rank) : mesh_(mesh), rank_(rank) {}
  value_mesh const* mesh_ = nullptr;
  std::uint64_t rank_ = 0;
  std::size_t run_ = 0;
};

}  // namespace roost
