#pragma once
// What may be a message: plain aggregates of things that mean the same in every process. What may not is refused when the
// program is compiled, in one sentence.

#include <roost/wire/detail/kinds.hpp>
#include <roost/wire/detail/static_text.hpp>

#include <array>
#include <cstddef>
#include <string_view>

namespace roost::wire::detail {

enum class step { field, element, key, value, part, alternative };

/// Why a type cannot travel, and where in it.
struct verdict {
  bool fine = true;
  kind why = kind::nothing;
  std::array<step, 8> steps{};
  std::array<int, 8> indices{};
  std::size_t depth = 0;
};

constexpr verdict below(verdict inner, step how, int index) {
  if (inner.fine || inner.depth == inner.steps.size()) return inner;
  for (std::size_t i = inner.depth; i > 0; --i) {
    inner.steps[i] = inner.steps[i - 1];
    inner.indices[i] = inner.indices[i - 1];
  }
  inner.steps[0] = how;
  inner.indices[0] = index;
  ++inner.depth;
  return inner;
}

template <class T, class... Outer>
constexpr verdict judge();

template <class... Outer, class... Parts>
constexpr verdict judge_parts(types<Parts...>, types<Outer...>, [[maybe_unused]] step how) {
  verdict first;
  int index = 0;
  ((first.fine ? void(first = below(judge<Parts, Outer...>(), how, index++)) : void()), ...);
  return first;
}

template <class T, class... Outer>
constexpr verdict judge() {
  if constexpr ((std::is_same_v<T, Outer> || ...)) {
    return {};
  } else {
    constexpr kind k = kind_of<T>;
    using outer = types<T, Outer...>;
    if constexpr (k == kind::fields) {
      return judge_parts(field_types<T>{}, outer{}, step::field);
    } else if constexpr (k == kind::tuple) {
      return judge_parts(typename tuple_types<T>::list{}, outer{}, step::part);
    } else if constexpr (k == kind::variant) {
      return judge_parts(typename tuple_types<T>::list{}, outer{}, step::alternative);
    } else if constexpr (k == kind::list || k == kind::array || k == kind::optional || k == kind::set) {
      return below(judge<typename T::value_type, T, Outer...>(), step::element, 0);
    } else if constexpr (k == kind::map) {
      auto const key = below(judge<typename T::key_type, T, Outer...>(), step::key, 0);
      return key.fine ? below(judge<typename T::mapped_type, T, Outer...>(), step::value, 0) : key;
    } else if constexpr (k < kind::pointer) {
      return {};
    } else {
      return {.fine = false, .why = k};
    }
  }
}

constexpr std::string_view reason(kind why) {
  switch (why) {
    case kind::pointer: return "a pointer means nothing in another process";
    case kind::view: return "a reference or view owns nothing that could travel; send a value such as std::string or std::vector";
    case kind::owner: return "a smart pointer is not a value; send what it points to, or std::optional";
    case kind::callable: return "code cannot travel; send a port, or an enum that says what to do";
    case kind::unordered: return "an unordered container has no fixed order; use std::map or std::set";
    case kind::c_array: return "a C array cannot travel; use std::array";
    case kind::wide: return "wchar_t and long double differ between machines; use char32_t or double";
    case kind::open_enum: return "an enum without a fixed underlying type cannot be checked; give it one, or describe it";
    case kind::type_erased: return "a type-erased value has no structure to send; use std::variant";
    case kind::union_type: return "a union does not know what it holds; use std::variant";
    case kind::no_default: return "it cannot be made empty before it is read: it has no default value";
    case kind::too_many_fields: return "an aggregate of more than 24 fields must be described with BOOST_DESCRIBE_STRUCT";
    case kind::bit_field: return "nothing can refer to a bit-field; use a whole number or a bool";
    case kind::based: return "an aggregate with a base class must be described with BOOST_DESCRIBE_STRUCT";
    case kind::constant: return "a const member cannot be read into";
    default: return "it is no plain aggregate, is not described, and has no roost::wire::codec";
  }
}

constexpr void write_problem(text_sink& out, verdict const& v) {
  for (std::size_t i = 0; i < v.depth; ++i) {
    auto const index = static_cast<std::uint64_t>(v.indices[i]);
    if (i > 0) out.put(", ");
    switch (v.steps[i]) {
      case step::field:
        out.put("field ");
        out.put_number(index);
        break;
      case step::element: out.put("element"); break;
      case step::key: out.put("key"); break;
      case step::value: out.put("value"); break;
      case step::part:
        out.put("part ");
        out.put_number(index);
        break;
      case step::alternative:
        out.put("alternative ");
        out.put_number(index);
        break;
    }
  }
  if (v.depth > 0) out.put(": ");
  if (!v.fine) out.put(reason(v.why));
}

template <class T>
struct problem_writer {
  static constexpr void write(text_sink& out) { write_problem(out, judge<T>()); }
};

/// One assertion for each reason, so that the compiler prints the sentence; `FirstBadField` is -1 where `Message` itself is bad.
template <class Message, int FirstBadField, kind Why>
constexpr void refuse_message() {
  // clang-format off
  static_assert(Why != kind::pointer, "this message holds a pointer (in field FirstBadField), which means nothing in another process");
  static_assert(Why != kind::view, "this message holds a reference or view (in field FirstBadField), which owns nothing that could travel: send a value such as std::string or std::vector");
  static_assert(Why != kind::owner, "this message holds a smart pointer (in field FirstBadField), which is not a value: send what it points to, or std::optional");
  static_assert(Why != kind::callable, "this message holds code (in field FirstBadField), which cannot travel: send a port, or an enum that says what to do");
  static_assert(Why != kind::unordered, "this message holds an unordered container (in field FirstBadField), which has no fixed order: use std::map or std::set");
  static_assert(Why != kind::c_array, "this message holds a C array (in field FirstBadField): use std::array");
  static_assert(Why != kind::wide, "this message holds a wchar_t or long double (in field FirstBadField), which differ between machines: use char32_t or double");
  static_assert(Why != kind::open_enum, "this message holds an enum without a fixed underlying type (in field FirstBadField), which cannot be checked: give it one, or describe it");
  static_assert(Why != kind::type_erased, "this message holds a type-erased value (in field FirstBadField), which has no structure to send: use std::variant");
  static_assert(Why != kind::union_type, "this message holds a union (in field FirstBadField), which does not know what it holds: use std::variant");
  static_assert(Why != kind::no_default, "this message (or its field FirstBadField) cannot be made empty before it is read: give it a default value");
  static_assert(Why != kind::too_many_fields, "this message (or its field FirstBadField) has more than 24 fields: describe it with BOOST_DESCRIBE_STRUCT");
  static_assert(Why != kind::bit_field, "this message (or its field FirstBadField) has a bit-field, which nothing can refer to: use a whole number or a bool");
  static_assert(Why != kind::based, "this message (or its field FirstBadField) has a base class: describe it with BOOST_DESCRIBE_STRUCT");
  static_assert(Why != kind::constant, "this message holds a const member (in field FirstBadField), which cannot be read into");
  static_assert(Why != kind::opaque, "this message (or its field FirstBadField) is no plain aggregate, is not described, and has no roost::wire::codec");
  // clang-format on
}

}  // namespace roost::wire::detail

namespace roost {

/// Why a `T` cannot be a message: place and reason, such as "field 1, element: a pointer means nothing in another process".
/// Empty when it can.
template <class T>
constexpr std::string_view message_problem() {
  return wire::detail::static_text<wire::detail::problem_writer<T>>;
}

/// A type whose values can travel: scalars, enums, strings, the standard containers in order, ids, `shared_bytes`, types with
/// a `roost::wire::codec`, described types, and aggregates of up to 24 such fields.
template <class T>
concept message = wire::detail::judge<T>().fine;

/// Fails to compile with one sentence that says why `T` cannot be a message; does nothing when it can.
template <class T>
constexpr void check_message() {
  constexpr auto found = wire::detail::judge<T>();
  if constexpr (!found.fine) {
    constexpr bool in_field = found.depth > 0 && found.steps[0] == wire::detail::step::field;
    wire::detail::refuse_message<T, in_field ? found.indices[0] : -1, found.why>();
  }
}

}  // namespace roost
