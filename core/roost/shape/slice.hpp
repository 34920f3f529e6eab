#pragma once
// A strided rectangle of ranks: the affine layout under a region.

#include <roost/base/error.hpp>
#include <roost/shape/limits.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <vector>

namespace roost {

/// Offset, sizes and strides: the element at coordinates c lies at rank offset + sum(c[i] * stride[i]). Immutable. Any thread.
///
/// Valid where the strides nest: among the dimensions of more than one element, each stride is at least the span of the
/// dimensions of smaller stride, so that every member has exactly one place. (Monarch also wants each stride to divide the
/// next one, which would refuse every third GPU of eight on each host; here a slice of a valid slice is always valid.)
/// Strides need not descend. Without dimensions there is one element; with a size of 0 there is none.
/// All ranks are below `max_ranks`, and at most `max_dims` dimensions.
class slice {
 public:
  class iterator;

  /// One element, rank 0.
  slice() = default;
  /// Throws `errc::bad_argument` where the rules above are broken.
  slice(std::uint64_t offset, std::vector<std::uint64_t> sizes, std::vector<std::uint64_t> strides);
  /// The same, for values from outside.
  static result<slice> make(std::uint64_t offset, std::vector<std::uint64_t> sizes, std::vector<std::uint64_t> strides);
  /// Dense, last dimension fastest, from `offset`. Throws `errc::bad_argument`.
  static slice row_major(std::vector<std::uint64_t> sizes, std::uint64_t offset = 0);

  std::uint64_t offset() const noexcept { return offset_; }
  std::span<std::uint64_t const> sizes() const noexcept { return sizes_; }
  std::span<std::uint64_t const> strides() const noexcept { return strides_; }
  std::size_t dims() const noexcept { return sizes_.size(); }
  /// Number of elements.
  std::uint64_t size() const noexcept;
  bool empty() const noexcept { return size() == 0; }
  /// True where the elements are `size()` consecutive ranks in row-major order.
  bool dense() const noexcept;

  /// The rank at `coordinates`. Throws `errc::bad_argument` where they are not in the slice.
  std::uint64_t rank_of(std::span<std::uint64_t const> coordinates) const;
  /// Inverse of `rank_of`; empty where `rank` is no member.
  std::optional<std::vector<std::uint64_t>> coordinates_of(std::uint64_t rank) const;
  bool contains(std::uint64_t rank) const noexcept;
  /// The rank of the element number `ordinal`, row-major. Throws `errc::bad_argument` unless it is below `size()`.
  std::uint64_t get(std::uint64_t ordinal) const { return ordinal == 0 && sizes_.empty() ? offset_ : get_of_many(ordinal); }
  /// Inverse of `get`; empty where `rank` is no member.
  std::optional<std::uint64_t> index(std::uint64_t rank) const noexcept;
  /// The greatest rank, or empty where there is no element. Linear in dimensions.
  std::optional<std::uint64_t> last() const noexcept;

  /// Ranks in row-major order. Each step costs as much as there are dimensions.
  iterator begin() const;
  iterator end() const;

  friend bool operator==(slice const& a, slice const& b) noexcept {
    return a.offset_ == b.offset_ && a.sizes_ == b.sizes_ && a.strides_ == b.strides_;
  }

 private:
  std::uint64_t get_of_many(std::uint64_t ordinal) const;
  std::uint64_t locate(std::uint64_t ordinal) const noexcept;
  template <class Visit>
  bool decompose(std::uint64_t rank, Visit visit) const noexcept;

  std::uint64_t offset_ = 0;
  std::vector<std::uint64_t> sizes_;
  std::vector<std::uint64_t> strides_;
  std::vector<std::uint8_t> descending_;  // Dimensions of more than one element, greatest stride first.
};

class slice::iterator {
 public:
  using value_type = std::uint64_t;
  using difference_type = std::ptrdiff_t;
  using iterator_category = std::input_iterator_tag;

  iterator() = default;
  std::uint64_t operator*() const { return layout_->locate(ordinal_); }
  iterator& operator++() {
    ++ordinal_;
    return *this;
  }
  iterator operator++(int) { return {layout_, ordinal_++}; }
  friend bool operator==(iterator const& a, iterator const& b) { return a.ordinal_ == b.ordinal_; }

 private:
  friend class slice;
  iterator(slice const* layout, std::uint64_t ordinal) : layout_(layout), ordinal_(ordinal) {}
  slice const* layout_ = nullptr;
  std::uint64_t ordinal_ = 0;
};

inline slice::iterator slice::begin() const { return {this, 0}; }
inline slice::iterator slice::end() const { return {this, size()}; }

}  // namespace roost
