// Properties of the whole floor against explicit lists of ranks.

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <roost/shape/selection.hpp>
#include <roost/shape/value_mesh.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace roost {
namespace {

using ranks = std::vector<std::uint64_t>;

ranks listed(region const& where) { return {where.layout().begin(), where.layout().end()}; }

std::uint64_t below(std::uint64_t bound) { return *rc::gen::inRange<std::uint64_t>(0, bound); }

extent any_extent(std::uint64_t least = 1) {
  std::vector<std::string> labels;
  std::vector<std::uint64_t> sizes;
  auto const dims = below(4);
  for (std::uint64_t i = 0; i < dims; ++i) {
    labels.push_back(std::string(1, static_cast<char>('a' + i)) + (below(2) == 0 ? "" : " \"\\\n"));
    sizes.push_back(least + below(5));
  }
  return extent(labels, sizes);
}

dim_selector any_selector(std::string const& label, std::uint64_t size) {
  if (below(2) == 0) return dim(label) = static_cast<std::int64_t>(below(size));
  auto const from = static_cast<std::int64_t>(below(size));
  return dim(label) = range(from, from + 1 + static_cast<std::int64_t>(below(size)), 1 + static_cast<std::int64_t>(below(4)));
}

std::vector<dim_selector> any_selectors(extent const& shape) {
  std::vector<dim_selector> chosen;
  for (std::size_t i = 0; i < shape.dims(); ++i) {
    if (below(2) == 0) chosen.push_back(any_selector(shape.labels()[i], shape.sizes()[i]));
  }
  return chosen;
}

/// A region cut several times out of a whole extent.
region any_region() {
  region where(any_extent());
  for (auto rounds = below(3); rounds > 0; --rounds) where = where.slice_by(any_selectors(where.extent()));
  return where;
}

bool passes(dim_selector const& selector, std::uint64_t coordinate) {
  auto const at = static_cast<std::int64_t>(coordinate);
  if (auto const* index = std::get_if<std::int64_t>(&selector.chosen)) return at == *index;
  auto const& [from, to, step] = std::get<range>(selector.chosen);
  return at >= from && (!to || at < *to) && (at - from) % step == 0;
}

selection any_selection(extent const& shape, std::size_t position, int depth) {
  auto const kind = below(depth > 0 ? 5 : 3);
  auto const size = shape.sizes()[position];
  if (kind == 0) return selection::all();
  if (kind == 1) return selection::at(static_cast<std::int64_t>(below(size)));
  if (kind == 2) {
    auto const from = static_cast<std::int64_t>(below(size));
    return selection::of(below(2) == 0 ? range::starting(from, 1 + static_cast<std::int64_t>(below(3)))
                                       : range(from, from + 1 + static_cast<std::int64_t>(below(3))));
  }
  if (kind == 3) return any_selection(shape, position, depth - 1) | any_selection(shape, position, depth - 1);
  if (position + 1 == shape.dims()) return any_selection(shape, position, depth - 1);
  // The left side takes one dimension, or the right side might begin beyond the last.
  auto left = any_selection(shape, position, 0);
  if (below(2) == 0) left = left | any_selection(shape, position, 0);
  return left.then(any_selection(shape, position + 1, depth - 1));
}

RC_GTEST_PROP(ShapeProperties, RanksAndCoordinatesAreInverse, ()) {
  auto const shape = any_extent();
  std::uint64_t rank = 0;
  for (auto const& where : point_range(shape)) {
    RC_ASSERT(where.rank() == rank++);
    RC_ASSERT(point::at(shape, where.coordinates()) == where);
    RC_ASSERT(*point::parse(to_string(where)) == where);
  }
  RC_ASSERT(rank == shape.size());
  RC_ASSERT(*extent::parse(to_string(shape)) == shape);
}

RC_GTEST_PROP(ShapeProperties, EveryMemberOfARegionHasOnePlaceAndNothingElseHasOne, ()) {
  auto const where = any_region();
  auto const members = listed(where);
  RC_ASSERT(std::set(members.begin(), members.end()).size() == where.size());
  for (std::uint64_t base = 0; base < 200; ++base) {
    auto const found = std::find(members.begin(), members.end(), base);
    RC_ASSERT(where.contains(base) == (found != members.end()));
    auto const index = where.layout().index(base);
    RC_ASSERT(index.has_value() == (found != members.end()));
    if (!index) continue;
    RC_ASSERT(*index == static_cast<std::uint64_t>(found - members.begin()));
    RC_ASSERT(where.base_rank(*index) == base);
    RC_ASSERT(where.layout().rank_of(*where.layout().coordinates_of(base)) == base);
  }
  RC_ASSERT(*region::parse(to_string(where)) == where);
}

RC_GTEST_PROP(ShapeProperties, EveryAcceptedLayoutGivesEachMemberOnePlace, ()) {
  auto const dims = below(4);
  ranks sizes, strides;
  for (std::uint64_t i = 0; i < dims; ++i) {
    sizes.push_back(1 + below(4));
    strides.push_back(below(20));
  }
  auto const made = slice::make(below(5), sizes, strides);
  if (!made) return;
  std::set<std::uint64_t> seen(made->begin(), made->end());
  RC_ASSERT(seen.size() == made->size());
  std::uint64_t ordinal = 0;
  for (auto const rank : *made) RC_ASSERT(made->index(rank) == ordinal++);
  RC_ASSERT(made->dense() == (std::is_sorted(made->begin(), made->end()) && *seen.rbegin() - *seen.begin() + 1 == made->size()));
}

RC_GTEST_PROP(ShapeProperties, SliceKeepsExactlyThePointsThatPass, ()) {
  auto const whole = any_region();
  auto const chosen = any_selectors(whole.extent());
  ranks expected;
  for (auto const& where : point_range(whole.extent())) {
    bool const kept =
        std::all_of(chosen.begin(), chosen.end(), [&](auto const& selector) { return passes(selector, where[selector.label]); });
    if (kept) expected.push_back(whole.base_rank(where));
  }
  auto const part = whole.slice_by(chosen);
  RC_ASSERT(listed(part) == expected);
  RC_ASSERT(part.subset_of(whole));
  auto const places = part.remap(whole);
  for (std::size_t i = 0; i < places.size(); ++i) RC_ASSERT(whole.base_rank(places[i]) == expected[i]);
}

RC_GTEST_PROP(ShapeProperties, SubsetAgreesWithSets, ()) {
  auto const a = any_region();
  auto const b = any_region();
  auto x = listed(a);
  auto y = listed(b);
  std::sort(x.begin(), x.end());
  std::sort(y.begin(), y.end());
  RC_ASSERT(a.subset_of(b) == std::includes(y.begin(), y.end(), x.begin(), x.end()));
}

RC_GTEST_PROP(ShapeProperties, SplittingAndGroupingKeepOrder, ()) {
  auto const where = any_region();
  if (where.dims() == 0) return;
  auto const position = below(where.dims());
  auto const label = where.labels()[position];
  ranks joined;
  for (auto const& group : where.group_by(label)) {
    auto const part = listed(group);
    joined.insert(joined.end(), part.begin(), part.end());
  }
  RC_ASSERT(joined == listed(where));
  auto const inner = 1 + below(4);
  if (where.size(label) % inner != 0) return;
  auto const split = where.split(dim(label) = {dim("x"), dim("y")}, dim("y") = static_cast<std::int64_t>(inner));
  RC_ASSERT(listed(split) == listed(where));
  RC_ASSERT(split.size("x") * inner == where.size(label));
}

/// Evaluates by the grammar's definition: a set of coordinate prefixes, grown one term at a time, from the printed text.
class naive_selection {
 public:
  naive_selection(std::string text, extent const& shape) : text_(std::move(text)), shape_(shape) {}

