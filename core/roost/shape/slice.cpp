#include <roost/shape/slice.hpp>
#include <roost/shape/text.hpp>

#include <algorithm>
#include <array>
#include <string>

namespace roost {
namespace {

error bad(std::string sentence) { return error(errc::bad_argument, std::move(sentence)); }

}  // namespace

slice::slice(std::uint64_t offset, std::vector<std::uint64_t> sizes, std::vector<std::uint64_t> strides)
    : slice(detail::value_or_throw(make(offset, std::move(sizes), std::move(strides)))) {}

result<slice> slice::make(std::uint64_t offset, std::vector<std::uint64_t> sizes, std::vector<std::uint64_t> strides) {
  if (sizes.size() != strides.size()) {
    return bad("a slice needs one stride per size, there are " + std::to_string(sizes.size()) + " sizes and " +
               std::to_string(strides.size()) + " strides");
  }
  if (sizes.size() > max_dims) {
    return bad("a slice has at most " + std::to_string(max_dims) + " dimensions, this one has " + std::to_string(sizes.size()));
  }
  slice made;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] > max_ranks || strides[i] > max_ranks) {
      return bad("the sizes and strides of a slice are at most " + std::to_string(max_ranks));
    }
    if (sizes[i] > 1) made.descending_.push_back(static_cast<std::uint8_t>(i));
  }
  std::sort(made.descending_.begin(), made.descending_.end(),
            [&](std::uint8_t a, std::uint8_t b) { return strides[a] != strides[b] ? strides[a] > strides[b] : a < b; });
  std::uint64_t span = 1;
  for (auto i = made.descending_.rbegin(); i != made.descending_.rend(); ++i) {
    if (strides[*i] < span) {
      return bad("the strides of a slice must nest: stride " + std::to_string(strides[*i]) + " is less than the span " +
                 std::to_string(span) + " of the dimensions inside it");
    }
    std::uint64_t reach = 0;
    if (__builtin_mul_overflow(sizes[*i] - 1, strides[*i], &reach) || reach >= max_ranks) {
      return bad("a slice reaches ranks below " + std::to_string(max_ranks) + ", this one reaches further");
    }
    span += reach;
  }
  if (offset >= max_ranks || span > max_ranks - offset) {
    return bad("a slice reaches ranks below " + std::to_string(max_ranks) + ", this one reaches further");
  }
  made.offset_ = offset;
  made.sizes_ = std::move(sizes);
  made.strides_ = std::move(strides);
  return made;
}

slice slice::row_major(std::vector<std::uint64_t> sizes, std::uint64_t offset) {
  if (!detail::bounded_product(sizes)) {
    detail::refuse("a slice has at most " + std::to_string(max_ranks) + " elements, the product of these sizes is larger");
  }
  std::vector<std::uint64_t> strides(sizes.size());
  std::uint64_t stride = 1;
  for (std::size_t i = sizes.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= std::max<std::uint64_t>(1, sizes[i]);
  }
  return {offset, std::move(sizes), std::move(strides)};
}

std::uint64_t slice::size() const noexcept {
  std::uint64_t product = 1;
  for (auto const size : sizes_) product *= size;
  return product;
}

bool slice::dense() const noexcept {
  std::uint64_t stride = 1;
  for (std::size_t i = dims(); i-- > 0;) {
    if (sizes_[i] == 0) return true;
    if (sizes_[i] > 1 && strides_[i] != stride) return empty();
    stride *= sizes_[i];
  }
  return true;
}

std::uint64_t slice::rank_of(std::span<std::uint64_t const> coordinates) const {
  if (coordinates.size() != dims()) {
    detail::refuse("expected " + std::to_string(dims()) + " coordinates, got " + std::to_string(coordinates.size()));
  }
  std::uint64_t rank = offset_;
  for (std::size_t i = 0; i < dims(); ++i) {
    if (coordinates[i] >= sizes_[i]) {
      detail::refuse("coordinate " + std::to_string(coordinates[i]) + " of dimension number " + std::to_string(i) +
                     " must be below " + std::to_string(sizes_[i]));
    }
    rank += coordinates[i] * strides_[i];
  }
  return rank;
}

/// Greatest stride first, each coordinate is a quotient: what lies inside a dimension spans less than its stride.
template <class Visit>
bool slice::decompose(std::uint64_t rank, Visit visit) const noexcept {
  if (rank < offset_ || empty()) return false;
  auto rest = rank - offset_;
  for (auto const i : descending_) {
    auto const coordinate = rest / strides_[i];
    if (coordinate >= sizes_[i]) return false;
    rest %= strides_[i];
    visit(i, coordinate);
  }
  return rest == 0;
}

std::optional<std::vector<std::uint64_t>> slice::coordinates_of(std::uint64_t rank) const {
  std::vector<std::uint64_t> coordinates(dims(), 0);
  if (!decompose(rank, [&](std::size_t i, std::uint64_t coordinate) { coordinates[i] = coordinate; })) return {};
  return coordinates;
}

bool slice::contains(std::uint64_t rank) const noexcept {
  return decompose(rank, [](std::size_t, std::uint64_t) {});
}

std::optional<std::uint64_t> slice::index(std::uint64_t rank) const noexcept {
  std::array<std::uint64_t, max_dims> coordinates{};
  if (!decompose(rank, [&](std::size_t i, std::uint64_t coordinate) { coordinates[i] = coordinate; })) return {};
  std::uint64_t ordinal = 0;
  for (std::size_t i = 0; i < dims(); ++i) ordinal = ordinal * sizes_[i] + coordinates[i];
  return ordinal;
}

std::uint64_t slice::locate(std::uint64_t ordinal) const noexcept {
  auto rank = offset_;
  for (std::size_t i = dims(); i-- > 0;) {
    rank += ordinal % sizes_[i] * strides_[i];
    ordinal /= sizes_[i];
  }
  return rank;
}

std::uint64_t slice::get_of_many(std::uint64_t ordinal) const {
  if (ordinal >= size()) {
    detail::refuse("element " + std::to_string(ordinal) + " must be below " + std::to_string(size()));
  }
  return locate(ordinal);
}

std::optional<std::uint64_t> slice::last() const noexcept {
  if (empty()) return std::nullopt;
  return locate(size() - 1);
}

}  // namespace roost
