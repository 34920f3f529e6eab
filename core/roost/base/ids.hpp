#pragma once
// Identities: who is meant, in every message, error and log line. All compare, print and parse.

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace roost {

/// One machine, real or simulated. Never reused within a cluster.
struct host_id {
  std::uint64_t value = 0;
  auto operator<=>(host_id const&) const = default;
};

/// One life of one process: a restarted process is another incarnation and so another `proc_id`.
struct proc_id {
  host_id host;
  std::uint32_t ordinal = 0;
  std::uint32_t incarnation = 0;
  auto operator<=>(proc_id const&) const = default;
  constexpr bool operator==(proc_id const& other) const noexcept { return host == other.host && numbers() == other.numbers(); }

 private:
  constexpr std::uint64_t numbers() const noexcept { return std::uint64_t{incarnation} << 32 | ordinal; }
};

/// One life of one actor. `local` is never reused within its proc; 0 means the proc itself (its agent).
struct actor_id {
  proc_id proc;
  std::uint64_t local = 0;
  auto operator<=>(actor_id const&) const = default;
};

/// One port of one actor: where values come back.
struct port_id {
  actor_id owner;
  std::uint64_t number = 0;
  auto operator<=>(port_id const&) const = default;
};

/// One mesh: 128 bits, drawn by its creator.
struct mesh_id {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(mesh_id const&) const = default;
};

/// 64-bit hash of "Class::name". Collisions are refused when endpoints register.
struct endpoint_id {
  std::uint64_t value = 0;
  auto operator<=>(endpoint_id const&) const = default;
};

/// The key of anything that makes decisions in a simulation: H(parent's key, kind, name, ordinal among same-named siblings).
struct entity_key {
  std::uint64_t value = 0;
  auto operator<=>(entity_key const&) const = default;
};

/// Text forms: host "h3", proc "h3/p1.2" (ordinal 1, incarnation 2), actor "h3/p1.2/a17", port "h3/p1.2/a17:5", mesh 32 hex digits.
std::string to_string(host_id id);
std::string to_string(proc_id id);
std::string to_string(actor_id id);
std::string to_string(port_id id);
std::string to_string(mesh_id id);

/// Inverse of `to_string`; empty when `text` is not exactly one id.
std::optional<host_id> parse_host_id(std::string_view text);
std::optional<proc_id> parse_proc_id(std::string_view text);
std::optional<actor_id> parse_actor_id(std::string_view text);
std::optional<port_id> parse_port_id(std::string_view text);
std::optional<mesh_id> parse_mesh_id(std::string_view text);

namespace detail {
/// Mixes 64 bits well and cheaply (the finalizer of SplitMix64); for in-memory tables, not for decisions.
constexpr std::uint64_t mix(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept { return mix(a ^ (mix(b) + 0x9e3779b97f4a7c15ULL)); }
}  // namespace detail

constexpr std::uint64_t hash_of(proc_id const& id) noexcept {
  return detail::mix(id.host.value, (std::uint64_t{id.ordinal} << 32) | id.incarnation);
}
constexpr std::uint64_t hash_of(actor_id const& id) noexcept { return detail::mix(hash_of(id.proc), id.local); }
constexpr std::uint64_t hash_of(port_id const& id) noexcept { return detail::mix(hash_of(id.owner), id.number); }

}  // namespace roost

template <>
struct std::hash<roost::proc_id> {
  std::size_t operator()(roost::proc_id const& id) const noexcept { return roost::hash_of(id); }
};
template <>
struct std::hash<roost::actor_id> {
  std::size_t operator()(roost::actor_id const& id) const noexcept { return roost::hash_of(id); }
};
template <>
struct std::hash<roost::port_id> {
  std::size_t operator()(roost::port_id const& id) const noexcept { return roost::hash_of(id); }
};
