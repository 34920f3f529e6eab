#include <roost/shape/region.hpp>
#include <roost/shape/text.hpp>

#include <algorithm>

namespace roost {
namespace {

std::string dimension(std::string_view label) { return "dimension " + detail::label_text(label); }

/// Where each chosen dimension stands, in the order of `chosen`; refuses unknown and repeated ones.
template <class Named>
std::vector<std::size_t> positions(extent const& shape, std::vector<Named> const& chosen) {
  std::vector<std::size_t> at;
  for (auto const& one : chosen) {
    auto const position = shape.position(one.label);
    if (std::find(at.begin(), at.end(), position) != at.end()) {
      detail::refuse(dimension(one.label) + " is given twice");
    }
    at.push_back(position);
  }
  return at;
}

std::optional<std::size_t> index_of(std::vector<std::size_t> const& positions, std::size_t wanted) {
  auto const found = std::find(positions.begin(), positions.end(), wanted);
  if (found == positions.end()) return std::nullopt;
  return static_cast<std::size_t>(found - positions.begin());
}

void check_listed(std::uint64_t count, std::string const& what) {
  if (count > max_listed_ranks) {
    throw exception(error(errc::too_large, what + " would list " + std::to_string(count) + " elements, at most " +
                                               std::to_string(max_listed_ranks) + " are listed"));
  }
}

/// Dimensions of a region under construction.
struct parts {
  std::vector<std::string> labels;
  std::vector<std::uint64_t> sizes;
  std::vector<std::uint64_t> strides;

  void add(std::string label, std::uint64_t size, std::uint64_t stride) {
    labels.push_back(std::move(label));
    sizes.push_back(size);
    strides.push_back(stride);
  }
  region at(std::uint64_t offset) && { return {std::move(labels), slice(offset, std::move(sizes), std::move(strides))}; }
};

/// The sizes of the parts of one dimension; `given` is empty where the size is to be inferred.
std::vector<std::uint64_t> part_sizes(std::vector<std::string> const& names,
                                      std::vector<std::optional<std::uint64_t>> const& given, std::string const& place,
                                      std::uint64_t whole) {
  std::vector<std::uint64_t> sizes;
  std::optional<std::size_t> open;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!given[i] && open) {
      detail::refuse("the sizes of " + detail::list_text(names) + " are underdetermined: at most one may be left out", place);
    }
    if (!given[i]) open = i;
    sizes.push_back(given[i].value_or(1));
  }
  auto const known = detail::bounded_product(sizes);
  bool const zero = std::find(sizes.begin(), sizes.end(), 0) != sizes.end();
  bool const fits = known && !zero && (open ? whole % *known == 0 : whole == *known);
  if (!fits) {
    std::string product;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (open && i == *open) continue;
      product += (product.empty() ? "" : " * ") + std::to_string(sizes[i]);
    }
    detail::refuse(
        place + " of size " + std::to_string(whole) + " does not split into " + product + (open ? " parts evenly" : ""), place);
  }
  if (open) sizes[*open] = whole / *known;
  return sizes;
}

}  // namespace

region::region(roost::extent shape) : shape_(std::move(shape)) {
  if (shape_.dims() != 0) layout_ = roost::slice::row_major({shape_.sizes().begin(), shape_.sizes().end()});
}

region::region(std::vector<std::string> labels, roost::slice layout)
    : region(detail::value_or_throw(make(std::move(labels), std::move(layout)))) {}

result<region> region::make(std::vector<std::string> labels, roost::slice layout) {
  auto shape = roost::extent::make(std::move(labels), {layout.sizes().begin(), layout.sizes().end()});
  if (!shape) return shape.failure();
  region made;
  made.shape_ = *std::move(shape);
  made.layout_ = std::move(layout);
  return made;
}

result<region> region::parse(std::string_view text) {
  detail::text_reader reader("region", text);
  parts read;
  std::uint64_t offset = 0;
  if (reader.next_is_number() && reader.number(offset)) reader.expect('+');
  if (reader.take('(')) {
    reader.expect(')');
  } else {
    do {
      std::string label;
      std::uint64_t size = 0;
      std::uint64_t stride = 0;
      if (!reader.label(label) || !reader.expect('=') || !reader.number(size) || !reader.expect('/')) break;
      if (!reader.number(stride)) break;
      read.add(std::move(label), size, stride);
    } while (reader.take(','));
  }
  if (!reader.expect_end()) return reader.failure();
  auto layout = roost::slice::make(offset, std::move(read.sizes), std::move(read.strides));
  if (!layout) return layout.failure();
  return make(std::move(read.labels), *std::move(layout));
}

std::uint64_t region::base_rank(point const& where) const {
  if (where.extent() != shape_) {
    detail::refuse("point " + to_string(where) + " is not of this region's extent", "extent " + to_string(shape_));
  }
  return layout_.get(where.rank());
}

std::optional<point> region::point_of(std::uint64_t base_rank) const {
  auto const rank = layout_.index(base_rank);
  if (!rank) return std::nullopt;
  return point(shape_, *rank);
}

bool region::subset_of(region const& other) const {
  if (empty()) return true;
  if (size() > other.size()) return false;
  auto const first = layout_.offset();
  auto const last = *layout_.last();
  if (!other.contains(first) || !other.contains(last)) return false;
  if (other.layout_.dense()) return true;
  return std::all_of(layout_.begin(), layout_.end(), [&](std::uint64_t rank) { return other.contains(rank); });
}

std::vector<std::uint64_t> region::remap(region const& other) const {
  check_listed(size(), "remap");
  std::vector<std::uint64_t> ranks;
  ranks.reserve(size());
  for (auto const base : layout_) {
    auto const rank = other.layout_.index(base);
    if (!rank) detail::refuse("base rank " + std::to_string(base) + " is not covered", "region " + to_string(other));
    ranks.push_back(*rank);
  }
  return ranks;
}

