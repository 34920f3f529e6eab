#pragma once
// Hosts and procs: where actors are spawned.

#include <roost/actor/agents.hpp>
#include <roost/mesh/actor_mesh.hpp>

#include <initializer_list>
#include <string>
#include <type_traits>
#include <vector>

namespace roost {

namespace detail {
template <class T>
inline constexpr bool is_value_mesh = false;
template <class T>
inline constexpr bool is_value_mesh<value_mesh<T>> = true;

/// An argument of all ranks of `shape`, as it is kept for a respawn.
template <class A>
auto kept_argument(A const& argument, extent const& shape) {
  if constexpr (is_value_mesh<A>) {
    require_value_for_each(argument.extent(), shape);
    return argument;
  } else {
    return spawn_argument<A>(argument);
  }
}

/// The argument of one rank: its value of a value mesh, else the argument itself.
template <class A>
auto argument_of_rank(A const& argument, std::uint64_t rank) {
  if constexpr (is_value_mesh<A>) {
    return argument.at(rank);
  } else {
    return spawn_argument<A>(argument);
  }
}
}  // namespace detail

/// Procs arranged over dimensions, or a slice of them. A plain value. The procs live as long as the proc that launched them.
class proc_mesh {
 public:
  proc_mesh() = default;
  proc_mesh(std::vector<proc_id> procs, region covered) : procs_(std::move(procs)), covered_(std::move(covered)) {}

  roost::extent const& extent() const noexcept { return covered_.extent(); }
  std::uint64_t size() const noexcept { return procs_.empty() ? 0 : covered_.size(); }
  /// Throws `errc::bad_argument` unless `rank` is below `size()`.
  proc_id id(std::uint64_t rank) const;
  region const& covered() const noexcept { return covered_; }
  std::vector<proc_id> const& procs() const noexcept { return procs_; }

  template <selects_dim... Selectors>
  proc_mesh slice(Selectors const&... chosen) const {
    return {procs_, covered_.slice(chosen...)};
  }
  template <selects_dim... Selectors>
  proc_mesh at(Selectors const&... fixed) const {
    return {procs_, covered_.at(fixed...)};
  }

  /// The agents of these procs. Throws `errc::bad_argument` on a reference that refers to nothing.
  actor_mesh<proc_agent> agents() const;

  /// Spawns one actor of class T on every proc, owned by the current actor. Usable at once; a failure comes to `supervise` and
  /// to whoever waits for it. A `value_mesh` argument is scattered, one value per rank. Throws `errc::bad_argument` on a reference
  /// that refers to nothing, and for a `value_mesh` of another extent.
  template <class T, class... Args>
  actor_mesh<T> spawn(std::string name, Args const&... args) const {
    runtime_entry const inside;
    auto& cell = *detail::require_frame("spawn()").cell;
    if (procs_.empty() && covered_.size() != 0)
      detail::throw_error(error(errc::bad_argument, "spawn() on a proc mesh that refers to nothing", name));
    auto const arguments_of = [... given = detail::kept_argument(args, extent())]([[maybe_unused]] std::uint64_t rank) {
      return std::tuple(detail::argument_of_rank(given, rank)...);
    };
    auto record = detail::new_mesh(cell, std::move(name), detail::constructible_from<T, decltype(arguments_of(0))>::descriptor);
    record->shape = extent();
    for (std::uint64_t rank = 0; rank != size(); ++rank)
      record->members.push_back(detail::spawn_one<T>(cell, id(rank), *record, point(extent(), rank), arguments_of(rank)));
    record->again = std::make_shared<detail::spawned_again_with<T, std::decay_t<decltype(arguments_of)>>>(arguments_of);
    return actor_mesh<T>({std::move(record), region(extent())});
  }

 private:
  std::vector<proc_id> procs_;
  region covered_;
};

/// Hosts, in a row; the first is this one where it is among them.
class hosts {
 public:
  hosts() = default;
  explicit hosts(std::vector<host_id> ids) : ids_(std::move(ids)) {}

  std::uint64_t size() const noexcept { return ids_.size(); }
  /// Throws `errc::bad_argument` unless `index` is below `size()`.
  host_id id(std::uint64_t index) const;
  /// Those from `from` to `to`, which is not in it. Throws `errc::bad_argument` where they are not all there.
  hosts slice(std::uint64_t from, std::uint64_t to) const;

  /// The agents of these hosts, over dimension "host"; of one host without it. Usable at once.
  actor_mesh<host_agent> agents() const;

  /// Launches procs on every host: dimension "host", then the given ones. `spawn_procs(gpu = 4)`. Usable at once. Throws
  /// `errc::bad_argument` for sizes below 1, where this proc would launch more than 4,095 procs on one host, and where their
  /// numbers would pass 2^32: each generation of procs that procs launch takes 12 bits and those of a host's number.
  template <class... Sizes>
    requires(std::is_same_v<Sizes, dim_selector> && ...)
  proc_mesh spawn_procs(Sizes const&... per_host) const {
    return launch("procs", sizes_of({per_host...}));
  }
  proc_mesh spawn_procs(extent const& per_host) const { return launch("procs", per_host); }

 private:
  static extent sizes_of(std::vector<dim_selector> const& per_host);
  proc_mesh launch(std::string const& name, extent const& per_host) const;

  std::vector<host_id> ids_;
};

/// The host of the current actor.
hosts this_host();
/// All hosts of the program, this one first.
hosts all_hosts();

}  // namespace roost

template <>
struct roost::wire::codec<roost::proc_mesh> {
  static void encode(writer& out, roost::proc_mesh const& mesh) {
    encode_value(out, mesh.procs());
    encode_value(out, roost::detail::to_body(mesh.covered()));
  }
  static bool decode(reader& in, roost::proc_mesh& mesh) {
    std::vector<proc_id> procs;
    roost::detail::region_body body;
    if (!decode_value(in, procs) || !decode_value(in, body)) return false;
    auto covered = roost::detail::from_body(body);
    if (!covered) return in.fail(covered.failure().code, covered.failure().what);
    if (!covered->empty() && covered->layout().last() >= procs.size())
      return in.fail(errc::bad_frame, "a proc mesh covers procs that it does not name");
    mesh = roost::proc_mesh(std::move(procs), std::move(*covered));
    return true;
  }
  static constexpr std::uint64_t fingerprint = fingerprint_text("proc_mesh");
};
