#pragma once
// One element of an extent.

#include <roost/shape/extent.hpp>

#include <compare>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace roost {

/// A rank within an extent; coordinates are derived from it. Copying shares the extent and costs one count. Any thread.
class point {
 public:
  /// The only element of the extent without dimensions.
  point() = default;
  /// Throws `errc::bad_argument` unless `rank` is below `shape.size()`.
  point(roost::extent shape, std::uint64_t rank);
  /// The element at `coordinates`, one per dimension. Throws `errc::bad_argument` where they are not in `shape`.
  static point at(roost::extent shape, std::span<std::uint64_t const> coordinates);
  /// The same as the constructor, for values from outside.
  static result<point> make(roost::extent shape, std::uint64_t rank);
  /// Inverse of `to_string`. Errors name the character and what was expected there.
  static result<point> parse(std::string_view text);

  std::uint64_t rank() const noexcept { return rank_; }
  roost::extent const& extent() const noexcept { return shape_; }
  std::size_t dims() const noexcept { return shape_.dims(); }
  std::vector<std::uint64_t> coordinates() const { return shape_.coordinates_of(rank_); }
  /// One coordinate: `where[gpu]`. Throws `errc::bad_argument` where there is no such dimension.
  std::uint64_t operator[](std::string_view label) const { return shape_.coordinate_of(rank_, shape_.position(label)); }

  friend bool operator==(point const&, point const&) = default;
  /// By extent, then by rank.
  friend std::strong_ordering operator<=>(point const&, point const&) = default;

 private:
  friend class point_range;
  struct unchecked {};
  point(unchecked, roost::extent shape, std::uint64_t rank) : shape_(std::move(shape)), rank_(rank) {}

  roost::extent shape_;
  std::uint64_t rank_ = 0;
};

/// "host=1/2,gpu=7/8": coordinate / size; without dimensions "()".
std::string to_string(point const& where);

/// All points of an extent in order of rank: `for (point const& where : point_range(shape))`.
class point_range {
 public:
  class iterator {
   public:
    using value_type = point;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;

    iterator() = default;
    point operator*() const { return point(point::unchecked{}, *shape_, rank_); }
    iterator& operator++() {
      ++rank_;
      return *this;
    }
    iterator operator++(int) { return {shape_, rank_++}; }
    friend bool operator==(iterator const& a, iterator const& b) { return a.rank_ == b.rank_; }

   private:
    friend class point_range;
    iterator(roost::extent const* shape, std::uint64_t rank) : shape_(shape), rank_(rank) {}
    roost::extent const* shape_ = nullptr;
    std::uint64_t rank_ = 0;
  };

  explicit point_range(roost::extent shape) : shape_(std::move(shape)) {}
  iterator begin() const { return {&shape_, 0}; }
  iterator end() const { return {&shape_, shape_.size()}; }

 private:
  roost::extent shape_;
};

}  // namespace roost
