#pragma once
// What any mesh reference is made of: the members by base rank, shared, and the region of them that it covers.

#include <roost/base/ids.hpp>
#include <roost/shape/region.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace roost::detail {

class actor_cell;
struct mesh_record;

/// How a member of a mesh is spawned once more. Kept by the reference that the spawning gave; it does not travel.
class spawned_again {
 public:
  virtual ~spawned_again() = default;
  virtual actor_id spawn(actor_cell& owner, proc_id where, mesh_record const& mesh, point at) const = 0;
};

/// One mesh as spawned: its members by incarnation, of one membership epoch. Immutable and shared.
struct mesh_record {
  mesh_id id;
  std::string name;
  std::string class_name;
  actor_id owner;
  std::uint64_t epoch = 1;
  extent shape;
  std::vector<actor_id> members;  ///< By base rank; `member_now` says who has taken their places.
  std::shared_ptr<spawned_again const> again;
};

/// Who stands at a rank now, as far as the current actor's proc knows.
actor_id member_now(mesh_record const& mesh, std::uint64_t base_rank);
/// The membership epoch, as far as it knows.
std::uint64_t epoch_now(mesh_record const& mesh);

/// A mesh or a slice of one. A plain value.
struct mesh_ref {
  std::shared_ptr<mesh_record const> mesh;
  region covered;

  std::uint64_t size() const noexcept { return mesh == nullptr ? 0 : covered.size(); }
  actor_id member(std::uint64_t rank) const { return member_now(*mesh, covered.base_rank(rank)); }
  /// All of them, by rank: whom a cast is for, whoever takes a place while it is being sent.
  std::vector<actor_id> members() const {
    std::vector<actor_id> all(size());
    for (std::uint64_t rank = 0; rank != all.size(); ++rank) all[rank] = member(rank);
    return all;
  }
  /// "team[gpu=3/8]", for errors.
  std::string describe(std::uint64_t rank) const;
};

[[noreturn]] void refuse_no_mesh(char const* what);
/// Throws `errc::bad_argument` for a reference that refers to nothing.
inline mesh_ref const& require_mesh(mesh_ref const& ref, char const* what) {
  if (ref.mesh == nullptr) refuse_no_mesh(what);
  return ref;
}

/// Throws `errc::bad_argument` unless a value mesh of extent `given` has one value for each rank of `shape`.
void require_value_for_each(extent const& given, extent const& shape, std::string where = {});

/// Spawns the member at a rank of `ref` once more; see `actor_mesh::respawn`.
void respawn_member(mesh_ref const& ref, std::uint64_t rank);

}  // namespace roost::detail
