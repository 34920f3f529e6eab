#pragma once
// What a mesh reference covers: a strided hyper-rectangle, with named dimensions, in the rank space of a base mesh.

#include <roost/shape/dim.hpp>
#include <roost/shape/extent.hpp>
#include <roost/shape/point.hpp>
#include <roost/shape/slice.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roost {

namespace detail {
/// An argument of `region::split`: which dimension becomes which parts, or the size of a part.
struct split_argument {
  std::optional<dim_parts> parts;
  std::optional<dim_selector> size;
  split_argument(dim_parts p) : parts(std::move(p)) {}
  split_argument(dim_selector s) : size(std::move(s)) {}
};
}  // namespace detail

template <class T>
concept selects_dim = std::same_as<std::remove_cvref_t<T>, dim_selector>;
template <class T>
concept splits_dim = std::same_as<std::remove_cvref_t<T>, dim_parts>;

/// An extent and the base rank of each of its points. Immutable. Any thread.
///
/// A *rank* of a region counts its own points row-major from 0; a *base rank* is a rank of the mesh it was cut from. Every
/// operation returns another region of the same base. All throw `errc::bad_argument` where an argument names no dimension
/// of the region, names one twice, or asks for what is not there; the sentence says which.
class region {
 public:
  /// One point, base rank 0.
  region() = default;
  /// All of `shape`: ranks and base ranks are equal.
  explicit region(roost::extent shape);
  /// Throws `errc::bad_argument` unless there is one label per dimension of `layout` and they make an extent.
  region(std::vector<std::string> labels, roost::slice layout);
  /// The same, for values from outside.
  static result<region> make(std::vector<std::string> labels, roost::slice layout);
  /// Inverse of `to_string`. Errors name the character and what was expected there.
  static result<region> parse(std::string_view text);

  roost::extent const& extent() const noexcept { return shape_; }
  roost::slice const& layout() const noexcept { return layout_; }
  std::span<std::string const> labels() const noexcept { return shape_.labels(); }
  std::span<std::uint64_t const> sizes() const noexcept { return shape_.sizes(); }
  std::size_t dims() const noexcept { return shape_.dims(); }
  std::uint64_t size() const noexcept { return shape_.size(); }
  std::uint64_t size(std::string_view label) const { return shape_.size(label); }
  bool empty() const noexcept { return shape_.empty(); }

  /// Where rank `rank` of this region lies in the base. Throws unless it is below `size()`.
  std::uint64_t base_rank(std::uint64_t rank) const { return layout_.get(rank); }
  /// The same for a point, whose extent must be this region's.
  std::uint64_t base_rank(point const& where) const;
  /// The point of this region at a base rank, or empty where the region does not cover it.
  std::optional<point> point_of(std::uint64_t base_rank) const;
  bool contains(std::uint64_t base_rank) const noexcept { return layout_.contains(base_rank); }
  /// True where `other` covers every base rank of this region. Costs a step per point of this region where `other` is not dense.
  bool subset_of(region const& other) const;
  /// For each rank of this region, in order, its rank in `other`. Throws `errc::bad_argument` where `other` does not cover
  /// it all, `errc::too_large` above `max_listed_ranks`.
  std::vector<std::uint64_t> remap(region const& other) const;

  /// Narrows dimensions: an index removes its dimension, a range keeps it, `slice(gpu = range(0, 4), host = 1)`.
  /// A range that ends beyond the dimension is cut to it; its step rounds the size up; an empty result is refused.
  template <selects_dim... Selectors>
  region slice(Selectors const&... chosen) const {
    return slice_by({chosen...});
  }
  region slice_by(std::vector<dim_selector> const& chosen) const;
  /// Fixes dimensions and removes them: `at(host = 1)`.
  template <selects_dim... Selectors>
  region at(Selectors const&... fixed) const {
    return at_all({fixed...});
  }
  region at(std::string_view label, std::int64_t index) const { return at_all({dim(label) = index}); }

  /// Replaces dimensions by several each, `split(gpu = {tp, pp}, pp = 2)`. Within one dimension at most one part's size may be
  /// left out; it is inferred. Refused where sizes do not multiply to the dimension's, or a size is given that no part uses.
  template <class... Arguments>
    requires((selects_dim<Arguments> || splits_dim<Arguments>) && ...)
  region split(Arguments const&... arguments) const {
    return split_by({detail::split_argument(arguments)...});
  }
  region split_by(std::vector<detail::split_argument> const& arguments) const;
  /// Gives dimensions other names: `rename(gpu = rank, host = node)`. Names may be exchanged.
  template <splits_dim... Names>
  region rename(Names const&... names) const {
    return rename_by({names...});
  }
  region rename_by(std::vector<dim_parts> const& names) const;
  /// One dimension in place of all. Only where the layout is dense, else `errc::bad_argument`.
  region flatten(std::string_view label) const;
  /// One region per index of the dimensions before `label`, row-major, each with that dimension and all after it.
  /// Throws `errc::too_large` above `max_listed_ranks` groups.
  std::vector<region> group_by(std::string_view label) const;

  friend bool operator==(region const&, region const&) = default;

 private:
  region at_all(std::vector<dim_selector> const& fixed) const;

  roost::extent shape_;
  roost::slice layout_;
};

/// "8+host=2/16,gpu=8/1": offset, then size / stride of each dimension; offset 0 is left out; without dimensions "()".
std::string to_string(region const& where);

}  // namespace roost
