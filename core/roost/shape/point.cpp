#include <roost/shape/point.hpp>
#include <roost/shape/text.hpp>

namespace roost {

point::point(roost::extent shape, std::uint64_t rank) : point(detail::value_or_throw(make(std::move(shape), rank))) {}

result<point> point::make(roost::extent shape, std::uint64_t rank) {
  if (rank >= shape.size()) {
    return error(errc::bad_argument, "rank " + std::to_string(rank) + " must be below " + std::to_string(shape.size()),
                 "extent " + to_string(shape));
  }
  return point(unchecked{}, std::move(shape), rank);
}

point point::at(roost::extent shape, std::span<std::uint64_t const> coordinates) {
  auto const rank = shape.rank_of(coordinates);
  return point(unchecked{}, std::move(shape), rank);
}

result<point> point::parse(std::string_view text) {
  detail::text_reader reader("point", text);
  std::vector<std::string> labels;
  std::vector<std::uint64_t> sizes;
  std::vector<std::uint64_t> coordinates;
  if (reader.take('(')) {
    reader.expect(')');
  } else {
    do {
      std::string label;
      std::uint64_t coordinate = 0;
      std::uint64_t size = 0;
      if (!reader.label(label) || !reader.expect('=') || !reader.number(coordinate) || !reader.expect('/')) break;
      if (!reader.number(size)) break;
      if (coordinate >= size) {
        reader.fail(errc::bad_argument, "coordinate " + std::to_string(coordinate) + " of dimension " +
                                            detail::label_text(label) + " must be below " + std::to_string(size));
        break;
      }
      labels.push_back(std::move(label));
      sizes.push_back(size);
      coordinates.push_back(coordinate);
    } while (reader.take(','));
  }
  if (!reader.expect_end()) return reader.failure();
  auto shape = roost::extent::make(std::move(labels), std::move(sizes));
  if (!shape) return shape.failure();
  return at(*std::move(shape), coordinates);
}

std::string to_string(point const& where) {
  if (where.dims() == 0) return "()";
  std::string text;
  auto const coordinates = where.coordinates();
  for (std::size_t i = 0; i < where.dims(); ++i) {
    if (i != 0) text += ',';
    text += detail::label_text(where.extent().labels()[i]) + "=" + std::to_string(coordinates[i]) + "/" +
            std::to_string(where.extent().sizes()[i]);
  }
  return text;
}

}  // namespace roost
