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
  /// Refers to nothing: whatever needs members, or a place among them, throws `errc::bad_argument`.
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
  actor_mesh slice(std::string_view label, std::int64_t index) const {
    return over(detail::require_mesh(ref_, "slice()").covered.at(label, index));
  }
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
    return over(detail::require_mesh(ref_, "split()").covered.split(arguments...));
  }
  template <splits_dim... Names>
  actor_mesh rename(Names const&... names) const {
    return over(detail::require_mesh(ref_, "rename()").covered.rename(names...));
  }
  actor_mesh flatten(std::string_view label) const {
    return over(detail::require_mesh(ref_, "flatten()").covered.flatten(label));
  }

  /// The membership epoch, as far as the current actor's proc knows: it rises whenever a rank fails, is respawned, or
  /// stops while the mesh has others, by no fixed step. A message is for the member that its sender knew; when that has a successor it comes back `errc::stale`, and by then
  /// the references of its sender's proc name the successor.
  std::uint64_t epoch() const { return detail::epoch_now(*detail::require_mesh(ref_, "epoch()").mesh); }

  /// Spawns the actor at `rank` of this reference once more, with the arguments it was first spawned with: for the owner, of a rank
  /// that has ended, by a reference that came from spawning and did not travel. It lives on the same proc, or, where that has
  /// failed, on a new proc of the same host, which all ranks of the failed proc share. Usable at once, by every reference of
  /// this proc; others learn of it when they next use the old one.
  ///
  /// Throws `errc::bad_argument` for anybody but the owner, for a rank that is alive (stop or kill it first) or out of range.
  void respawn(std::uint64_t rank) const { detail::respawn_member(ref_, rank); }

  /// Lets every member drain and end.
  void stop() const {
    runtime_entry const inside;
    detail::require_mesh(ref_, "stop()");
    for (std::uint64_t rank = 0; rank != size(); ++rank) roost::stop(ref_.member(rank));
  }
  /// Ends every member at once; its owner sees `errc::actor_killed`.
  void kill() const {
    runtime_entry const inside;
    detail::require_mesh(ref_, "kill()");
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

namespace detail {

/// The member at each rank, spawned with the arguments that `arguments_of(rank)` gives.
template <class T, class ArgumentsOf>
class spawned_again_with final : public spawned_again {
 public:
  explicit spawned_again_with(ArgumentsOf arguments_of) : arguments_of_(std::move(arguments_of)) {}
  actor_id spawn(actor_cell& owner, proc_id where, mesh_record const& mesh, point at) const override {
    auto const rank = at.rank();
    return spawn_one<T>(owner, where, mesh, std::move(at), arguments_of_(rank));
  }

 private:
  ArgumentsOf arguments_of_;
};

/// The same for members that take no arguments: one for all of a class, which nobody counts.
template <class T>
std::shared_ptr<spawned_again const> spawned_again_plainly() {
  constexpr auto none = [](std::uint64_t) { return std::tuple<>(); };
  static spawned_again_with<T, decltype(none)> const only(none);
  return {std::shared_ptr<void>(), &only};
}

/// A mesh without members yet, owned by `owner`.
std::shared_ptr<mesh_record> new_mesh(actor_cell& owner, std::string name, class_descriptor const& what);

}  // namespace detail

/// Spawns an actor of the current actor in its own proc.
template <class T, class... Args>
actor_mesh<T> spawn(std::string name, Args&&... args) {
  using arguments = std::tuple<detail::spawn_argument<Args>...>;
  runtime_entry const inside;
  auto& cell = *detail::require_frame("spawn()").cell;
  auto record = detail::new_mesh(cell, std::move(name), detail::constructible_from<T, arguments>::descriptor);
  arguments given(std::forward<Args>(args)...);
  if constexpr (std::is_same_v<arguments, std::tuple<>>) {
    record->again = detail::spawned_again_plainly<T>();
  } else if constexpr (std::is_copy_constructible_v<arguments>) {
    auto again = [given](std::uint64_t) { return given; };
    record->again = std::make_shared<detail::spawned_again_with<T, decltype(again)>>(std::move(again));
  }
  record->members.push_back(detail::spawn_one<T>(cell, cell.id().proc, *record, point(), std::move(given)));
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
