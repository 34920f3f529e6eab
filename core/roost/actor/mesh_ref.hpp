#pragma once
// What any mesh reference is made of: the members by base rank, shared, and the region of them that it covers.

#include <roost/base/ids.hpp>
#include <roost/shape/region.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace roost::detail {

/// One mesh as spawned: its members by incarnation, of one membership epoch. Immutable and shared.
struct mesh_record {
  mesh_id id;
  std::string name;
  std::string class_name;
  std::uint64_t epoch = 1;
  extent shape;
  std::vector<actor_id> members;  ///< By base rank.
};

/// A mesh or a slice of one. A plain value.
struct mesh_ref {
  std::shared_ptr<mesh_record const> mesh;
  region covered;

  std::uint64_t size() const noexcept { return mesh == nullptr ? 0 : covered.size(); }
  actor_id member(std::uint64_t rank) const { return mesh->members[covered.base_rank(rank)]; }
  /// "team[gpu=3/8]", for errors.
  std::string describe(std::uint64_t rank) const;
};

/// Throws `errc::bad_argument` for a reference that refers to nothing.
mesh_ref const& require_mesh(mesh_ref const& ref, char const* what);

}  // namespace roost::detail