  ranks evaluate() {
    std::set<std::uint64_t> chosen;
    for (auto const& prefix : alternatives({{}})) {
      for (auto const& where : point_range(shape_)) {
        auto const all = where.coordinates();
        if (std::equal(prefix.begin(), prefix.end(), all.begin())) chosen.insert(where.rank());
      }
    }
    return {chosen.begin(), chosen.end()};
  }

 private:
  using prefixes = std::set<ranks>;

  prefixes alternatives(prefixes const& start) {
    auto all = chain(start);
    while (take('|')) all.merge(chain(start));
    return all;
  }
  prefixes chain(prefixes now) {
    do now = term(now);
    while (take(','));
    return now;
  }
  prefixes term(prefixes const& start) {
    if (take('(')) {
      auto inside = alternatives(start);
      take(')');
      return inside;
    }
    range indices;
    if (!take('*')) {
      indices.from = number();
      if (!take(':')) {
        indices.to = indices.from + 1;
      } else {
        if (digit()) indices.to = number();
        if (take(':')) indices.step = number();
      }
    }
    prefixes grown;
    for (auto const& prefix : start) {
      for (std::uint64_t i = 0; i < shape_.sizes()[prefix.size()]; ++i) {
        if (!passes({"", indices}, i)) continue;
        auto next = prefix;
        next.push_back(i);
        grown.insert(next);
      }
    }
    return grown;
  }
  bool digit() const { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; }
  bool take(char wanted) {
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  std::int64_t number() {
    std::int64_t value = 0;
    while (digit()) value = value * 10 + (text_[at_++] - '0');
    return value;
  }

  std::string text_;
  extent const& shape_;
  std::size_t at_ = 0;
};

RC_GTEST_PROP(ShapeProperties, SelectionsSelectWhatTheGrammarSays, ()) {
  auto const shape = any_extent();
  if (shape.dims() == 0) return;
  auto const chosen = any_selection(shape, 0, 4);
  RC_ASSERT(chosen.ranks(shape) == naive_selection(to_string(chosen), shape).evaluate());
  RC_ASSERT(*selection::parse(to_string(chosen)) == chosen);
}

RC_GTEST_PROP(ShapeProperties, NoTextCrashesAParser, ()) {
  auto const letters =
      rc::gen::element('0', '1', '9', 'a', '"', '\\', 'x', '=', '/', ',', '|', ':', '(', ')', '*', '+', ' ', '\0', '\xff');
  auto const text = *rc::gen::container<std::string>(letters);
  if (auto const read = extent::parse(text)) RC_ASSERT(*extent::parse(to_string(*read)) == *read);
  if (auto const read = point::parse(text)) RC_ASSERT(*point::parse(to_string(*read)) == *read);
  if (auto const read = region::parse(text)) RC_ASSERT(*region::parse(to_string(*read)) == *read);
  if (auto const read = selection::parse(text)) RC_ASSERT(*selection::parse(to_string(*read)) == *read);
}

RC_GTEST_PROP(ShapeProperties, DenseAndRunLengthMeshesBehaveTheSame, ()) {
  auto const shape = any_extent(0);
  std::vector<int> values;
  for (std::uint64_t i = 0; i < shape.size(); ++i) values.push_back(static_cast<int>(below(2)));
  value_mesh<int> const dense(shape, values);
  auto const runs = dense.compressed();
  RC_ASSERT(dense == runs);
  RC_ASSERT(dense.values() == values);
  RC_ASSERT(runs.values() == values);
  RC_ASSERT(dense.runs() == runs.runs());
  RC_ASSERT(value_mesh<int>::from_runs(shape, runs.runs()).value() == dense);
  auto other = runs.begin();
  for (auto const& [where, value] : dense) {
    RC_ASSERT((*other).where == where);
    RC_ASSERT((*other).value == value);
    RC_ASSERT(runs.at(where) == value);
    ++other;
  }
  RC_ASSERT(dense.flatten("all") == runs.flatten("all"));
  if (shape.empty()) return;
  auto const part = region(shape).slice_by(any_selectors(shape));
  RC_ASSERT(dense.over(part) == runs.over(part));
  auto const chosen = part.remap(region(shape));
  for (std::size_t i = 0; i < chosen.size(); ++i) RC_ASSERT(runs.over(part).at(i) == values[chosen[i]]);
}

RC_GTEST_PROP(ShapeProperties, OverlaysAgreeWithAMapAndMergeRightWins, ()) {
  std::map<std::uint64_t, int> model;
  std::vector<value_overlay<int>> parts(3);
  for (std::size_t i = 0; i < 3; ++i) {
    for (auto writes = below(5); writes > 0; --writes) {
      auto const begin = below(20);
      auto const end = begin + below(8);
      auto const value = static_cast<int>(below(3));
      parts[i].set(begin, end, value);
      for (auto rank = begin; rank < end; ++rank) model[rank] = value;
    }
  }
  auto left = parts[0];
  left.merge(parts[1]);
  left.merge(parts[2]);
  auto right = parts[1];
  right.merge(parts[2]);
  auto nested = parts[0];
  nested.merge(right);
  RC_ASSERT(left == nested);
  std::uint64_t missing = 30;
  for (std::uint64_t rank = 30; rank-- > 0;) {
    auto const* found = left.find(rank);
    RC_ASSERT((found != nullptr) == model.contains(rank));
    if (found != nullptr) RC_ASSERT(*found == model[rank]);
    if (found == nullptr) missing = rank;
  }
  RC_ASSERT(left.first_missing(30) == missing);
}

}  // namespace
}  // namespace roost
