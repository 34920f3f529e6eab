#pragma once
// How shapes and mesh references travel.

#include <roost/actor/cell.hpp>
#include <roost/actor/mesh_ref.hpp>
#include <roost/shape/value_mesh.hpp>
#include <roost/wire/codec.hpp>
#include <roost/wire/fingerprint.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace roost::detail {

struct extent_body {
  std::vector<std::string> labels;
  std::vector<std::uint64_t> sizes;
};
struct region_body {
  std::vector<std::string> labels;
  std::uint64_t offset = 0;
  std::vector<std::uint64_t> sizes;
  std::vector<std::uint64_t> strides;
};
struct mesh_body {
  mesh_id id;
  std::string name;
  std::string class_name;
  actor_id owner;
  std::uint64_t epoch = 0;
  extent_body shape;
  std::vector<actor_id> members;
  region_body covered;
};

extent_body to_body(extent const& shape);
region_body to_body(region const& part);
mesh_body to_body(mesh_ref const& ref);
result<extent> from_body(extent_body const& body);
result<region> from_body(region_body const& body);
/// Errors: a region that is not within the members, sizes that do not fit.
result<mesh_ref> from_body(mesh_body const& body);

}  // namespace roost::detail

namespace roost::wire {

template <>
struct codec<roost::extent> {
  static void encode(writer& out, roost::extent const& shape) { encode_value(out, roost::detail::to_body(shape)); }
  static bool decode(reader& in, roost::extent& shape) {
    roost::detail::extent_body body;
    if (!decode_value(in, body)) return false;
    auto made = roost::detail::from_body(body);
    if (!made) return in.fail(made.failure().code, made.failure().what);
    shape = std::move(*made);
    return true;
  }
  static constexpr std::uint64_t fingerprint = fingerprint_text("extent");
};

template <>
struct codec<roost::point> {
  static void encode(writer& out, roost::point const& where) {
    encode_value(out, where.extent());
    encode_value(out, where.rank());
  }
  static bool decode(reader& in, roost::point& where) {
    roost::extent shape;
    std::uint64_t rank = 0;
    if (!decode_value(in, shape) || !decode_value(in, rank)) return false;
    auto made = roost::point::make(std::move(shape), rank);
    if (!made) return in.fail(made.failure().code, made.failure().what);
    where = std::move(*made);
    return true;
  }
  static constexpr std::uint64_t fingerprint = fingerprint_text("point");
};

template <class T>
struct codec<roost::value_mesh<T>> {
  static void encode(writer& out, roost::value_mesh<T> const& values) {
    encode_value(out, values.extent());
    std::vector<T> const all = values.values();
    encode_value(out, all);
  }
  static bool decode(reader& in, roost::value_mesh<T>& values) {
    roost::extent shape;
    std::vector<T> all;
    if (!decode_value(in, shape) || !decode_value(in, all)) return false;
    if (all.size() != shape.size())
      return in.fail(errc::bad_frame,
                     "a value mesh has " + std::to_string(all.size()) + " values for " + std::to_string(shape.size()) + " ranks");
    values = roost::value_mesh<T>(std::move(shape), std::move(all));
    return true;
  }
  static constexpr std::uint64_t fingerprint = combine_fingerprints(fingerprint_text("value_mesh"), fingerprint_of<T>());
};

}  // namespace roost::wire
