#include <roost/mesh/shape_codec.hpp>

#include <roost/actor/proc_runtime.hpp>

namespace roost::detail {

extent_body to_body(extent const& shape) {
  return {{shape.labels().begin(), shape.labels().end()}, {shape.sizes().begin(), shape.sizes().end()}};
}

region_body to_body(region const& part) {
  auto const& layout = part.layout();
  return {{part.labels().begin(), part.labels().end()},
          layout.offset(),
          {layout.sizes().begin(), layout.sizes().end()},
          {layout.strides().begin(), layout.strides().end()}};
}

mesh_body to_body(mesh_ref const& ref) {
  if (ref.mesh == nullptr) return {};
  auto const& mesh = *ref.mesh;
  std::vector<actor_id> members(mesh.members.size());
  for (std::uint64_t rank = 0; rank != members.size(); ++rank) members[rank] = member_now(mesh, rank);
  return {mesh.id,         mesh.name,           mesh.class_name,    mesh.owner,
          epoch_now(mesh), to_body(mesh.shape), std::move(members), to_body(ref.covered)};
}

result<extent> from_body(extent_body const& body) { return extent::make(body.labels, body.sizes); }

result<region> from_body(region_body const& body) {
  auto layout = slice::make(body.offset, body.sizes, body.strides);
  if (!layout) return layout.failure();
  return region::make(body.labels, std::move(*layout));
}

result<mesh_ref> from_body(mesh_body const& body) {
  if (body.members.empty()) return mesh_ref{};
  auto shape = from_body(body.shape);
  if (!shape) return shape.failure();
  auto covered = from_body(body.covered);
  if (!covered) return covered.failure();
  if (shape->size() != body.members.size()) {
    return error(errc::bad_frame, "a mesh reference names " + std::to_string(body.members.size()) + " members for " +
                                      std::to_string(shape->size()) + " ranks");
  }
  if (!covered->empty() && covered->layout().last() >= body.members.size()) {
    return error(errc::bad_frame, "a mesh reference covers ranks that its mesh does not have");
  }
  auto record = std::make_shared<mesh_record>();
  record->id = body.id;
  record->name = body.name;
  record->class_name = body.class_name;
  record->owner = body.owner;
  record->epoch = body.epoch;
  record->shape = std::move(*shape);
  record->members = body.members;
  return mesh_ref{std::move(record), std::move(*covered)};
}

std::shared_ptr<mesh_record> new_mesh(actor_cell& owner, std::string name, class_descriptor const& what) {
  auto record = std::make_shared<mesh_record>();
  record->id = {hash_of(owner.id()), ++owner.extras().spawned};
  record->name = std::move(name);
  record->class_name = std::string(what.name);
  record->owner = owner.id();
  return record;
}

}  // namespace roost::detail
