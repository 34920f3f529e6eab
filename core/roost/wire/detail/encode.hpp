#pragma once
// Sizes and encodings, one branch for each kind of type. Part of codec.hpp.

#include <roost/wire/detail/values.hpp>

namespace roost::wire {

namespace detail {

template <class T>
std::size_t varying_size(T const& value) {
  constexpr kind k = kind_of<T>;
  auto const sum = [](auto const&... parts) { return (std::size_t{0} + ... + encoded_size(parts)); };
  if constexpr (k == kind::custom) {
    if constexpr (requires { codec<T>::size(value); }) {
      return codec<T>::size(value);
    } else {
      writer count;
      codec<T>::encode(count, value);
      return count.written();
    }
  } else if constexpr (k == kind::text || k == kind::shared) {
    return 4 + value.size();
  } else if constexpr (k == kind::list || k == kind::set || k == kind::array) {
    constexpr auto element = fixed_size<typename T::value_type>();
    std::size_t const prefix = k == kind::array ? 0 : 4;
    if constexpr (element != varies) {
      return prefix + value.size() * element;
    } else {
      std::size_t size = prefix;
      for (auto const& e : value) size += encoded_size(e);
      return size;
    }
  } else if constexpr (k == kind::map) {
    std::size_t size = 4;
    for (auto const& [key, mapped] : value) size += encoded_size(key) + encoded_size(mapped);
    return size;
  } else if constexpr (k == kind::optional) {
    return value ? 1 + encoded_size(*value) : 1;
  } else if constexpr (k == kind::variant) {
    if (value.valueless_by_exception()) return 1;
    return 1 + std::visit([](auto const& held) { return encoded_size(held); }, value);
  } else if constexpr (k == kind::tuple) {
    return with_elements(value, sum);
  } else {
    return with_fields(value, sum);
  }
}

}  // namespace detail

template <class T>
std::size_t encoded_size(T const& value) {
  constexpr auto fixed = detail::fixed_size<T>();
  if constexpr (fixed != detail::varies) {
    return fixed;
  } else {
    return detail::varying_size(value);
  }
}

template <class T>
void encode_value(writer& out, T const& value) {
  using detail::kind;
  constexpr kind k = detail::kind_of<T>;
  auto const all = [&out](auto const&... parts) {
    if constexpr (sizeof...(parts) == 0) {
      out.put(std::uint8_t{0});
    } else {
      (encode_value(out, parts), ...);
    }
  };
  if constexpr (k == kind::custom) {
    codec<T>::encode(out, value);
  } else if constexpr (k == kind::boolean || k == kind::number) {
    out.put(value);
  } else if constexpr (k == kind::enumeration) {
    out.put(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (k == kind::duration) {
    out.put(value.count());
  } else if constexpr (k == kind::nothing) {
    out.put(std::uint8_t{0});
  } else if constexpr (k == kind::text) {
    out.put_count(value.size());
    out.put_bytes(value.data(), value.size());
  } else if constexpr (k == kind::shared) {
    out.put_count(value.size());
    out.put_bytes(value.view().data(), value.size());
  } else if constexpr (k == kind::list || k == kind::set) {
    using element = typename T::value_type;
    out.put_count(value.size());
    if constexpr (k == kind::list && detail::is_flat<element>) {
      out.put_bytes(value.data(), value.size() * sizeof(element));
    } else if constexpr (std::is_same_v<element, bool>) {
      for (bool const e : value) out.put(e);
    } else {
      for (auto const& e : value) encode_value(out, e);
    }
  } else if constexpr (k == kind::array) {
    using element = typename T::value_type;
    if constexpr (std::tuple_size_v<T> == 0) {
      out.put(std::uint8_t{0});
    } else if constexpr (detail::is_flat<element>) {
      out.put_bytes(value.data(), sizeof(element) * value.size());
    } else {
      for (auto const& e : value) encode_value(out, e);
    }
  } else if constexpr (k == kind::map) {
    out.put_count(value.size());
    for (auto const& [key, mapped] : value) {
      encode_value(out, key);
      encode_value(out, mapped);
    }
  } else if constexpr (k == kind::optional) {
    out.put(value.has_value());
    if (value) encode_value(out, *value);
  } else if constexpr (k == kind::variant) {
    static_assert(std::variant_size_v<T> <= 255, "a variant in a message has at most 255 alternatives");
    if (value.valueless_by_exception()) throw exception(error(errc::bad_argument, "a variant without a value cannot travel"));
    out.put(static_cast<std::uint8_t>(value.index()));
    std::visit([&out](auto const& held) { encode_value(out, held); }, value);
  } else if constexpr (k == kind::tuple) {
    detail::with_elements(value, all);
  } else {
    detail::with_fields(value, all);
  }
}

}  // namespace roost::wire
