#pragma once
// Writes the structure of a type, one branch for each kind. Part of fingerprint.hpp.

#include <roost/wire/detail/kinds.hpp>
#include <roost/wire/detail/static_text.hpp>

namespace roost::wire::detail {

template <class T, class... Outer>
constexpr void write_shape(text_sink& out);

template <class... Outer, class... Parts>
constexpr void write_parts(text_sink& out, types<Parts...>, types<Outer...>) {
  bool first = true;
  ((first ? void(first = false) : out.put(","), write_shape<Parts, Outer...>(out)), ...);
}

template <class... Outer, class... Fields, std::size_t N>
constexpr void write_named(text_sink& out, types<Fields...>, types<Outer...>, std::array<std::string_view, N> const& names) {
  std::size_t index = 0;
  auto const name = [&] {
    if (index > 0) out.put(",");
    out.put(names[index++]);
    out.put(":");
  };
  ((name(), write_shape<Fields, Outer...>(out)), ...);
}

template <class T>
constexpr void write_number(text_sink& out) {
  if constexpr (std::is_same_v<T, char>) {
    out.put("char");
  } else {
    out.put(std::is_floating_point_v<T> ? "f" : std::is_signed_v<T> ? "i" : "u");
    out.put_number(sizeof(T) * 8);
  }
}

template <class T>
constexpr void write_signed(text_sink& out, T value) {
  if constexpr (std::is_signed_v<T>) {
    if (value < 0) {
      out.put("-");
      out.put_number(std::uint64_t{0} - static_cast<std::uint64_t>(value));
      return;
    }
  }
  out.put_number(static_cast<std::uint64_t>(value));
}

template <class Enum>
constexpr void write_enum(text_sink& out) {
  using raw = std::underlying_type_t<Enum>;
  if constexpr (std::is_same_v<Enum, std::byte>) {
    out.put("byte");
    return;
  } else {
    out.put("enum:");
    write_number<raw>(out);
  }
  if constexpr (described_enum<Enum>) {
    out.put("{");
    [&]<template <class...> class List, class... Ds>(List<Ds...>) {
      bool first = true;
      ((first ? void(first = false) : out.put(","), out.put(Ds::name), out.put("="),
        write_signed(out, static_cast<raw>(Ds::value))),
       ...);
    }(boost::describe::describe_enumerators<Enum>{});
    out.put("}");
  } else if constexpr (bounded_enum<Enum>) {
    out.put("<=");
    write_signed(out, static_cast<raw>(enum_last<Enum>));
  }
}

/// How many types outward `T` is, when it contains itself; counted from 1.
template <class T, class... Outer>
constexpr std::size_t distance_outward() {
  std::size_t distance = 0;
  bool found = false;
  ((found ? void() : void((++distance, found = std::is_same_v<T, Outer>))), ...);
  return distance;
}

template <class T, class... Outer>
constexpr void write_shape(text_sink& out) {
  if constexpr ((std::is_same_v<T, Outer> || ...)) {
    out.put("^");
    out.put_number(distance_outward<T, Outer...>());
  } else {
    constexpr kind k = kind_of<T>;
    using outer = types<T, Outer...>;
    out.put(wire_name<T>);
    if constexpr (k == kind::custom) {
      out.put("#");
      out.put_number(codec<T>::fingerprint, 16);
    } else if constexpr (k == kind::boolean) {
      out.put("bool");
    } else if constexpr (k == kind::number) {
      write_number<T>(out);
    } else if constexpr (k == kind::enumeration) {
      write_enum<T>(out);
    } else if constexpr (k == kind::text) {
      out.put("string");
    } else if constexpr (k == kind::shared) {
      out.put("shared_bytes");
    } else if constexpr (k == kind::nothing) {
      out.put("nothing");
    } else if constexpr (k == kind::duration) {
      out.put("duration<");
      write_number<typename T::rep>(out);
      out.put(",");
      out.put_number(T::period::num);
      out.put("/");
      out.put_number(T::period::den);
      out.put(">");
    } else if constexpr (k == kind::list || k == kind::set || k == kind::optional || k == kind::array) {
      out.put(k == kind::list ? "list<" : k == kind::set ? "set<" : k == kind::optional ? "optional<" : "array<");
      write_shape<typename T::value_type, T, Outer...>(out);
      if constexpr (k == kind::array) {
        out.put(",");
        out.put_number(std::tuple_size_v<T>);
      }
      out.put(">");
    } else if constexpr (k == kind::map) {
      out.put("map<");
      write_parts(out, types<typename T::key_type, typename T::mapped_type>{}, outer{});
      out.put(">");
    } else if constexpr (k == kind::tuple || k == kind::variant) {
      out.put(k == kind::tuple ? "tuple<" : "variant<");
      write_parts(out, typename tuple_types<T>::list{}, outer{});
      out.put(">");
    } else if constexpr (k == kind::fields) {
      out.put("{");
      if constexpr (is_described<T>) {
        write_named(out, field_types<T>{}, outer{}, field_names<T>());
      } else {
        write_parts(out, field_types<T>{}, outer{});
      }
      out.put("}");
    }
  }
}

template <class T>
struct shape_of {
  static constexpr void write(text_sink& out) { write_shape<T>(out); }
};

}  // namespace roost::wire::detail
