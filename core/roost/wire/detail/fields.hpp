#pragma once
// The fields of a plain aggregate by structured bindings, and of a described type by Boost.Describe. The fields are counted with
// empty braces: `T{{}, {}}` is well formed exactly for as many braces as `T` has bases and fields.

#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>
#include <boost/mp11/list.hpp>

#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

namespace roost::wire::detail {

/// Fields that an aggregate may have without being described.
inline constexpr std::size_t max_fields = 24;

template <class... Types>
struct types {};

/// Converts to any base of `T`.
template <class T>
struct any_base {
  template <class Base>
    requires(std::is_base_of_v<Base, T> && !std::is_same_v<Base, T>)
  operator Base() const;
};
template <class T>
concept has_base = requires { T{any_base<T>{}}; };

/// Fields and bases of `T`, or `max_fields + 1` when it has more than `max_fields`.
template <class T>
consteval std::size_t count_fields() {
  // clang-format off
  if constexpr (requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; }) return 25;
  else if constexpr (requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; }) return 24;
  else if constexpr (requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; }) return 23;
  else if constexpr (requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; }) return 22;
  else if constexpr (requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; }) return 21;
  else if constexpr (requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; }) return 20;
  else if constexpr (requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; }) return 19;
  else if constexpr (requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; }) return 18;
  else if constexpr (requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; }) return 17;
  else if constexpr (requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; }) return 16;
  else if constexpr (requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; }) return 15;
  else if constexpr (requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; }) return 14;
  else if constexpr (requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{}}; }) return 13;
  else if constexpr (requires { T{{},{},{},{},{},{},{},{},{},{},{},{}}; }) return 12;
  else if constexpr (requires { T{{},{},{},{},{},{},{},{},{},{},{}}; }) return 11;
  else if constexpr (requires { T{{},{},{},{},{},{},{},{},{},{}}; }) return 10;
  else if constexpr (requires { T{{},{},{},{},{},{},{},{},{}}; }) return 9;
  else if constexpr (requires { T{{},{},{},{},{},{},{},{}}; }) return 8;
  else if constexpr (requires { T{{},{},{},{},{},{},{}}; }) return 7;
  else if constexpr (requires { T{{},{},{},{},{},{}}; }) return 6;
  else if constexpr (requires { T{{},{},{},{},{}}; }) return 5;
  else if constexpr (requires { T{{},{},{},{}}; }) return 4;
  else if constexpr (requires { T{{},{},{}}; }) return 3;
  else if constexpr (requires { T{{},{}}; }) return 2;
  else if constexpr (requires { T{{}}; }) return 1;
  else return 0;
  // clang-format on
}

/// Instead of fields of which one or more are bit-fields: nothing can refer to those.
struct bit_fields {};

template <class... Fields>
void refer_to(Fields&...);

#define ROOST_WITH_BOUND(...)                        \
  if constexpr (requires { refer_to(__VA_ARGS__); }) \
    return f(__VA_ARGS__);                           \
  else                                               \
    return bit_fields{};

