#pragma once
// A dimension as a value, so that selections read as they are meant: `slice(gpu = range(0, 4), host = 1)`.

#include <roost/base/error.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace roost {

/// Indices `from`, `from + step`, ... below `to`. An absent `to` is the end of the dimension, and so is one beyond it.
/// Text form "a:b:c", where each part may be missing; "a:b" has step 1.
struct range {
  std::int64_t from = 0;
  std::optional<std::int64_t> to;
  std::int64_t step = 1;

  /// All indices.
  constexpr range() = default;
  constexpr range(std::int64_t first, std::int64_t end, std::int64_t stride = 1) : from(first), to(end), step(stride) {}
  /// From `first` to the end of the dimension.
  static constexpr range starting(std::int64_t first, std::int64_t stride = 1) {
    range open;
    open.from = first;
    open.step = stride;
    return open;
  }
  friend constexpr bool operator==(range const&, range const&) = default;
};

/// "a:b", "a:" or with a step "a:b:c", "a::c".
std::string to_string(range const& indices);

/// One dimension and what is chosen of it: an index, which removes the dimension, or a range, which keeps it.
struct dim_selector {
  std::string label;
  std::variant<std::int64_t, range> chosen;
};

/// One dimension and the dimensions that take its place, outermost first: `gpu = {tp, pp}`.
struct dim_parts {
  std::string label;
  std::vector<std::string> parts;
};

/// The name of a dimension. Define it once, at namespace scope: `inline constexpr roost::dim gpu{"gpu"};`.
///
/// Assigning to a `dim` changes nothing; it makes an argument for `slice`, `at`, `split` or `rename`. The text is not owned
/// and must outlive the `dim`; the arguments own copies. `roost::dim(name) = 3` serves names known only at run time.
class dim {
 public:
  constexpr explicit dim(std::string_view label) noexcept : label_(label) {}
  constexpr explicit dim(char const* label) noexcept : label_(label) {}
  constexpr dim(dim const&) noexcept = default;
  ~dim() = default;

  constexpr std::string_view label() const noexcept { return label_; }
  constexpr operator std::string_view() const noexcept { return label_; }

  dim_selector operator=(std::int64_t index) const { return {std::string(label_), index}; }
  dim_selector operator=(range const& indices) const { return {std::string(label_), indices}; }
  dim_parts operator=(std::initializer_list<dim> parts) const {
    dim_parts made{std::string(label_), {}};
    for (auto const& part : parts) made.parts.emplace_back(part.label());
    return made;
  }
  /// The argument of `rename`: one part.
  dim_parts operator=(dim const& part) const { return {std::string(label_), {std::string(part.label())}}; }

 private:
  std::string_view label_;
};

namespace detail {

/// A range against a dimension's size: `size` indices from `from`, `step` apart. `size` is not 0.
struct resolved_range {
  std::uint64_t from;
  std::uint64_t size;
  std::uint64_t step;
};
/// Errors name `place` ("dimension \"gpu\"") and its size.
result<resolved_range> resolve(range const& indices, std::uint64_t size, std::string const& place);
result<std::uint64_t> resolve_index(std::int64_t index, std::uint64_t size, std::string const& place);

}  // namespace detail
}  // namespace roost
