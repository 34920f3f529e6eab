#pragma once
// Which codec a type has. Everything else here (sizes, encoding, decoding, shapes, problems) is a switch over this.

#include <roost/base/bytes.hpp>
#include <roost/wire/detail/fields.hpp>

#include <boost/describe/enumerators.hpp>

#include <any>
#include <array>
#include <bit>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace roost::wire {

template <class T>
struct codec;

/// Specialize for an enum whose enumerators are 0, 1, ... up to this one, so that decoding refuses every other value.
/// An enum described with BOOST_DESCRIBE_ENUM needs no such thing.
///
///     template <> inline constexpr color roost::wire::enum_last<color> = color::blue;
template <class Enum>
inline constexpr std::nullptr_t enum_last = nullptr;

/// Specialize to give a type a name that is part of its fingerprint, so that it differs from others of the same structure.
template <class T>
inline constexpr std::string_view wire_name = {};

}  // namespace roost::wire

namespace roost::wire::detail {

enum class kind {
  custom,
  boolean,
  number,
  enumeration,
  text,
  shared,
  list,
  array,
  map,
  set,
  tuple,
  optional,
  variant,
  duration,
  nothing,
  fields,
  // What cannot travel.
  pointer,
  view,
  owner,
  callable,
  unordered,
  c_array,
  wide,
  open_enum,
  type_erased,
  union_type,
  opaque,
  no_default,
  too_many_fields,
  bit_field,
  based,
  constant,
};

template <class T>
concept customized = requires { sizeof(codec<T>); };

// clang-format off
/// The standard library's types; `opaque` where a type is none of them.
template <class T> inline constexpr kind library_kind = kind::opaque;
template <> inline constexpr kind library_kind<std::string> = kind::text;
template <> inline constexpr kind library_kind<shared_bytes> = kind::shared;
template <> inline constexpr kind library_kind<std::monostate> = kind::nothing;
template <class T> inline constexpr kind library_kind<std::vector<T>> = kind::list;
template <class T, std::size_t N> inline constexpr kind library_kind<std::array<T, N>> = kind::array;
template <class K, class V, class C> requires std::is_empty_v<C>
inline constexpr kind library_kind<std::map<K, V, C>> = kind::map;
template <class K, class C> requires std::is_empty_v<C>
inline constexpr kind library_kind<std::set<K, C>> = kind::set;
template <class A, class B> inline constexpr kind library_kind<std::pair<A, B>> = kind::tuple;
template <class... Ts> inline constexpr kind library_kind<std::tuple<Ts...>> = kind::tuple;
template <class T> inline constexpr kind library_kind<std::optional<T>> = kind::optional;
template <class... Ts> inline constexpr kind library_kind<std::variant<Ts...>> = kind::variant;
template <std::integral R, class P> inline constexpr kind library_kind<std::chrono::duration<R, P>> = kind::duration;
template <class C, class Tr> inline constexpr kind library_kind<std::basic_string_view<C, Tr>> = kind::view;
template <class T, std::size_t N> inline constexpr kind library_kind<std::span<T, N>> = kind::view;
template <class T> inline constexpr kind library_kind<std::initializer_list<T>> = kind::view;
template <class T> inline constexpr kind library_kind<std::reference_wrapper<T>> = kind::view;
template <class T, class D> inline constexpr kind library_kind<std::unique_ptr<T, D>> = kind::owner;
template <class T> inline constexpr kind library_kind<std::shared_ptr<T>> = kind::owner;
template <class T> inline constexpr kind library_kind<std::weak_ptr<T>> = kind::owner;
template <class S> inline constexpr kind library_kind<std::function<S>> = kind::callable;
template <> inline constexpr kind library_kind<std::any> = kind::type_erased;
template <class K, class V, class H, class E, class A>
inline constexpr kind library_kind<std::unordered_map<K, V, H, E, A>> = kind::unordered;
template <class K, class H, class E, class A>
inline constexpr kind library_kind<std::unordered_set<K, H, E, A>> = kind::unordered;
template <class K, class V, class H, class E, class A>
inline constexpr kind library_kind<std::unordered_multimap<K, V, H, E, A>> = kind::unordered;
template <class K, class H, class E, class A>
inline constexpr kind library_kind<std::unordered_multiset<K, H, E, A>> = kind::unordered;
// clang-format on

/// True where every value of the underlying type is a value of the enum.
template <class Enum>
concept fixed_enum = requires { Enum{std::underlying_type_t<Enum>{}}; };

template <class Enum>
inline constexpr bool described_enum = false;
template <class Enum>
  requires(std::is_enum_v<Enum> && boost::describe::has_describe_enumerators<Enum>::value)
inline constexpr bool described_enum<Enum> = true;

template <class T>
consteval kind classify() {
  if constexpr (customized<T>) {
    return kind::custom;
  } else if constexpr (std::is_reference_v<T>) {
    return kind::view;
  } else if constexpr (std::is_const_v<T> || std::is_volatile_v<T>) {
    return kind::constant;
  } else if constexpr (std::is_same_v<T, bool>) {
    return kind::boolean;
  } else if constexpr (std::is_same_v<T, wchar_t> || std::is_same_v<T, long double>) {
    return kind::wide;
  } else if constexpr (std::is_arithmetic_v<T>) {
    return kind::number;
  } else if constexpr (std::is_enum_v<T>) {
    return fixed_enum<T> || described_enum<T> ? kind::enumeration : kind::open_enum;
  } else if constexpr (std::is_pointer_v<T> || std::is_member_pointer_v<T> || std::is_null_pointer_v<T>) {
    return kind::pointer;
  } else if constexpr (std::is_array_v<T>) {
    return kind::c_array;
  } else if constexpr (std::is_union_v<T>) {
    return kind::union_type;
  } else if constexpr (library_kind<T> != kind::opaque) {
    return library_kind<T>;
  } else if constexpr (is_described<T>) {
    return std::is_default_constructible_v<T> ? kind::fields : kind::no_default;
  } else if constexpr (!std::is_aggregate_v<T>) {
    return std::is_function_v<T> || requires { &T::operator(); } ? kind::callable : kind::opaque;
  } else if constexpr (!requires { T{}; }) {
    return kind::no_default;
  } else if constexpr (has_base<T>) {
    return kind::based;
  } else if constexpr (count_fields<T>() > max_fields) {
    return kind::too_many_fields;
  } else if constexpr (std::is_same_v<field_types<T>, bit_fields>) {
    return kind::bit_field;
  } else {
    return kind::fields;
  }
}

template <class T>
inline constexpr kind kind_of = classify<T>();

/// Elements whose bytes are their encoding, so that runs of them are copied whole.
template <class T>
inline constexpr bool is_flat = (kind_of<T> == kind::number || std::is_same_v<T, std::byte>) &&
                                (std::endian::native == std::endian::little || sizeof(T) == 1);

template <class T, class F, std::size_t... I>
constexpr decltype(auto) with_elements(T& v, F&& f, std::index_sequence<I...>) {
  static_cast<void>(v);
  return f(std::get<I>(v)...);
}
template <class T, class F>
constexpr decltype(auto) with_elements(T& v, F&& f) {
  return with_elements(v, static_cast<F&&>(f), std::make_index_sequence<std::tuple_size_v<std::remove_const_t<T>>>{});
}

template <class Enum>
inline constexpr bool bounded_enum = std::is_same_v<std::remove_cv_t<decltype(enum_last<Enum>)>, Enum>;

/// True where `value` may be taken as an `Enum`: one of the described enumerators, or within the bounds, or any.
template <class Enum>
constexpr bool is_enumerator(std::underlying_type_t<Enum> value) {
  using raw = std::underlying_type_t<Enum>;
  if constexpr (described_enum<Enum>) {
    return []<template <class...> class List, class... Ds>(raw v, List<Ds...>) {
      return ((static_cast<raw>(Ds::value) == v) || ...);
    }(value, boost::describe::describe_enumerators<Enum>{});
  } else if constexpr (bounded_enum<Enum>) {
    if constexpr (std::is_signed_v<raw>) {
      if (value < 0) return false;
    }
    return value <= static_cast<raw>(enum_last<Enum>);
  } else {
    return true;
  }
}

/// The size of an encoding that depends on the value.
inline constexpr std::size_t varies = static_cast<std::size_t>(-1);

template <class T>
consteval std::size_t fixed_size();

template <class... Ts>
consteval std::size_t sum_fixed(types<Ts...>) {
  std::size_t sum = 0;
  bool all = true;
  ((fixed_size<Ts>() == varies ? void(all = false) : void(sum += fixed_size<Ts>())), ...);
  if (!all) return varies;
  return sum == 0 ? 1 : sum;
}

template <class T>
struct tuple_types;
template <template <class...> class Tuple, class... Ts>
struct tuple_types<Tuple<Ts...>> {
  using list = types<Ts...>;
};

/// Bytes of the encoding of every `T`, or `varies`. What has no fields is one zero byte, so no value has an empty encoding.
template <class T>
consteval std::size_t fixed_size() {
  constexpr kind k = kind_of<T>;
  if constexpr (k == kind::custom) {
    if constexpr (requires { codec<T>::fixed_size; }) return codec<T>::fixed_size;
    return varies;
  } else if constexpr (k == kind::boolean || k == kind::nothing) {
    return 1;
  } else if constexpr (k == kind::number || k == kind::enumeration) {
    return sizeof(T);
  } else if constexpr (k == kind::duration) {
    return sizeof(typename T::rep);
  } else if constexpr (k == kind::array) {
    if constexpr (std::tuple_size_v<T> == 0) {
      return 1;
    } else {
      constexpr auto element = fixed_size<typename T::value_type>();
      return element == varies ? varies : element * std::tuple_size_v<T>;
    }
  } else if constexpr (k == kind::tuple) {
    return sum_fixed(typename tuple_types<T>::list{});
  } else if constexpr (k == kind::fields) {
    return sum_fixed(field_types<T>{});
  } else {
    return varies;
  }
}

template <class T>
consteval std::size_t min_size();

template <class... Ts>
consteval std::size_t sum_min(types<Ts...>) {
  std::size_t const sum = (std::size_t{0} + ... + min_size<Ts>());
  return sum == 0 ? 1 : sum;
}

/// Fewest bytes that a `T` can take; at least 1.
template <class T>
consteval std::size_t min_size() {
  constexpr kind k = kind_of<T>;
  if constexpr (k == kind::text || k == kind::shared || k == kind::list || k == kind::map || k == kind::set) {
    return 4;
  } else if constexpr (k == kind::optional || k == kind::variant) {
    return 1;
  } else if constexpr (k == kind::array && fixed_size<T>() == varies) {
    return min_size<typename T::value_type>() * std::tuple_size_v<T>;
  } else if constexpr (k == kind::tuple && fixed_size<T>() == varies) {
    return sum_min(typename tuple_types<T>::list{});
  } else if constexpr (k == kind::fields && fixed_size<T>() == varies) {
    return sum_min(field_types<T>{});
  } else {
    return fixed_size<T>() == varies ? 1 : fixed_size<T>();
  }
}

}  // namespace roost::wire::detail
