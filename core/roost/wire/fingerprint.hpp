#pragma once
// The structure of a message as text and as 64 bits, found while compiling. Two builds whose fingerprints are equal read each
// other's bytes alike. Only structure and names that the user gave go in: the same under every compiler.

#include <roost/base/ids.hpp>
#include <roost/wire/detail/kinds.hpp>
#include <roost/wire/detail/shape_writer.hpp>
#include <roost/wire/detail/static_text.hpp>
#include <roost/wire/message.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace roost::wire {

/// FNV-1a of `text`, mixed. For names and for codecs that make up their own fingerprint.
constexpr std::uint64_t fingerprint_text(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (char const c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return roost::detail::mix(hash);
}

/// The fingerprint of something made of two parts, in that order.
constexpr std::uint64_t combine_fingerprints(std::uint64_t first, std::uint64_t second) noexcept {
  return roost::detail::mix(first, second);
}

/// The identity of an endpoint, by the names under which it is exported.
constexpr std::uint64_t endpoint_hash(std::string_view class_name, std::string_view endpoint_name) noexcept {
  return combine_fingerprints(fingerprint_text(class_name), fingerprint_text(endpoint_name));
}

template <>
inline constexpr std::string_view wire_name<host_id> = "host_id";
template <>
inline constexpr std::string_view wire_name<proc_id> = "proc_id";
template <>
inline constexpr std::string_view wire_name<actor_id> = "actor_id";
template <>
inline constexpr std::string_view wire_name<port_id> = "port_id";
template <>
inline constexpr std::string_view wire_name<mesh_id> = "mesh_id";
template <>
inline constexpr std::string_view wire_name<endpoint_id> = "endpoint_id";
template <>
inline constexpr std::string_view wire_name<entity_key> = "entity_key";

/// The structure of `T` in a line, such as "{u32,string,list<f64>}"; with field names where `T` is described.
template <class T>
constexpr std::string_view shape_text() {
  check_message<T>();
  return detail::static_text<detail::shape_of<T>>;
}

/// The fingerprint of `T`: of its `shape_text`.
template <class T>
constexpr std::uint64_t fingerprint_of() {
  constexpr auto fingerprint = fingerprint_text(shape_text<T>());
  return fingerprint;
}

}  // namespace roost::wire
