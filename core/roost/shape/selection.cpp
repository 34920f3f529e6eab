#include <roost/shape/selection.hpp>
#include <roost/shape/text.hpp>

#include <algorithm>
#include <iterator>
#include <optional>

namespace roost {
namespace {

constexpr int all_kind = 0;
constexpr int index_kind = 1;
constexpr int range_kind = 2;
constexpr int sequence_kind = 3;
constexpr int union_kind = 4;

using terms = std::vector<std::uint32_t>;  // Ascending numbers of terms.

void add_all(terms& to, terms const& from) {
  terms joined;
  std::set_union(to.begin(), to.end(), from.begin(), from.end(), std::back_inserter(joined));
  to = std::move(joined);
}

}  // namespace

/// Sequences never hold sequences and unions never hold unions, so that equal texts have equal trees.
struct selection::node {
  int kind = all_kind;
  std::int64_t index = 0;
  range indices;
  std::vector<selection> children;
  std::size_t term_count = 1;
  std::size_t depth = 1;
};

selection::selection() : root_(std::make_shared<node const>()) {}

selection selection::at(std::int64_t index) {
  if (index < 0) detail::refuse("the index " + std::to_string(index) + " of a selection must not be negative");
  return selection(std::make_shared<node const>(node{.kind = index_kind, .index = index, .indices = {}, .children = {}}));
}

selection selection::of(range const& indices) {
  if (indices.from < 0 || (indices.to && *indices.to < 0) || indices.step < 1) {
    detail::refuse("range " + to_string(indices) + " must have bounds of at least 0 and a step of at least 1");
  }
  return selection(std::make_shared<node const>(node{.kind = range_kind, .indices = indices, .children = {}}));
}

selection selection::of_point(point const& where) {
  std::optional<selection> made;
  for (auto const coordinate : where.coordinates()) {
    auto const next = at(static_cast<std::int64_t>(coordinate));
    made = made ? made->then(next) : next;
  }
  return made.value_or(all());
}

result<selection> selection::combine(int kind, std::vector<selection> const& children) {
  if (children.size() == 1) return children.front();
  node made{.kind = kind, .indices = {}, .children = {}};
  made.term_count = 0;
  for (auto const& child : children) {
    made.term_count += child.root_->term_count;
    made.depth = std::max(made.depth, child.root_->depth + (child.root_->kind == kind ? 0 : 1));
    if (child.root_->kind == kind) {
      made.children.insert(made.children.end(), child.root_->children.begin(), child.root_->children.end());
    } else {
      made.children.push_back(child);
    }
  }
  if (made.term_count > max_terms) {
    return error(errc::too_large, "a selection has at most " + std::to_string(max_terms) + " terms, this one has " +
                                      std::to_string(made.term_count));
  }
  if (made.depth > 2 * max_depth) {
    return error(errc::too_large, "a selection nests at most " + std::to_string(max_depth) + " deep");
  }
  return selection(std::make_shared<node const>(std::move(made)));
}

selection selection::then(selection const& next) const { return detail::value_or_throw(combine(sequence_kind, {*this, next})); }

selection operator|(selection const& a, selection const& b) {
  return detail::value_or_throw(selection::combine(union_kind, {a, b}));
}

bool operator==(selection const& a, selection const& b) {
  if (a.root_ == b.root_) return true;
  auto const& x = *a.root_;
  auto const& y = *b.root_;
  return x.kind == y.kind && x.index == y.index && x.indices == y.indices && x.children == y.children;
}

std::string to_string(selection const& chosen) {
  auto const& root = *chosen.root_;
  if (root.kind == all_kind) return "*";
  if (root.kind == index_kind) return std::to_string(root.index);
  if (root.kind == range_kind) return to_string(root.indices);
  std::string text;
  for (auto const& child : root.children) {
    if (!text.empty()) text += root.kind == sequence_kind ? ',' : '|';
    bool const grouped = root.kind == sequence_kind && child.root_->kind == union_kind;
    text += grouped ? "(" + to_string(child) + ")" : to_string(child);
  }
  return text;
}

/// Recursive descent over the grammar above.
class selection_parser {
 public:
  explicit selection_parser(std::string_view text) : reader_("selection", text) {}