/// Calls `f` with every field of the aggregate `v`, in order; gives `bit_fields` where it has any.
template <class T, class F>
constexpr decltype(auto) with_bound_fields(T& v, F&& f) {
  constexpr std::size_t count = count_fields<std::remove_const_t<T>>();
  // clang-format off
  if constexpr (count == 0) { static_cast<void>(v); return f(); }
  else if constexpr (count == 1) { auto& [a_] = v; ROOST_WITH_BOUND(a_) }
  else if constexpr (count == 2) { auto& [a_, b_] = v; ROOST_WITH_BOUND(a_, b_) }
  else if constexpr (count == 3) { auto& [a_, b_, c_] = v; ROOST_WITH_BOUND(a_, b_, c_) }
  else if constexpr (count == 4) { auto& [a_, b_, c_, d_] = v; ROOST_WITH_BOUND(a_, b_, c_, d_) }
  else if constexpr (count == 5) { auto& [a_, b_, c_, d_, e_] = v; ROOST_WITH_BOUND(a_, b_, c_, d_, e_) }
  else if constexpr (count == 6) { auto& [a_, b_, c_, d_, e_, f_] = v; ROOST_WITH_BOUND(a_, b_, c_, d_, e_, f_) }
  else if constexpr (count == 7) { auto& [a_, b_, c_, d_, e_, f_, g_] = v; ROOST_WITH_BOUND(a_, b_, c_, d_, e_, f_, g_) }
  else if constexpr (count == 8) { auto& [a_, b_, c_, d_, e_, f_, g_, h_] = v; ROOST_WITH_BOUND(a_, b_, c_, d_, e_, f_, g_, h_) }
  else if constexpr (count == 9) { auto& [a_, b_, c_, d_, e_, f_, g_, h_, i_] = v; ROOST_WITH_BOUND(a_, b_, c_, d_, e_, f_, g_, h_, i_) }
  else if constexpr (count == 10) { auto& [a_, b_, c_, d_, e_, f_, g_, h_, i_, j_] = v; ROOST_WITH_BOUND(a_, b_, c_, d_, e_, f_, g_, h_, i_, j_) }
  else if constexpr (count == 11) { auto& [a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_] = v; ROOST_WITH_BOUND(a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_) }
  else if constexpr (count == 12) { auto& [a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_] = v; ROOST_WITH_BOUND(a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_) }
  else if constexpr (count == 13) { auto& [a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_, m_] = v; ROOST_WITH_BOUND(a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_, m_) }
  else if constexpr (count == 14) { auto& [a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_, m_, n_] = v; ROOST_WITH_BOUND(a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_, m_, n_) }
  else if constexpr (count == 15) { auto& [a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_, m_, n_, o_] = v; ROOST_WITH_BOUND(a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_, m_, n_, o_) }
  else if constexpr (count == 16) { auto& [a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_, m_, n_, o_, p_] = v; ROOST_WITH_BOUND(a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_, m_, n_, o_, p_) }
  else if constexpr (count == 17) { auto& [a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_, m_, n_, o_, p_, q_] = v; ROOST_WITH_BOUND(a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_, m_, n_, o_, p_, q_) }
  else if constexpr (count == 18) { auto& [a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_, m_, n_, o_, p_, q_, r_] = v; ROOST_WITH_BOUND(a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_, m_, n_, o_, p_, q_, r_) }
  else if constexpr (count == 19) { auto& [a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_, m_, n_, o_, p_, q_, r_, s_] = v; ROOST_WITH_BOUND(a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_, m_, n_, o_, p_, q_, r_, s_) }
  else if constexpr (count == 20) { auto& [a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_, m_, n_, o_, p_, q_, r_, s_, t_] = v; ROOST_WITH_BOUND(a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_, m_, n_, o_, p_, q_, r_, s_, t_) }
  else if constexpr (count == 21) { auto& [a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_, m_, n_, o_, p_, q_, r_, s_, t_, u_] = v; ROOST_WITH_BOUND(a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_, m_, n_, o_, p_, q_, r_, s_, t_, u_) }
  else if constexpr (count == 22) { auto& [a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_, m_, n_, o_, p_, q_, r_, s_, t_, u_, v_] = v; ROOST_WITH_BOUND(a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_, m_, n_, o_, p_, q_, r_, s_, t_, u_, v_) }
  else if constexpr (count == 23) { auto& [a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_, m_, n_, o_, p_, q_, r_, s_, t_, u_, v_, w_] = v; ROOST_WITH_BOUND(a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_, m_, n_, o_, p_, q_, r_, s_, t_, u_, v_, w_) }
  else if constexpr (count == 24) { auto& [a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_, m_, n_, o_, p_, q_, r_, s_, t_, u_, v_, w_, x_] = v; ROOST_WITH_BOUND(a_, b_, c_, d_, e_, f_, g_, h_, i_, j_, k_, l_, m_, n_, o_, p_, q_, r_, s_, t_, u_, v_, w_, x_) }
  // clang-format on
}

#undef ROOST_WITH_BOUND

template <class T>
inline constexpr bool is_described = false;
template <class T>
  requires(std::is_class_v<T> && boost::describe::has_describe_members<T>::value)
inline constexpr bool is_described<T> = true;

template <class T>
using descriptors = boost::describe::describe_members<T, boost::describe::mod_any_access | boost::describe::mod_inherited>;

template <class T, class F, template <class...> class List, class... Ds>
constexpr decltype(auto) with_described_fields(T& v, F&& f, List<Ds...>) {
  static_cast<void>(v);
  return f(v.*Ds::pointer...);
}

template <template <class...> class List, class... Ds>
constexpr auto described_names(List<Ds...>) {
  return std::array<std::string_view, sizeof...(Ds)>{Ds::name...};
}

/// Calls `f` with every field of `v`, in order.
template <class T, class F>
constexpr decltype(auto) with_fields(T& v, F&& f) {
  if constexpr (is_described<std::remove_const_t<T>>) {
    return with_described_fields(v, static_cast<F&&>(f), descriptors<std::remove_const_t<T>>{});
  } else {
    return with_bound_fields(v, static_cast<F&&>(f));
  }
}

struct list_types {
  template <class... Fields>
  constexpr types<Fields...> operator()(Fields&...) const {
    return {};
  }
};

/// `types<...>` of the fields of `T`, with their `const`; or `bit_fields`.
template <class T>
using field_types = decltype(with_fields(std::declval<T&>(), list_types{}));

/// The names of the fields where `T` is described, else nothing.
template <class T>
constexpr auto field_names() {
  if constexpr (is_described<T>) {
    return described_names(descriptors<T>{});
  } else {
    return std::array<std::string_view, 0>{};
  }
}

}  // namespace roost::wire::detail
