#pragma once
// Decoding, one branch for each kind of type. Part of codec.hpp.

#include <roost/wire/detail/values.hpp>

#include <algorithm>

namespace roost::wire {

namespace detail {

template <class T>
bool decode_list(reader& in, T& value) {
  using element = typename T::value_type;
  std::size_t count = 0;
  if (!in.get_count(count, min_size<element>(), sizeof(element))) return false;
  if constexpr (is_flat<element>) {
    value.resize(count);
    return in.get_bytes(value.data(), count * sizeof(element));
  } else {
    // The rest grows as elements turn out to be there.
    value.reserve(std::min<std::size_t>(count, 4096 / sizeof(element) + 1));
    for (std::size_t i = 0; i < count; ++i) {
      element one{};
      if (!decode_value(in, one)) return in.in_element(i);
      value.push_back(std::move(one));
    }
    return true;
  }
}

/// Maps and sets: keys must ascend strictly, so that one value has one encoding.
template <class T>
bool decode_sorted(reader& in, T& value) {
  constexpr bool is_map = kind_of<T> == kind::map;
  using key_type = typename T::key_type;
  std::size_t smallest = min_size<key_type>();
  if constexpr (is_map) smallest += min_size<typename T::mapped_type>();
  std::size_t count = 0;
  if (!in.get_count(count, smallest, sizeof(typename T::value_type) + 4 * sizeof(void*))) return false;
  key_type const* last = nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    key_type key{};
    if (!decode_value(in, key)) return in.in_element(i);
    if (last != nullptr && !typename T::key_compare{}(*last, key)) {
      in.fail(errc::bad_frame, "the keys do not ascend strictly");
      return in.in_element(i);
    }
    if constexpr (is_map) {
      typename T::mapped_type mapped{};
      if (!decode_value(in, mapped)) return in.in_element(i);
      last = &value.emplace_hint(value.end(), std::move(key), std::move(mapped))->first;
    } else {
      last = &*value.emplace_hint(value.end(), std::move(key));
    }
  }
  return true;
}

template <class T, std::size_t... I>
bool decode_alternative(reader& in, T& value, std::size_t index, std::index_sequence<I...>) {
  bool good = false;
  static_cast<void>(((I == index && (good = decode_value(in, value.template emplace<I>()), true)) || ...));
  return good;
}

template <class T>
bool decode_bool(reader& in, T& value) {
  std::uint8_t raw = 0;
  if (!in.get(raw)) return false;
  if (raw > 1) return in.fail(errc::bad_frame, "a bool has the value " + std::to_string(raw));
  value = raw == 1;
  return true;
}

template <class T>
bool decode_enum(reader& in, T& value) {
  using underlying = std::underlying_type_t<T>;
  underlying raw{};
  if constexpr (std::is_same_v<underlying, bool>) {
    if (!decode_bool(in, raw)) return false;
  } else {
    if (!in.get(raw)) return false;
  }
  if (!is_enumerator<T>(raw)) {
    return in.fail(errc::bad_frame, "an enum has no enumerator " + std::to_string(raw));
  }
  value = static_cast<T>(raw);
  return true;
}

template <class T>
bool decode_kind(reader& in, T& value) {
  constexpr kind k = kind_of<T>;
  auto const all = [&in](auto&... parts) {
    if constexpr (sizeof...(parts) == 0) {
      std::uint8_t zero = 0;
      if (!in.get(zero)) return false;
      return zero == 0 || in.fail(errc::bad_frame, "what has no fields must be one zero byte");
    } else {
      std::size_t index = 0;
      return ((decode_value(in, parts) ? (++index, true) : in.in_field(index)) && ...);
    }
  };
  if constexpr (k == kind::text) {
    std::size_t count = 0;
    if (!in.get_count(count, 1, 1)) return false;
    value.resize(count);
    return in.get_bytes(value.data(), count);
  } else if constexpr (k == kind::shared) {
    std::size_t count = 0;
    return in.get_count(count, 1, 1) && in.get_shared(value, count);
  } else if constexpr (k == kind::list) {
    return decode_list(in, value);
  } else if constexpr (k == kind::map || k == kind::set) {
    return decode_sorted(in, value);
  } else if constexpr (k == kind::array) {
    using element = typename T::value_type;
    if constexpr (std::tuple_size_v<T> == 0) {
      return all();
    } else if constexpr (is_flat<element>) {
      return in.get_bytes(value.data(), sizeof(element) * value.size());
    } else {
      for (std::size_t i = 0; i < value.size(); ++i) {
        if (!decode_value(in, value[i])) return in.in_element(i);
      }
      return true;
    }
  } else if constexpr (k == kind::optional) {
    bool present = false;
    if (!decode_bool(in, present)) return false;
    return !present || decode_value(in, value.emplace());
  } else if constexpr (k == kind::variant) {
    std::uint8_t index = 0;
    if (!in.get(index)) return false;
    if (index >= std::variant_size_v<T>) {
      return in.fail(errc::bad_frame,
                     "a variant of " + std::to_string(std::variant_size_v<T>) + " has no alternative " + std::to_string(index));
    }
    return decode_alternative(in, value, index, std::make_index_sequence<std::variant_size_v<T>>{});
  } else if constexpr (k == kind::tuple) {
    return with_elements(value, all);
  } else if constexpr (k == kind::fields) {
    return with_fields(value, all);
  } else {
    static_assert(k == kind::nothing);
    return all();
  }
}

}  // namespace detail

template <class T>
bool decode_value(reader& in, T& value) {
  using detail::kind;
  constexpr kind k = detail::kind_of<T>;
  if constexpr (k == kind::number) {
    return in.get(value);
  } else if constexpr (k == kind::boolean) {
    return detail::decode_bool(in, value);
  } else if constexpr (k == kind::enumeration) {
    return detail::decode_enum(in, value);
  } else if constexpr (k == kind::duration) {
    typename T::rep count{};
    if (!in.get(count)) return false;
    value = T(count);
    return true;
  } else if constexpr (k == kind::text || k == kind::shared) {
    return detail::decode_kind(in, value);
  } else {
    if (!in.enter()) return false;
    bool good = false;
    if constexpr (k == kind::custom) {
      good = codec<T>::decode(in, value);
    } else {
      good = detail::decode_kind(in, value);
    }
    in.leave();
    return good;
  }
}

}  // namespace roost::wire
