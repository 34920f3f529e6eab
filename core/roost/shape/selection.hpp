#pragma once
// Sets of points described dimension by dimension, with a text form: "0,*|1,0:4" is all of host 0 and four GPUs of host 1.

#include <roost/base/error.hpp>
#include <roost/shape/dim.hpp>
#include <roost/shape/extent.hpp>
#include <roost/shape/region.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roost {

/// Which coordinates are meant, outermost dimension first; dimensions it says nothing about are taken whole.
///
/// Grammar, loosest first: `a|b` union, `a,b` next dimension, then `*`, an index, a range `a:b:c`, or parentheses. A union in
/// parentheses may stand before a comma, and its branches may cover several dimensions: "(0|1,2:4),0". The text is checked for
/// form only; indices meet sizes at evaluation. Blanks are allowed. Immutable; copying shares. Any thread.
class selection {
 public:
  /// Most indices, ranges and stars in one selection, and deepest nesting of parentheses.
  static constexpr std::size_t max_terms = 1024;
  static constexpr std::size_t max_depth = 64;

  /// Everything.
  selection();
  static selection all() { return {}; }
  /// One index of the first dimension. A negative one throws `errc::bad_argument`.
  static selection at(std::int64_t index);
  /// A range of the first dimension. A negative bound or a step below 1 throws `errc::bad_argument`.
  static selection of(range const& indices);
  /// One point, by its coordinates; none of them means everything.
  static selection of_point(point const& where);
  /// Inverse of `to_string`. Errors name the character and what was expected there; `errc::too_large` beyond the limits.
  static result<selection> parse(std::string_view text);

  /// This for the first dimensions, `next` for those after. Throws `errc::too_large` beyond the limits.
  selection then(selection const& next) const;
  /// What either selects. Throws `errc::too_large` beyond the limits.
  friend selection operator|(selection const& a, selection const& b);

  /// The selected ranks of `shape`, ascending, each once. An extent without dimensions counts as one dimension of size 1.
  ///
  /// Throws `errc::bad_argument` where the selection has more dimensions than `shape`, or an index or range has nothing there;
  /// a range that ends beyond the dimension is cut to it. Throws `errc::too_large` above `max_listed_ranks`. Costs the number
  /// of selected ranks times that of terms at most.
  std::vector<std::uint64_t> ranks(extent const& shape) const;
  /// The base ranks of the selected points of `where`, in the order of their ranks there. Throws like `ranks`.
  std::vector<std::uint64_t> base_ranks(region const& where) const;

  /// Equal in form: "0:2" and "0|1" differ.
  friend bool operator==(selection const& a, selection const& b);
  friend std::string to_string(selection const& chosen);

 private:
  struct node;
  friend class selection_automaton;
  friend class selection_parser;
  explicit selection(std::shared_ptr<node const> root) : root_(std::move(root)) {}
  static result<selection> combine(int kind, std::vector<selection> const& children);

  std::shared_ptr<node const> root_;
};

/// The shortest text that `selection::parse` reads back to an equal selection.
std::string to_string(selection const& chosen);

}  // namespace roost
