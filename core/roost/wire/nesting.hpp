#pragma once
// How deep a value is nested, before it is encoded: readers refuse what is nested deeper than their limit.

#include <roost/wire/detail/values.hpp>

#include <algorithm>

namespace roost::wire {

/// Whether a `T` can hold another of itself, so that its values are as deep as their maker likes. What only a codec sees is not seen.
template <class T, class... Outer>
consteval bool nests_freely();

namespace detail {

template <class... Outer, class... Parts>
consteval bool any_nests_freely(types<Parts...>, types<Outer...>) {
  return (nests_freely<Parts, Outer...>() || ...);
}

}  // namespace detail

template <class T, class... Outer>
consteval bool nests_freely() {
  using detail::kind;
  constexpr kind k = detail::kind_of<T>;
  using outer = detail::types<T, Outer...>;
  if constexpr ((std::is_same_v<T, Outer> || ...)) {
    return true;
  } else if constexpr (k == kind::fields) {
    return detail::any_nests_freely(detail::field_types<T>{}, outer{});
  } else if constexpr (k == kind::tuple || k == kind::variant) {
    return detail::any_nests_freely(typename detail::tuple_types<T>::list{}, outer{});
  } else if constexpr (k == kind::list || k == kind::array || k == kind::optional || k == kind::set) {
    return nests_freely<typename T::value_type, T, Outer...>();
  } else if constexpr (k == kind::map) {
    return nests_freely<typename T::key_type, T, Outer...>() || nests_freely<typename T::mapped_type, T, Outer...>();
  } else {
    return false;
  }
}

/// Whether `value` has at most `levels` aggregates and containers inside each other, as `reader` counts them. A codec counts as one.
template <class T>
bool nests_within(T const& value, std::size_t levels) {
  using detail::kind;
  constexpr kind k = detail::kind_of<T>;
  auto const all = [levels](auto const&... parts) { return (nests_within(parts, levels - 1) && ...); };
  if constexpr (k == kind::number || k == kind::boolean || k == kind::enumeration || k == kind::duration || k == kind::text ||
                k == kind::shared) {
    return true;
  } else if (levels == 0) {
    return false;
  } else if constexpr (k == kind::fields) {
    return detail::with_fields(value, all);
  } else if constexpr (k == kind::tuple) {
    return detail::with_elements(value, all);
  } else if constexpr (k == kind::optional) {
    return !value || all(*value);
  } else if constexpr (k == kind::variant) {
    return value.valueless_by_exception() || std::visit(all, value);
  } else if constexpr (k == kind::map) {
    return std::all_of(value.begin(), value.end(), [&](auto const& entry) { return all(entry.first, entry.second); });
  } else if constexpr (k == kind::list || k == kind::array || k == kind::set) {
    return std::all_of(value.begin(), value.end(), [&](typename T::value_type const& element) { return all(element); });
  } else {
    return true;
  }
}

/// Throws `errc::too_large` for a value that is nested deeper than readers accept. Takes no time for types that cannot be.
template <class T>
void require_nesting(T const& value, std::string_view where) {
  if constexpr (nests_freely<T>()) {
    constexpr decode_limits accepted;
    if (nests_within(value, accepted.max_nesting)) return;
    throw exception(error(errc::too_large,
                          "the value is nested deeper than max_nesting, which is " + std::to_string(accepted.max_nesting),
                          std::string(where)));
  }
}

}  // namespace roost::wire
