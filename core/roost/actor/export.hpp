#pragma once
// ROOST_EXPORT: the one line per actor class that makes member functions endpoints.

#include <roost/actor/endpoint.hpp>
#include <roost/actor/registry.hpp>

#include <boost/preprocessor/cat.hpp>
#include <boost/preprocessor/punctuation/comma_if.hpp>
#include <boost/preprocessor/seq/for_each.hpp>
#include <boost/preprocessor/seq/for_each_i.hpp>
#include <boost/preprocessor/stringize.hpp>
#include <boost/preprocessor/variadic/to_seq.hpp>

#include <concepts>
#include <string_view>

namespace roost::detail {

/// Whether a name is one accessible, non-overloaded, non-template member function: asked inside a lambda, so that the answer
/// is false instead of an error.
template <class Class, class Take>
constexpr bool is_exportable(Take) {
  if constexpr (std::is_invocable_v<Take, Class*>) {
    return std::is_member_function_pointer_v<std::invoke_result_t<Take, Class*>>;
  } else {
    return false;
  }
}

/// Becomes a pointer to this very class, and not to a base of it.
template <class Class>
struct exactly {
  template <std::same_as<Class const*> Pointer>
  operator Pointer() const;
};

/// Whether the class has been exported so far; each question has a number of its own, so that none is answered once for all.
template <int Question, class Class>
constexpr bool is_exported() {
  return requires(exactly<Class> c) { roost_endpoints_type(c); };
}

/// Whether a macro's argument, as text, is one name.
constexpr bool is_plain_name(std::string_view text) { return text.find_first_of(":< ") == std::string_view::npos; }

inline std::vector<endpoint_descriptor const*> joined(std::vector<endpoint_descriptor const*> own,
                                                      std::initializer_list<class_descriptor const*> bases) {
  for (auto const* base : bases) own.insert(own.end(), base->endpoints.begin(), base->endpoints.end());
  return own;
}

}  // namespace roost::detail

