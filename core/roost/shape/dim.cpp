#include <roost/shape/dim.hpp>

#include <algorithm>

namespace roost {

std::string to_string(range const& indices) {
  auto text = std::to_string(indices.from) + ":";
  if (indices.to) text += std::to_string(*indices.to);
  if (indices.step != 1) text += ":" + std::to_string(indices.step);
  return text;
}

namespace detail {
namespace {

std::string indices_of(std::uint64_t size) {
  if (size == 0) return "has no indices";
  return "has indices 0 to " + std::to_string(size - 1);
}

}  // namespace

result<resolved_range> resolve(range const& indices, std::uint64_t size, std::string const& place) {
  if (indices.step < 1) {
    return error(errc::bad_argument, "the step of range " + to_string(indices) + " must be at least 1", place);
  }
  if (indices.from < 0 || (indices.to && *indices.to < 0)) {
    return error(errc::bad_argument, "the bounds of range " + to_string(indices) + " must not be negative", place);
  }
  auto const from = static_cast<std::uint64_t>(indices.from);
  auto const end = indices.to ? std::min(size, static_cast<std::uint64_t>(*indices.to)) : size;
  if (from >= end) {
    return error(errc::bad_argument, "range " + to_string(indices) + " is empty: " + place + " " + indices_of(size), place);
  }
  auto const step = static_cast<std::uint64_t>(indices.step);
  return resolved_range{from, 1 + (end - from - 1) / step, step};
}

result<std::uint64_t> resolve_index(std::int64_t index, std::uint64_t size, std::string const& place) {
  if (index < 0 || static_cast<std::uint64_t>(index) >= size) {
    return error(errc::bad_argument, "index " + std::to_string(index) + " is out of range: " + place + " " + indices_of(size),
                 place);
  }
  return static_cast<std::uint64_t>(index);
}

}  // namespace detail
}  // namespace roost
