#include <roost/shape/extent.hpp>
#include <roost/shape/text.hpp>

#include <algorithm>

namespace roost {

extent::extent(std::initializer_list<named_size> dims) {
  std::vector<std::string> labels;
  std::vector<std::uint64_t> sizes;
  for (auto const& [label, size, negative] : dims) {
    if (negative) {
      detail::refuse("the size of a dimension must not be negative, it is " + std::to_string(static_cast<std::int64_t>(size)),
                     "dimension " + detail::label_text(label));
    }
    labels.push_back(label);
    sizes.push_back(size);
  }
  *this = extent(std::move(labels), std::move(sizes));
}

extent::extent(std::vector<std::string> labels, std::vector<std::uint64_t> sizes)
    : extent(detail::value_or_throw(make(std::move(labels), std::move(sizes)))) {}

result<extent> extent::make(std::vector<std::string> labels, std::vector<std::uint64_t> sizes) {
  if (labels.size() != sizes.size()) {
    return error(errc::bad_argument, "an extent needs one size per label, there are " + std::to_string(labels.size()) +
                                         " labels and " + std::to_string(sizes.size()) + " sizes");
  }
  if (auto const checked = detail::check_labels(labels); !checked) return checked.failure();
  auto const product = detail::bounded_product(sizes);
  if (!product) {
    return error(errc::bad_argument,
                 "an extent has at most " + std::to_string(max_ranks) + " elements, the product of these sizes is larger");
  }
  extent made;
  if (labels.empty()) return made;
  bool const none = std::find(sizes.begin(), sizes.end(), 0) != sizes.end();
  made.data_ = std::make_shared<data const>(data{std::move(labels), std::move(sizes), none ? 0 : *product});
  return made;
}

result<extent> extent::parse(std::string_view text) {
  detail::text_reader reader("extent", text);
  std::vector<std::string> labels;
  std::vector<std::uint64_t> sizes;
  if (reader.take('(')) {
    reader.expect(')');
  } else {
    do {
      std::string label;
      std::uint64_t size = 0;
      if (!reader.label(label) || !reader.expect('=') || !reader.number(size)) break;
      labels.push_back(std::move(label));
      sizes.push_back(size);
    } while (reader.take(','));
  }
  if (!reader.expect_end()) return reader.failure();
  return make(std::move(labels), std::move(sizes));
}

std::span<std::string const> extent::labels() const noexcept {
  return data_ ? std::span<std::string const>(data_->labels) : std::span<std::string const>();
}

std::span<std::uint64_t const> extent::sizes() const noexcept {
  return data_ ? std::span<std::uint64_t const>(data_->sizes) : std::span<std::uint64_t const>();
}

std::optional<std::size_t> extent::find(std::string_view label) const noexcept {
  for (std::size_t i = 0; i < dims(); ++i) {
    if (labels()[i] == label) return i;
  }
  return std::nullopt;
}

std::size_t extent::position(std::string_view label) const {
  if (auto const at = find(label)) return *at;
  detail::refuse("there is no dimension " + detail::label_text(label) + "; the dimensions are " + detail::list_text(labels()));
}

std::uint64_t extent::rank_of(std::span<std::uint64_t const> coordinates) const {
  if (coordinates.size() != dims()) {
    detail::refuse("expected " + std::to_string(dims()) + " coordinates, got " + std::to_string(coordinates.size()),
                   "extent " + to_string(*this));
  }
  std::uint64_t rank = 0;
  for (std::size_t i = 0; i < dims(); ++i) {
    if (coordinates[i] >= sizes()[i]) {
      detail::refuse("coordinate " + std::to_string(coordinates[i]) + " of dimension " + detail::label_text(labels()[i]) +
                         " must be below " + std::to_string(sizes()[i]),
                     "extent " + to_string(*this));
    }
    rank = rank * sizes()[i] + coordinates[i];
  }
  return rank;
}

std::vector<std::uint64_t> extent::coordinates_of(std::uint64_t rank) const {
  if (rank >= size()) {
    detail::refuse("rank " + std::to_string(rank) + " must be below " + std::to_string(size()), "extent " + to_string(*this));
  }
  std::vector<std::uint64_t> coordinates(dims());
  for (std::size_t i = dims(); i-- > 0;) {
    coordinates[i] = rank % sizes()[i];
    rank /= sizes()[i];
  }
  return coordinates;
}

std::uint64_t extent::coordinate_of(std::uint64_t rank, std::size_t position) const {
  for (std::size_t i = dims(); i-- > position + 1;) rank /= sizes()[i];
  return rank % sizes()[position];
}

bool operator==(extent const& a, extent const& b) noexcept {
  return a.data_ == b.data_ || (std::ranges::equal(a.labels(), b.labels()) && std::ranges::equal(a.sizes(), b.sizes()));
}

std::strong_ordering operator<=>(extent const& a, extent const& b) noexcept {
  if (a.data_ == b.data_) return std::strong_ordering::equal;
  auto const by_label =
      std::lexicographical_compare_three_way(a.labels().begin(), a.labels().end(), b.labels().begin(), b.labels().end());
  if (by_label != 0) return by_label;
  return std::lexicographical_compare_three_way(a.sizes().begin(), a.sizes().end(), b.sizes().begin(), b.sizes().end());
}

std::string to_string(extent const& shape) {
  if (shape.dims() == 0) return "()";
  std::string text;
  for (std::size_t i = 0; i < shape.dims(); ++i) {
    if (i != 0) text += ',';
    text += detail::label_text(shape.labels()[i]) + "=" + std::to_string(shape.sizes()[i]);
  }
  return text;
}

}  // namespace roost