  result<selection> whole() {
    auto read = list('|', 0);
    if (!read || !reader_.expect_end()) return reader_.failure();
    return *std::move(read);
  }

 private:
  std::optional<selection> list(char separator, std::size_t depth) {
    std::vector<selection> children;
    do {
      auto child = separator == '|' ? list(',', depth) : term(depth);
      if (!child) return std::nullopt;
      children.push_back(*std::move(child));
      if (children.size() > selection::max_terms) {
        reader_.fail(errc::too_large, "a selection has at most " + std::to_string(selection::max_terms) + " terms");
        return std::nullopt;
      }
    } while (reader_.take(separator));
    auto made = selection::combine(separator == '|' ? union_kind : sequence_kind, children);
    if (made) return *std::move(made);
    reader_.fail(made.failure().code, made.failure().what);
    return std::nullopt;
  }

  std::optional<selection> term(std::size_t depth) {
    if (reader_.take('*')) return selection::all();
    if (reader_.take('(')) return group(depth + 1);
    bool const starts = reader_.next_is_number();
    if (!starts && !reader_.next_is(':')) {
      reader_.fail_expecting("'*', '(', an index or a range");
      return std::nullopt;
    }
    std::uint64_t from = 0;
    if (starts && !reader_.number(from)) return std::nullopt;
    if (!reader_.take(':')) return selection::at(static_cast<std::int64_t>(from));
    return rest_of_range(static_cast<std::int64_t>(from));
  }

  std::optional<selection> group(std::size_t depth) {
    if (depth > selection::max_depth) {
      reader_.fail(errc::too_large, "a selection nests at most " + std::to_string(selection::max_depth) + " deep");
      return std::nullopt;
    }
    auto inside = list('|', depth);
    if (!inside || !reader_.expect(')')) return std::nullopt;
    return inside;
  }

  std::optional<selection> rest_of_range(std::int64_t from) {
    auto read = range::starting(from);
    std::uint64_t number = 0;
    if (reader_.next_is_number()) {
      if (!reader_.number(number)) return std::nullopt;
      read.to = static_cast<std::int64_t>(number);
    }
    if (reader_.take(':') && reader_.next_is_number()) {
      if (!reader_.number(number)) return std::nullopt;
      if (number == 0) {
        reader_.fail(errc::bad_argument, "the step of a range must be at least 1");
        return std::nullopt;
      }
      read.step = static_cast<std::int64_t>(number);
    }
    if (!reader_.ok()) return std::nullopt;
    return selection::of(read);
  }

  detail::text_reader reader_;
};

result<selection> selection::parse(std::string_view text) { return selection_parser(text).whole(); }

/// A selection as the position automaton of a regular expression whose letters are coordinates (Glushkov 1961): each term takes
/// one dimension, `follow` says which terms may take the next. So branches are never multiplied out.
class selection_automaton {
 public:
  selection_automaton(selection const& chosen, extent const& shape) : shape_(shape.dims() == 0 ? extent{{"element", 1}} : shape) {
    auto const [first, last] = add(*chosen.root_);
    for (auto const term : last) ends_[term] = true;
    check(first);
    blocks_.assign(shape_.dims() + 1, 1);
    for (std::size_t i = shape_.dims(); i-- > 0;) blocks_[i] = blocks_[i + 1] * shape_.sizes()[i];
    if (!shape_.empty()) walk(0, first, 0);
  }

  std::vector<std::uint64_t> take() && { return std::move(ranks_); }

 private:
  struct fragment {
    terms first;
    terms last;
  };

  fragment add(selection::node const& part) {
    if (part.kind == sequence_kind) return add_sequence(part);
    if (part.kind == union_kind) {
      fragment joined;
      for (auto const& child : part.children) {
        auto const one = add(*child.root_);
        add_all(joined.first, one.first);
        add_all(joined.last, one.last);
      }
      return joined;
    }
    auto const number = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back(&part);
    follow_.emplace_back();
    ends_.push_back(false);
    return {{number}, {number}};
  }

