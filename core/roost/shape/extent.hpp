#pragma once
// The shape of a mesh: named sizes, outermost first.

#include <roost/base/error.hpp>
#include <roost/shape/limits.hpp>

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace roost {

/// One dimension of an extent as it is written: `{"gpu", 8}`. A negative size is kept, and refused by the extent.
struct named_size {
  std::string label;
  std::uint64_t size = 0;
  bool negative = false;

  template <std::integral Size>
  named_size(std::string_view name, Size count)
      : label(name), size(static_cast<std::uint64_t>(count)), negative(std::cmp_less(count, 0)) {}
};

/// Named sizes with unique labels, outermost first: `extent{{"host", 2}, {"gpu", 8}}`. Immutable; copying shares. Any thread.
///
/// Ranks number its elements row-major, the last dimension fastest. An extent without dimensions has one element; one with a
/// size of 0 has none. At most `max_dims` dimensions and `max_ranks` elements, counting sizes of 0 as 1.
class extent {
 public:
  /// No dimensions: one element.
  extent() = default;
  /// Throws `errc::bad_argument` where the dimensions break the rules above.
  extent(std::initializer_list<named_size> dims);
  extent(std::vector<std::string> labels, std::vector<std::uint64_t> sizes);
  /// The same, for values from outside.
  static result<extent> make(std::vector<std::string> labels, std::vector<std::uint64_t> sizes);
  /// Inverse of `to_string`. Errors name the character and what was expected there.
  static result<extent> parse(std::string_view text);

  std::size_t dims() const noexcept { return data_ ? data_->labels.size() : 0; }
  std::span<std::string const> labels() const noexcept;
  std::span<std::uint64_t const> sizes() const noexcept;
  /// Number of elements.
  std::uint64_t size() const noexcept { return data_ ? data_->count : 1; }
  bool empty() const noexcept { return size() == 0; }
  /// Size of one dimension. Throws `errc::bad_argument` where there is none of that name.
  std::uint64_t size(std::string_view label) const { return sizes()[position(label)]; }
  /// Where the dimension stands, or empty.
  std::optional<std::size_t> find(std::string_view label) const noexcept;
  /// Where the dimension stands. Throws `errc::bad_argument` where there is none of that name.
  std::size_t position(std::string_view label) const;

  /// The rank at `coordinates`, one per dimension. Throws `errc::bad_argument` where they are not in the extent.
  std::uint64_t rank_of(std::span<std::uint64_t const> coordinates) const;
  /// Inverse of `rank_of`.
  std::vector<std::uint64_t> coordinates_of(std::uint64_t rank) const;
  /// One coordinate of `rank`, which must be below `size()`.
  std::uint64_t coordinate_of(std::uint64_t rank, std::size_t position) const;

  friend bool operator==(extent const& a, extent const& b) noexcept;
  /// By labels, then by sizes.
  friend std::strong_ordering operator<=>(extent const& a, extent const& b) noexcept;

 private:
  struct data {
    std::vector<std::string> labels;
    std::vector<std::uint64_t> sizes;
    std::uint64_t count;
  };
  std::shared_ptr<data const> data_;
};

/// "host=2,gpu=8"; without dimensions "()". Labels that are not plain words are quoted.
std::string to_string(extent const& shape);

}  // namespace roost
