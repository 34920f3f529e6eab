#include <roost/mesh/hosts.hpp>

#include <roost/actor/proc_runtime.hpp>

namespace roost {
namespace {

/// Agents over `shape`: a mesh that nobody owns.
template <class Agent, class IdOfRank>
actor_mesh<Agent> mesh_of_agents(extent const& shape, std::string name, IdOfRank id_of_rank) {
  auto& cell = *detail::require_frame("agents()").cell;
  auto record = detail::new_mesh(cell, std::move(name), roost_class_of(static_cast<Agent const*>(nullptr)));
  record->owner = {};
  record->shape = shape;
  for (std::uint64_t rank = 0; rank != shape.size(); ++rank) record->members.push_back(id_of_rank(rank));
  return actor_mesh<Agent>({std::move(record), region(shape)});
}

}  // namespace

extent hosts::sizes_of(std::vector<dim_selector> const& per_host) {
  std::vector<std::string> labels;
  std::vector<std::uint64_t> sizes;
  for (auto const& [label, chosen] : per_host) {
    auto const* size = std::get_if<std::int64_t>(&chosen);
    if (size == nullptr || *size < 1)
      detail::throw_error(error(errc::bad_argument, "spawn_procs takes sizes of at least 1, as in spawn_procs(gpu = 4)", label));
    labels.push_back(label);
    sizes.push_back(static_cast<std::uint64_t>(*size));
  }
  return extent(std::move(labels), std::move(sizes));
}

proc_id proc_mesh::id(std::uint64_t rank) const {
  if (rank >= size())
    detail::throw_error(
        error(errc::bad_argument, "there is no rank " + std::to_string(rank) + ": the procs are " + std::to_string(size())));
  return procs_[covered_.base_rank(rank)];
}

actor_mesh<proc_agent> proc_mesh::agents() const {
  runtime_entry const inside;
  if (procs_.empty() && covered_.size() != 0)
    detail::throw_error(error(errc::bad_argument, "agents() of a proc mesh that refers to nothing"));
  return mesh_of_agents<proc_agent>(extent(), "agents",
                                    [this](std::uint64_t rank) { return actor_id{id(rank), detail::proc_agent_local}; });
}

actor_mesh<host_agent> hosts::agents() const {
  runtime_entry const inside;
  auto& home = detail::require_home("agents()");
  auto const shape = ids_.size() == 1 ? extent() : extent({"host"}, {ids_.size()});
  return mesh_of_agents<host_agent>(shape, "host-agents", [&](std::uint64_t rank) { return home.agent_of(ids_[rank]); });
}

host_id hosts::id(std::uint64_t index) const {
  if (index >= ids_.size())
    detail::throw_error(error(errc::bad_argument,
                              "there is no host " + std::to_string(index) + ": the hosts are " + std::to_string(ids_.size())));
  return ids_[index];
}

hosts hosts::slice(std::uint64_t from, std::uint64_t to) const {
  if (from > to || to > ids_.size())
    detail::throw_error(error(errc::bad_argument, "hosts " + std::to_string(from) + " to " + std::to_string(to) +
                                                      " are not there: the hosts are " + std::to_string(ids_.size())));
  return hosts({ids_.begin() + static_cast<std::ptrdiff_t>(from), ids_.begin() + static_cast<std::ptrdiff_t>(to)});
}

proc_mesh hosts::launch(std::string const& name, extent const& per_host) const {
  runtime_entry const inside;
  auto& home = detail::require_home("spawn_procs()");
  std::vector<std::string> labels(per_host.labels().begin(), per_host.labels().end());
  std::vector<std::uint64_t> sizes(per_host.sizes().begin(), per_host.sizes().end());
  if (ids_.size() != 1) {
    labels.insert(labels.begin(), "host");
    sizes.insert(sizes.begin(), ids_.size());
  }
  extent const shape(std::move(labels), std::move(sizes));
  if (!ids_.empty()) home.require_room_for_procs(per_host.size());
  std::vector<proc_id> procs;
  for (auto const host : ids_) {
    for (std::uint64_t i = 0; i != per_host.size(); ++i)
      procs.push_back(home.launch(host, name + "/" + std::to_string(procs.size())));
  }
  return {std::move(procs), region(shape)};
}

hosts all_hosts() {
  runtime_entry const inside;
  return hosts(detail::require_home("all_hosts()").hosts());
}

hosts this_host() { return hosts({detail::require_home("this_host()").self().host}); }

}  // namespace roost