  fragment add_sequence(selection::node const& part) {
    auto whole = add(*part.children.front().root_);
    for (std::size_t i = 1; i < part.children.size(); ++i) {
      auto next = add(*part.children[i].root_);
      for (auto const term : whole.last) add_all(follow_[term], next.first);
      whole.last = std::move(next.last);
    }
    return whole;
  }

  terms after(terms const& now) const {
    terms next;
    for (auto const term : now) add_all(next, follow_[term]);
    return next;
  }

  /// Resolves every term against every dimension where it may stand.
  void check(terms const& first) {
    auto reachable = first;
    for (std::size_t i = 0; i < shape_.dims(); ++i) {
      resolved_.emplace_back(nodes_.size());
      for (auto const term : reachable) resolved_[i][term] = resolve(*nodes_[term], i);
      reachable = after(reachable);
    }
    if (!reachable.empty()) {
      detail::refuse("the selection has more dimensions than the extent, which has " + std::to_string(shape_.dims()),
                     "extent " + to_string(shape_));
    }
  }

  detail::resolved_range resolve(selection::node const& term, std::size_t i) const {
    auto const place = "dimension " + detail::label_text(shape_.labels()[i]);
    auto const size = shape_.sizes()[i];
    if (term.kind == all_kind) return {0, size, 1};
    if (term.kind == index_kind) return {detail::resolve_index(term.index, size, place).value(), 1, 1};
    return detail::resolve(term.indices, size, place).value();
  }

  /// Lists what `now` selects among the ranks that share the first `i` coordinates, beginning at `start`.
  void walk(std::size_t i, terms const& now, std::uint64_t start) {
    for (auto const term : now) {
      // Every index of a term that ends here takes a whole block: refuse too many before listing any.
      if (ends_[term]) check_room(resolved_[i][term].size, blocks_[i + 1]);
    }
    std::uint64_t at = 0;
    while (auto const coordinate = next_coordinate(i, now, at)) {
      terms matched;
      bool ended = false;
      for (auto const term : now) {
        if (next_of(resolved_[i][term], *coordinate) != coordinate) continue;
        matched.push_back(term);
        ended = ended || ends_[term];
      }
      auto const block = start + *coordinate * blocks_[i + 1];
      if (ended) {
        list(block, blocks_[i + 1]);
      } else {
        walk(i + 1, after(matched), block);
      }
      at = *coordinate + 1;
    }
  }

  static std::optional<std::uint64_t> next_of(detail::resolved_range const& indices, std::uint64_t at) {
    if (indices.size == 0) return std::nullopt;
    auto const steps = at <= indices.from ? 0 : (at - indices.from + indices.step - 1) / indices.step;
    if (steps >= indices.size) return std::nullopt;
    return indices.from + steps * indices.step;
  }

  std::optional<std::uint64_t> next_coordinate(std::size_t i, terms const& now, std::uint64_t at) const {
    std::optional<std::uint64_t> least;
    for (auto const term : now) {
      auto const next = next_of(resolved_[i][term], at);
      if (next && (!least || *next < *least)) least = next;
    }
    return least;
  }

  void check_room(std::uint64_t blocks, std::uint64_t block) const {
    if (block == 0 || blocks <= max_listed_ranks / block) return;
    throw exception(error(errc::too_large, "a selection lists at most " + std::to_string(max_listed_ranks) + " ranks",
                          "extent " + to_string(shape_)));
  }

  void list(std::uint64_t from, std::uint64_t count) {
    check_room(1, ranks_.size() + count);
    for (std::uint64_t i = 0; i < count; ++i) ranks_.push_back(from + i);
  }

  extent shape_;
  std::vector<selection::node const*> nodes_;
  std::vector<terms> follow_;
  std::vector<bool> ends_;
  std::vector<std::vector<detail::resolved_range>> resolved_;  // By dimension, then by term.
  std::vector<std::uint64_t> blocks_;                          // Ranks that share their first i coordinates.
  std::vector<std::uint64_t> ranks_;
};

std::vector<std::uint64_t> selection::ranks(extent const& shape) const { return selection_automaton(*this, shape).take(); }

std::vector<std::uint64_t> selection::base_ranks(region const& where) const {
  auto chosen = ranks(where.extent());
  for (auto& rank : chosen) rank = where.base_rank(rank);
  return chosen;
}

}  // namespace roost
