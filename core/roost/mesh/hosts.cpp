#include <roost/mesh/hosts.hpp>

#include <roost/actor/proc_runtime.hpp>

namespace roost {

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

proc_mesh hosts::launch(std::string const& name, extent const& per_host) const {
  auto& home = detail::require_home("spawn_procs()");
  std::vector<std::string> labels(per_host.labels().begin(), per_host.labels().end());
  std::vector<std::uint64_t> sizes(per_host.sizes().begin(), per_host.sizes().end());
  if (ids_.size() != 1) {
    labels.insert(labels.begin(), "host");
    sizes.insert(sizes.begin(), ids_.size());
  }
  extent const shape(std::move(labels), std::move(sizes));
  std::vector<proc_id> procs;
  for (auto const host : ids_) {
    for (std::uint64_t i = 0; i != per_host.size(); ++i)
      procs.push_back(home.launch(host, name + "/" + std::to_string(procs.size())));
  }
  return {std::move(procs), region(shape)};
}

hosts all_hosts() { return hosts(detail::require_home("all_hosts()").hosts()); }

hosts this_host() { return hosts({detail::require_home("this_host()").self().host}); }

}  // namespace roost
