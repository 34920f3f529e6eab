#pragma once
// How constructor arguments travel and become an actor.

#include <roost/actor/endpoint.hpp>
#include <roost/actor/mesh_ref.hpp>
#include <roost/actor/registry.hpp>
#include <roost/wire/codec.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <tuple>

namespace roost::detail {

/// A constructor argument as it travels: text owned, everything else as it is.
template <class A>
using spawn_argument =
    std::conditional_t<std::is_convertible_v<A, std::string_view> && !std::is_same_v<std::decay_t<A>, std::string>, std::string,
                       std::decay_t<A>>;

/// The first message of an actor: constructs it.
template <class T, class... Args>
class construct_message final : public message {
 public:
  explicit construct_message(std::tuple<Args...> a) : arguments_(std::move(a)) {}
  void invoke(handler_frame& frame) override {
    auto made = std::apply([](auto&... a) -> std::unique_ptr<actor> { return std::make_unique<T>(std::move(a)...); }, arguments_);
    runtime_entry const inside;
    frame.cell->set_user(std::move(made));
  }

 private:
  std::tuple<Args...> arguments_;
};

template <class T, class... Args>
result<std::unique_ptr<message>> decode_construct(shared_bytes const& payload) {
  auto decoded = wire::decode<std::tuple<Args...>>(payload);
  if (!decoded) return decoded.failure();
  return std::unique_ptr<message>(std::make_unique<construct_message<T, Args...>>(std::move(*decoded)));
}

/// Whether T itself is exported, not only a base of it.
template <class T>
concept exported =
    requires(T const* none) { requires std::is_same_v<typename decltype(roost_endpoints_type(none))::roost_detail_class, T>; };

/// Registers T(Args...) before main wherever it is spawned.
template <class T, class... Args>
struct constructible {
  static_assert(exported<T>, "roost: the class is not exported: write ROOST_EXPORT after it");
  static_assert(std::is_base_of_v<actor, T>, "roost: only classes derived from roost::actor can be spawned");
  static_assert(std::is_constructible_v<T, Args...>, "roost: the actor's class has no constructor for these arguments");
  static_assert(!holds_reply_port<std::tuple<Args...>>(),
                "roost: a reply_port is passed on as an argument of an endpoint, not of a constructor");
  static class_descriptor const& registered() {
    auto& what = roost_class_of(static_cast<T const*>(nullptr));
    if constexpr (requires { T::dedicated; }) what.dedicated = T::dedicated;
    register_constructor(what, {wire::fingerprint_of<std::tuple<Args...>>(), &decode_construct<T, Args...>});
    return what;
  }
  static inline class_descriptor const& descriptor = registered();
};

/// The same for arguments in a tuple.
template <class T, class Arguments>
struct constructible_from;
template <class T, class... Args>
struct constructible_from<T, std::tuple<Args...>> : constructible<T, Args...> {};

/// Spawns one actor of the current actor, here or on another proc.
template <class T, class... Args>
actor_id spawn_one(actor_cell& owner, proc_id where, mesh_record const& mesh, point at, std::tuple<Args...> arguments) {
  auto& home = owner.home();
  auto const& what = constructible<T, Args...>::descriptor;
  auto const id = home.new_actor_id(owner, where);
  if (home.mute()) return id;  // A destructor of a proc that is gone.
  if (where == home.self()) {
    home.spawn_here({id, owner.id(), mesh.id, &what, mesh.name, std::move(at),
                     std::make_unique<construct_message<T, Args...>>(std::move(arguments))});
  } else {
    owner.add_child_away({id, mesh.name, at, mesh.id});
    spawn_body body;
    body.local = id.local;
    body.owner = owner.id();
    body.class_name = std::string(what.name);
    body.name = mesh.name;
    body.labels.assign(at.extent().labels().begin(), at.extent().labels().end());
    body.sizes.assign(at.extent().sizes().begin(), at.extent().sizes().end());
    body.rank = at.rank();
    body.fingerprint = wire::fingerprint_of<std::tuple<Args...>>();
    body.arguments = wire::encode_shared(arguments);
    home.spawn_there(std::move(body), where);
  }
  return id;
}

}  // namespace roost::detail