region region::slice_by(std::vector<dim_selector> const& chosen) const {
  auto const at = positions(shape_, chosen);
  parts kept;
  auto offset = layout_.offset();
  for (std::size_t i = 0; i < dims(); ++i) {
    auto const stride = layout_.strides()[i];
    auto const which = index_of(at, i);
    if (!which) {
      kept.add(labels()[i], sizes()[i], stride);
      continue;
    }
    auto const& what = chosen[*which].chosen;
    if (auto const* index = std::get_if<std::int64_t>(&what)) {
      offset += detail::resolve_index(*index, sizes()[i], dimension(labels()[i])).value() * stride;
    } else {
      auto const [from, size, step] = detail::resolve(std::get<range>(what), sizes()[i], dimension(labels()[i])).value();
      offset += from * stride;
      kept.add(labels()[i], size, size == 1 ? stride : step * stride);
    }
  }
  return std::move(kept).at(offset);
}

region region::at_all(std::vector<dim_selector> const& fixed) const {
  for (auto const& one : fixed) {
    if (!std::holds_alternative<std::int64_t>(one.chosen)) {
      detail::refuse("at takes one index, not a range; slice takes ranges", dimension(one.label));
    }
  }
  return slice_by(fixed);
}

region region::split_by(std::vector<detail::split_argument> const& arguments) const {
  std::vector<dim_parts> splits;
  std::vector<dim_selector> given;
  for (auto const& argument : arguments) {
    if (argument.parts) splits.push_back(*argument.parts);
    if (argument.size) given.push_back(*argument.size);
  }
  auto const at = positions(shape_, splits);
  std::vector<bool> used(given.size(), false);
  auto const given_size = [&](std::string const& name) -> std::optional<std::uint64_t> {
    std::optional<std::uint64_t> size;
    for (std::size_t i = 0; i < given.size(); ++i) {
      if (given[i].label != name) continue;
      if (size) detail::refuse("the size of " + dimension(name) + " is given twice");
      auto const* value = std::get_if<std::int64_t>(&given[i].chosen);
      if (value == nullptr || *value < 1) {
        detail::refuse("the size of a part must be a number above 0", dimension(name));
      }
      size = static_cast<std::uint64_t>(*value);
      used[i] = true;
    }
    return size;
  };
  parts made;
  for (std::size_t i = 0; i < dims(); ++i) {
    auto const which = index_of(at, i);
    if (!which) {
      made.add(labels()[i], sizes()[i], layout_.strides()[i]);
      continue;
    }
    auto const& names = splits[*which].parts;
    if (names.empty()) detail::refuse("a dimension splits into at least one part", dimension(labels()[i]));
    std::vector<std::optional<std::uint64_t>> known;
    for (auto const& name : names) known.push_back(given_size(name));
    auto const split_sizes = part_sizes(names, known, dimension(labels()[i]), sizes()[i]);
    std::vector<std::uint64_t> strides(names.size(), layout_.strides()[i]);
    for (std::size_t part = names.size() - 1; part-- > 0;) {
      strides[part] = strides[part + 1] * std::max<std::uint64_t>(1, split_sizes[part + 1]);
    }
    for (std::size_t part = 0; part < names.size(); ++part) made.add(names[part], split_sizes[part], strides[part]);
  }
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (!used[i]) detail::refuse("a size is given for " + dimension(given[i].label) + ", but no dimension splits into it");
  }
  return std::move(made).at(layout_.offset());
}

region region::rename_by(std::vector<dim_parts> const& names) const {
  auto const at = positions(shape_, names);
  std::vector<std::string> renamed(labels().begin(), labels().end());
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].parts.size() != 1) detail::refuse("rename takes one new name, split takes several", dimension(names[i].label));
    renamed[at[i]] = names[i].parts.front();
  }
  return {std::move(renamed), layout_};
}

region region::flatten(std::string_view label) const {
  if (!layout_.dense()) {
    detail::refuse("only a dense region can be flattened, this one has gaps or another order", "region " + to_string(*this));
  }
  return {{std::string(label)}, roost::slice(layout_.offset(), {size()}, {1})};
}

std::vector<region> region::group_by(std::string_view label) const {
  auto const first = static_cast<std::ptrdiff_t>(shape_.position(label));
  auto const before = [&](std::span<std::uint64_t const> all) {
    return std::vector<std::uint64_t>(all.begin(), all.begin() + first);
  };
  auto const from = [&](std::span<std::uint64_t const> all) {
    return std::vector<std::uint64_t>(all.begin() + first, all.end());
  };
  roost::slice const starts(layout_.offset(), before(sizes()), before(layout_.strides()));
  check_listed(starts.size(), "group_by");
  std::vector<std::string> const names(labels().begin() + first, labels().end());
  std::vector<region> groups;
  groups.reserve(starts.size());
  for (auto const start : starts) {
    groups.emplace_back(names, roost::slice(start, from(sizes()), from(layout_.strides())));
  }
  return groups;
}

std::string to_string(region const& where) {
  std::string text;
  if (where.layout().offset() != 0) text = std::to_string(where.layout().offset()) + "+";
  if (where.dims() == 0) return text + "()";
  for (std::size_t i = 0; i < where.dims(); ++i) {
    if (i != 0) text += ',';
    text += detail::label_text(where.labels()[i]) + "=" + std::to_string(where.sizes()[i]) + "/" +
            std::to_string(where.layout().strides()[i]);
  }
  return text;
}

}  // namespace roost