// clang-format off
#define ROOST_DETAIL_EXPORTABLE(Class, name) BOOST_PP_CAT(BOOST_PP_CAT(roost_exportable_, Class), BOOST_PP_CAT(_, name))
#define ROOST_DETAIL_CHECK(r, Class, name)                                                                              \
  inline constexpr bool ROOST_DETAIL_EXPORTABLE(Class, name) = ::roost::detail::is_exportable<Class>(                   \
      [](auto* c) -> decltype(&std::remove_pointer_t<decltype(c)>::name) { return {}; });                               \
  static_assert(ROOST_DETAIL_EXPORTABLE(Class, name),                                                                   \
                "roost: " #Class "::" BOOST_PP_STRINGIZE(name) " cannot be exported: an endpoint is one public member function, neither overloaded nor a template");
#define ROOST_DETAIL_CHECK_CLASS(Class, members)                                                                        \
  static_assert(::roost::detail::is_plain_name(#Class),                                                                 \
                "roost: " #Class " cannot be exported: ROOST_EXPORT stands in the namespace of the class and has its name alone, so a nested class or a template needs a 'using' for it"); \
  static_assert(sizeof(members) > 1, "roost: " #Class " cannot be exported: name at least one member function");        \
  static_assert(std::is_convertible_v<Class*, ::roost::actor*>, "roost: " #Class " cannot be exported: it is not publicly derived from roost::actor"); \
  static_assert(!(::roost::detail::is_exported<__COUNTER__, Class>()), "roost: " #Class " cannot be exported: it has been already");
#define ROOST_DETAIL_MEMBER(r, data, name) \
  ::roost::endpoint<&roost_detail_class::name, roost_detail_name, BOOST_PP_STRINGIZE(name)> name;
#define ROOST_DETAIL_INIT(r, mesh, i, name) BOOST_PP_COMMA_IF(i) name(mesh)
#define ROOST_DETAIL_LIST(r, data, i, name) BOOST_PP_COMMA_IF(i) &decltype(roost_detail_type::name)::described::descriptor
#define ROOST_DETAIL_BASE(r, data, i, base) BOOST_PP_COMMA_IF(i) BOOST_PP_CAT(roost_endpoints_, base)
#define ROOST_DETAIL_BASE_CLASS(r, data, i, base) BOOST_PP_COMMA_IF(i) &roost_class_of(static_cast<base const*>(nullptr))

/// Exports member functions of `Class` as endpoints: `ROOST_EXPORT(Player, hit, share)`, in the namespace of the class and after
/// it. The names are the identities of class and endpoints in messages. A nested class or an instance of a template is exported by a
/// name of its own: `using Inner = Outer::Inner;`.
#define ROOST_EXPORT(Class, ...) ROOST_EXPORT_AS(#Class, Class, __VA_ARGS__)

/// The same with another name for the class, where two namespaces would collide.
#define ROOST_EXPORT_AS(class_name, Class, ...)                                                                         \
  ROOST_DETAIL_CHECK_CLASS(Class, #__VA_ARGS__)                                                                                       \
  BOOST_PP_SEQ_FOR_EACH(ROOST_DETAIL_CHECK, Class, BOOST_PP_VARIADIC_TO_SEQ(__VA_ARGS__))                               \
  struct roost_endpoints_##Class {                                                                                      \
    using roost_detail_class = Class;                                                                                   \
    static constexpr ::roost::detail::fixed_name roost_detail_name{class_name};                                         \
    explicit roost_endpoints_##Class(::roost::detail::mesh_ref const& mesh)                                             \
        : BOOST_PP_SEQ_FOR_EACH_I(ROOST_DETAIL_INIT, mesh, BOOST_PP_VARIADIC_TO_SEQ(__VA_ARGS__)) {}                    \
    roost_endpoints_##Class const* operator->() const { return this; }                                                  \
    BOOST_PP_SEQ_FOR_EACH(ROOST_DETAIL_MEMBER, ~, BOOST_PP_VARIADIC_TO_SEQ(__VA_ARGS__))                                \
  };                                                                                                                    \
  inline ::roost::detail::class_descriptor& roost_class_of(Class const*) {                                              \
    using roost_detail_type = roost_endpoints_##Class;                                                                  \
    static auto& registered = ::roost::detail::register_class(                                                          \
        class_name, {BOOST_PP_SEQ_FOR_EACH_I(ROOST_DETAIL_LIST, ~, BOOST_PP_VARIADIC_TO_SEQ(__VA_ARGS__))});            \
    return registered;                                                                                                  \
  }                                                                                                                     \
  roost_endpoints_##Class roost_endpoints_type(Class const*);                                                           \
  [[maybe_unused]] inline bool const roost_registered_##Class = (roost_class_of(static_cast<Class const*>(nullptr)), true);

/// Exports a class derived from exported ones; the inherited endpoints keep their bases' names:
/// `ROOST_EXPORT_DERIVED(Coach, (Player), train)`.
#define ROOST_EXPORT_DERIVED(Class, bases, ...)                                                                         \
  ROOST_DETAIL_CHECK_CLASS(Class, #__VA_ARGS__)                                                                                       \
  BOOST_PP_SEQ_FOR_EACH(ROOST_DETAIL_CHECK, Class, BOOST_PP_VARIADIC_TO_SEQ(__VA_ARGS__))                               \
  struct roost_endpoints_##Class : BOOST_PP_SEQ_FOR_EACH_I(ROOST_DETAIL_BASE, ~, BOOST_PP_VARIADIC_TO_SEQ bases) {      \
    using roost_detail_class = Class;                                                                                   \
    static constexpr ::roost::detail::fixed_name roost_detail_name{#Class};                                             \
    explicit roost_endpoints_##Class(::roost::detail::mesh_ref const& mesh)                                             \
        : BOOST_PP_SEQ_FOR_EACH_I(ROOST_DETAIL_BASE_FIRST, mesh, BOOST_PP_VARIADIC_TO_SEQ bases),                       \
          BOOST_PP_SEQ_FOR_EACH_I(ROOST_DETAIL_INIT, mesh, BOOST_PP_VARIADIC_TO_SEQ(__VA_ARGS__)) {}                    \
    roost_endpoints_##Class const* operator->() const { return this; }                                                  \
    BOOST_PP_SEQ_FOR_EACH(ROOST_DETAIL_MEMBER, ~, BOOST_PP_VARIADIC_TO_SEQ(__VA_ARGS__))                                \
  };                                                                                                                    \
  inline ::roost::detail::class_descriptor& roost_class_of(Class const*) {                                              \
    using roost_detail_type = roost_endpoints_##Class;                                                                  \
    static auto& registered = ::roost::detail::register_class(                                                          \
        #Class, ::roost::detail::joined(                                                                                \
                    {BOOST_PP_SEQ_FOR_EACH_I(ROOST_DETAIL_LIST, ~, BOOST_PP_VARIADIC_TO_SEQ(__VA_ARGS__))},             \
                    {BOOST_PP_SEQ_FOR_EACH_I(ROOST_DETAIL_BASE_CLASS, ~, BOOST_PP_VARIADIC_TO_SEQ bases)}));            \
    return registered;                                                                                                  \
  }                                                                                                                     \
  roost_endpoints_##Class roost_endpoints_type(Class const*);                                                           \
  [[maybe_unused]] inline bool const roost_registered_##Class = (roost_class_of(static_cast<Class const*>(nullptr)), true);
#define ROOST_DETAIL_BASE_FIRST(r, mesh, i, base) BOOST_PP_COMMA_IF(i) BOOST_PP_CAT(roost_endpoints_, base)(mesh)

/// Declares an endpoint concurrent, before its ROOST_EXPORT: at most `limit` handlers of it run interleaved with each other.
#define ROOST_CONCURRENT(Class, name, limit)                                                                            \
  constexpr std::size_t roost_concurrency(std::integral_constant<decltype(&Class::name), &Class::name>) {                \
    static_assert((limit) > 0, "roost: a concurrent endpoint has a limit of at least 1");                                \
    static_assert(!(::roost::detail::is_exported<__COUNTER__, Class>()),                              \
                  "roost: ROOST_CONCURRENT(" #Class ", " #name ", ...) stands before ROOST_EXPORT, where it still has an effect"); \
    return limit;                                                                                                         \
  }
// clang-format on
