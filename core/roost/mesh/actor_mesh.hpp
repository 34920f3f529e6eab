#pragma once
// Meshes of actors: references that are sliced, invoked and sent.

#include <roost/actor/export.hpp>
#include <roost/actor/mesh_ref.hpp>
#include <roost/actor/spawn.hpp>
#include <roost/mesh/shape_codec.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace roost {

/// A mesh of actors of class T, or a slice of one. A plain value: copy it, send it in messages. The actor that spawned the
/// mesh owns its members; references elsewhere only invoke.
template <class T>
class actor_mesh {
 public:
  /// Refers to nothing.
  actor_mesh() = default;
  explicit actor_mesh(detail::mesh_ref ref) : ref_(std::move(ref)) {}

  /// The endpoints: `mesh->hit.call(...)`.
  auto operator->() const { return decltype(roost_endpoints_type(static_cast<T const*>(nullptr)))(ref_); }

  bool valid() const noexcept { return ref_.mesh != nullptr; }
  std::string const& name() const { return detail::require_mesh(ref_, "name()").mesh->name; }
  roost::extent const& extent() const { return ref_.covered.extent(); }
  std::uint64_t size() const noexcept { return ref_.size(); }
  region const& covered() const noexcept { return ref_.covered; }
  /// The actor at a rank of this reference.
  actor_id id(std::uint64_t rank = 0) const {
    detail::require_mesh(ref_, "id()");
    return ref_.member(rank);
  }

  /// Fixes dimensions, keeps ranges: `slice(node = 1, gpu = range(0, 4))`. Throws `errc::bad_argument` out of range.
  template <selects_dim... Selectors>
  actor_mesh slice(Selectors const&... chosen) const {
    return over(detail::require_mesh(ref_, "slice()").covered.slice(chosen...));
  }
  actor_mesh slice(std::string_view label, std::int64_t index) const { return over(ref_.covered.at(label, index)); }
  template <selects_dim... Selectors>
  actor_mesh at(Selectors const&... fixed) const {
    return over(detail::require_mesh(ref_, "at()").covered.at(fixed...));
  }
  /// The member at a rank of this reference, as a mesh of one.
  actor_mesh at_rank(std::uint64_t rank) const {
    detail::require_mesh(ref_, "at_rank()");
    auto copy = ref_;
    copy.covered = region({}, roost::slice(ref_.covered.base_rank(rank), {}, {}));
    return actor_mesh(std::move(copy));
  }
  template <class... Arguments>
  actor_mesh split(Arguments const&... arguments) const {
    return over(ref_.covered.split(arguments...));
  }
  template <splits_dim... Names>
  actor_mesh rename(Names const&... names) const {
    return over(ref_.covered.rename(names...));
  }
  actor_mesh flatten(std::string_view label) const { return over(ref_.covered.flatten(label)); }

  /// Lets every member drain and end.
  void stop() const {
    for (std::uint64_t rank = 0; rank != size(); ++rank) roost::stop(ref_.member(rank));
  }
  /// Ends every member at once; its owner sees `errc::actor_killed`.
  void kill() const {
    for (std::uint64_t rank = 0; rank != size(); ++rank) roost::kill(ref_.member(rank));
  }
  detail::mesh_ref const& reference() const noexcept { return ref_; }

 private:
  actor_mesh over(region part) const {
    auto copy = ref_;
    copy.covered = std::move(part);
    return actor_mesh(std::move(copy));
  }
  detail::mesh_ref ref_;
};

/// Spawns an actor of the current actor in its own proc.
template <class T, class... Args>
actor_mesh<T> spawn(std::string name, Args&&... args) {
  auto& frame = detail::require_frame("spawn()");
  auto& cell = *frame.cell;
  auto const id = detail::spawn_one<T>(cell, cell.id().proc, name, point(),
                                       std::tuple<detail::spawn_argument<Args>...>(std::forward<Args>(args)...));
  auto record = std::make_shared<detail::mesh_record>();
  record->id = detail::new_mesh_id(cell);
  record->name = std::move(name);
  record->class_name = std::string(detail::constructible<T, detail::spawn_argument<Args>...>::descriptor.name);
  record->members = {id};
  return actor_mesh<T>({std::move(record), region(extent())});
}

}  // namespace roost

template <class T>
struct roost::wire::codec<roost::actor_mesh<T>> {
  static void encode(writer& out, roost::actor_mesh<T> const& mesh) {
    encode_value(out, roost::detail::to_body(mesh.reference()));
  }
  static bool decode(reader& in, roost::actor_mesh<T>& mesh) {
    roost::detail::mesh_body body;
    if (!decode_value(in, body)) return false;
    auto ref = roost::detail::from_body(body);
    if (!ref) return in.fail(ref.failure().code, ref.failure().what);
    mesh = roost::actor_mesh<T>(std::move(*ref));
    return true;
  }
  static constexpr std::uint64_t fingerprint =
      combine_fingerprints(fingerprint_text("actor_mesh"), fingerprint_of<roost::detail::mesh_body>());
};
