#pragma once
// Endpoints: how a member function becomes a message, and the adverbs with which it is invoked.

#include <roost/actor/actor.hpp>
#include <roost/actor/collective.hpp>
#include <roost/actor/future.hpp>
#include <roost/actor/mesh_ref.hpp>
#include <roost/actor/port.hpp>
#include <roost/actor/registry.hpp>
#include <roost/actor/reply_port.hpp>
#include <roost/actor/task.hpp>
#include <roost/base/keyed.hpp>
#include <roost/shape/value_mesh.hpp>
#include <roost/wire/nesting.hpp>

#include <algorithm>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace roost::detail {

/// A name as a template argument.
template <std::size_t N>
struct fixed_name {
  constexpr fixed_name(char const (&text)[N]) { std::copy_n(text, N, chars); }
  constexpr std::string_view view() const { return {chars, N - 1}; }
  char chars[N]{};
};

template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<task<T>> = true;

template <class R>
struct answer_of {
  using type = R;
};
template <class R>
struct answer_of<task<R>> {
  using type = R;
};

/// The parts of an endpoint's type: its class, what it answers, the arguments that travel.
template <class C, class R, class... Args>
struct plain_traits {
  static_assert(!std::is_reference_v<R>,
                "roost: an endpoint answers with a value, not with a reference to something of its actor");
  static_assert(!((std::is_lvalue_reference_v<Args> && !std::is_const_v<std::remove_reference_t<Args>>) || ...),
                "roost: an endpoint takes its parameters by value or by const reference: there is nothing that it could change");
  static_assert(!is_task<R> || !(std::is_reference_v<Args> || ...),
                "roost: a coroutine endpoint takes its parameters by value, since a reference dangles once it waits");
  using actor_type = C;
  using returned = R;
  using answer = typename answer_of<R>::type;
  using arguments = std::tuple<std::remove_cvref_t<Args>...>;
  static constexpr bool explicit_reply = false;
};
template <class C, class R, class... Args>
struct member_parts : plain_traits<C, R, Args...> {};
template <class C, class R, class T, class... Args>
struct member_parts<C, R, reply_port<T>, Args...> {
  using actor_type = C;
  using returned = R;
  using answer = T;
  using arguments = std::tuple<std::remove_cvref_t<Args>...>;
  static constexpr bool explicit_reply = true;
  static_assert(std::is_void_v<R>, "roost: an endpoint that takes a reply_port answers through it and returns void");
};
template <class Member>
struct member_traits;
template <class C, class R, class... Args>
struct member_traits<R (C::*)(Args...)> : member_parts<C, R, Args...> {};
template <class C, class R, class... Args>
struct member_traits<R (C::*)(Args...) const> : member_parts<C, R, Args...> {};
template <class C, class R, class... Args>
struct member_traits<R (C::*)(Args...) noexcept> : member_parts<C, R, Args...> {};
template <class C, class R, class... Args>
struct member_traits<R (C::*)(Args...) const noexcept> : member_parts<C, R, Args...> {};

/// Declared concurrent by ROOST_CONCURRENT: found by argument-dependent lookup; exclusive otherwise.
template <class Tag>
constexpr std::size_t concurrency_of(Tag tag) {
  if constexpr (requires { roost_concurrency(tag); }) {
    return roost_concurrency(tag);
  } else {
    return 0;
  }
}

/// An invocation of one endpoint, with its arguments.
template <auto Member>
class call_message final : public message {
 public:
  using traits = member_traits<decltype(Member)>;
  using answer = stored<typename traits::answer>;

  /// `bytes`: of the arguments once encoded.
  explicit call_message(typename traits::arguments a, endpoint_descriptor const* of = nullptr, actor_id const& from = {},
                        std::uint64_t bytes = 0)
      : message(coroutine_endpoint, plain_shelf_of(), of, from, bytes), arguments(std::move(a)) {}

  void invoke(handler_frame& frame) override {
    auto& self = static_cast<typename traits::actor_type&>(*frame.cell->user());
    auto& home = frame.cell->home();
    if constexpr (traits::explicit_reply) {
      reply_port<typename traits::answer> answer_port(reply_duty(home, reply, frame.cell->id(), stamp));
      frame.answered = true;
      std::apply([&](auto&... a) { (self.*Member)(std::move(answer_port), std::move(a)...); }, arguments);
    } else if constexpr (coroutine_endpoint) {
      running_.emplace(std::apply([&](auto&... a) { return (self.*Member)(std::move(a)...); }, arguments));
      running_->handle().resume();
    } else if constexpr (std::is_void_v<typename traits::returned>) {
      std::apply([&](auto&... a) { (self.*Member)(std::move(a)...); }, arguments);
      give(frame, unit{});
    } else {
      give(frame, std::apply([&](auto&... a) { return (self.*Member)(std::move(a)...); }, arguments));
    }
  }

  std::size_t measure() const override { return wire::encoded_size(arguments); }
  bool done() const noexcept override {
    if constexpr (coroutine_endpoint) return running_->handle().promise().done;
    return true;
  }
  void settle(handler_frame& frame) override {
    if constexpr (coroutine_endpoint && std::is_void_v<typename traits::answer>) {
      running_->await_resume();
      give(frame, unit{});
    } else if constexpr (coroutine_endpoint) {
      give(frame, running_->await_resume());
    }
  }

  typename traits::arguments arguments;

 private:
  static constexpr bool coroutine_endpoint = is_task<typename traits::returned>;
  static constexpr std::uint8_t plain_shelf_of() noexcept {
    bool const plain = std::is_trivially_destructible_v<typename traits::arguments> && !coroutine_endpoint &&
                       alignof(call_message) <= alignof(std::max_align_t);
    return plain ? shelf_for(sizeof(call_message)) : 0;
  }
  struct not_running {};

  void give(handler_frame& frame, answer value) {
    if (!reply || frame.answered) return;
    frame.answered = true;
    answer_value(frame.cell->home(), reply, std::move(value), frame.cell->id(), stamp);
  }

  [[no_unique_address]] std::conditional_t<coroutine_endpoint, std::optional<typename traits::returned>, not_running> running_;
};

template <auto Member>
result<std::unique_ptr<message>> decode_call(shared_bytes const& payload, arrival& at) {
  using arguments = typename member_traits<decltype(Member)>::arguments;
  auto decoded = wire::decode<arguments>(payload, {}, &at);
  if (!decoded) return decoded.failure();
  return std::unique_ptr<message>(std::make_unique<call_message<Member>>(std::move(*decoded)));
}

template <auto Member, fixed_name Class, fixed_name Name>
struct described_endpoint {
  using traits = member_traits<decltype(Member)>;
  static inline endpoint_descriptor const descriptor{wire::endpoint_hash(Class.view(), Name.view()),
                                                     Class.view(),
                                                     Name.view(),
                                                     wire::fingerprint_of<typename traits::arguments>(),
                                                     concurrency_of(std::integral_constant<decltype(Member), Member>{}),
                                                     &decode_call<Member>};
};

/// The future of one rank's answer.
template <class R>
boost::intrusive_ptr<answer_state<stored<R>>> open_answer(actor_cell& caller, actor_id target) {
  boost::intrusive_ptr state(new answer_state<stored<R>>());
  state->target = target;
  state->awaited = true;
  caller.home().open_port(*state, caller.id());
  return state;
}

/// An invocation that does not wait for room would have to.
struct no_room {};

/// What an adverb needs to know of who invokes it.
struct invocation {
  invocation(actor_cell* by, handler_frame* in, instant until, chain_ptr callers)
      : cell(by), frame(in), deadline(until), chain(std::move(callers)) {}

  actor_cell* cell;
  handler_frame* frame;
  instant deadline;
  chain_ptr chain;    ///< Who waits for the answer, and who waits for them; none where nobody does.
  bool waits = true;  ///< For room; else it throws `no_room`.

  /// Of the handler that runs now; `timeout` shortens its deadline.
  static invocation here(nanoseconds timeout) {
    auto* const frame = current_frame();
    if (frame == nullptr || frame->must_end || frame->deadline != never || timeout != nanoseconds::max()) return bounded(timeout);
    return {frame->cell, frame, never, nullptr};
  }
  /// The same, for what is going to be answered. Throws `errc::too_deep` where too many wait for each other already.
  static invocation asking(nanoseconds timeout);
  /// Nanoseconds until the deadline, none below zero; -1 without a deadline. It shrinks while the sender waits for room.
  std::int64_t remaining() const;

 private:
  static invocation bounded(nanoseconds timeout);
};

/// Arguments that are yet to be encoded.
struct unencoded {
  void const* arguments;
  std::size_t size;  ///< Once encoded, in bytes.
  void (*write)(void const* arguments, std::span<std::byte> out);
};
template <class Tuple>
unencoded to_encode(Tuple const& arguments) {
  return {&arguments, wire::encoded_size(arguments),
          [](void const* what, std::span<std::byte> out) { wire::encode_exactly(*static_cast<Tuple const*>(what), out); }};
}

/// The frame-to-be of an invocation; the arguments are encoded behind an envelope: the slice that it is cast to, and the duties
/// of the reply ports in it.
link::outgoing make_outgoing(invocation const& from, chain_ptr const& chain, endpoint_descriptor const& endpoint, actor_id to,
                             reply_route reply, unencoded arguments, cast_place const* place, std::vector<carried_duty> carried);
/// The reverse: takes the envelope off the front of `payload`, which came with `in`. Errors: those of decoding.
result<void> open_envelope(shared_bytes& payload, link::incoming const& in, arrival& at, std::unique_ptr<cast_place>& place);
/// The chain of callers of an invocation that passes on `duties`. Passing on the request that the handler serves cuts it: its
/// caller waits for somebody else from now on.
chain_ptr chain_beyond(invocation const& from, duty_list const& duties);

/// Sends one invocation of an endpoint to an actor of this proc, with credit. Throws where the wait for credit does.
template <auto Member>
void send_call_here(invocation const& from, endpoint_descriptor const& endpoint, std::uint64_t to, std::uint64_t reply_port,
                    typename member_traits<decltype(Member)>::arguments& arguments, std::unique_ptr<cast_place> place) {
  auto& home = from.cell->home();
  auto const size = wire::encoded_size(arguments);
  auto* account = &home.account_of(*from.cell, to);
  if (!home.has_room(*account, size)) {
    home.await_room(from, {home.self(), to}, size);
    account = &home.account_of(*from.cell, to);
  }
  auto m = std::make_unique<call_message<Member>>(std::move(arguments), &endpoint, from.cell->id(), size);
  if constexpr (holds_reply_port<typename member_traits<decltype(Member)>::arguments>()) {
    auto const duties = duties_in(m->arguments);
    auto chain = chain_beyond(from, duties);
    if (reply_port != 0) m->chain = std::move(chain);
    for (auto* const duty : duties) duty->pass_to({home.self(), to});
  } else if (reply_port != 0) {
    m->chain = from.chain;
  }
  if (reply_port != 0) m->reply = {home.self(), reply_port};
  m->deadline = from.deadline;
  if (place != nullptr) m->travel = std::make_unique<message_travel>(message_origin{}, std::move(place));
  home.send_local(*account, std::move(m));
}

/// The same for an actor of another proc.
template <auto Member>
void send_call_away(invocation const& from, endpoint_descriptor const& endpoint, actor_id to, std::uint64_t reply_port,
                    typename member_traits<decltype(Member)>::arguments& arguments, cast_place const* place) {
  auto& home = from.cell->home();
  wire::require_nesting(arguments, endpoint.name);
  auto const reply = reply_port == 0 ? reply_route{} : reply_route{home.self(), reply_port};
  if constexpr (holds_reply_port<typename member_traits<decltype(Member)>::arguments>()) {
    auto duties = duties_in(arguments);
    auto const chain = chain_beyond(from, duties);
    passage through(home, std::move(duties), to);
    auto out = make_outgoing(from, chain, endpoint, to, reply, to_encode(arguments), place, through.carried());
    if (home.send_remote(from, to, std::move(out), reply)) through.sent();
  } else {
    auto out = make_outgoing(from, from.chain, endpoint, to, reply, to_encode(arguments), place, {});
    home.send_remote(from, to, std::move(out), reply);
  }
}

/// Either. `reply_port`: where the answer is awaited in this proc; 0: none is.
template <auto Member>
void send_call(invocation const& from, endpoint_descriptor const& endpoint, actor_id const& to, std::uint64_t reply_port,
               typename member_traits<decltype(Member)>::arguments arguments, std::unique_ptr<cast_place> place) {
  auto& home = from.cell->home();
  if (home.mute()) return;  // A destructor of a proc that is gone.
  if (to.proc == home.self()) {
    send_call_here<Member>(from, endpoint, to.local, reply_port, arguments, std::move(place));
  } else {
    send_call_away<Member>(from, endpoint, to, reply_port, arguments, place.get());
  }
}

/// A rank that a broadcast was not sent to.
struct unsent_rank {
  std::uint64_t rank = 0;
  error why;
};
/// Throws an error that names them, with the code of the first.
[[noreturn]] void refuse_unsent(mesh_ref const& mesh, std::vector<unsent_rank> const& unsent, std::string where);

}  // namespace roost::detail

namespace roost {

/// One endpoint of a mesh, ready to be invoked: `mesh->hit.call(...)`. Refers to the mesh reference; use it at once.
template <auto Member, detail::fixed_name Class, detail::fixed_name Name,
          class Arguments = typename detail::member_traits<decltype(Member)>::arguments>
class endpoint;

template <auto Member, detail::fixed_name Class, detail::fixed_name Name, class... Args>
class endpoint<Member, Class, Name, std::tuple<Args...>> {
 public:
  using described = detail::described_endpoint<Member, Class, Name>;
  using R = typename described::traits::answer;
  using stored = detail::stored<R>;
  /// Its message can hold a reply port, so that it goes to one rank.
  static constexpr bool one_receiver = detail::holds_reply_port<std::tuple<Args...>>();

  explicit endpoint(detail::mesh_ref const& mesh, nanoseconds timeout = nanoseconds::max()) : mesh_(&mesh), timeout_(timeout) {}

  /// The same endpoint with a deadline for the next invocation: waits on its result and what its handlers call end there.
  endpoint with(nanoseconds timeout) const { return endpoint(*mesh_, timeout); }

  /// One result per rank, shape kept, errors per rank. Suspends while a rank has no room, once it was sent to all that have; a rank
  /// that has none until the deadline has the error of that wait as its result.
  future<value_mesh<result<stored>>> call(Args... args) const {
    check_copies();
    return collect([&](std::uint64_t) { return std::tuple<Args...>(args...); });
  }
  /// The same with one value per rank for every argument. Throws `errc::bad_argument`, before anything is sent, for values of another
  /// extent than the mesh's.
  future<value_mesh<result<stored>>> call(scattered<Args>... args) const
    requires(sizeof...(Args) > 0 && !one_receiver)
  {
    auto const& mesh = detail::require_mesh(*mesh_, "call");
    (detail::require_value_for_each(args.values().extent(), mesh.covered.extent(), described::descriptor.full_name()), ...);
    return collect([&](std::uint64_t rank) { return std::tuple<Args...>(args.values().at(rank)...); });
  }
  /// The result of the only rank. Throws `errc::not_one_rank` at once for any other number.
  future<R> call_one(Args... args) const {
    runtime_entry const inside;
    auto const& mesh = detail::require_mesh(*mesh_, "call_one");
    if (mesh.size() != 1) {
      detail::throw_error(error(errc::not_one_rank,
                                "call_one needs exactly one rank, and " + mesh.mesh->name + " has " + std::to_string(mesh.size()),
                                described::descriptor.full_name()));
    }
    auto const to = detail::require_home("call_one").member_now(*mesh.mesh, mesh.covered.base_rank(0));
    return call_rank(detail::invocation::asking(timeout_), mesh, 0, to, std::tuple<Args...>(std::move(args)...));
  }
  /// The result of one live rank, drawn by the balancer among those that this proc does not know to be over. It knows of procs that failed
  /// and of its own actors; the owner's proc of every end that the owner was told of; others of ends that they were told of by a watch,
  /// a link, or a message that came back. Who ended otherwise can be drawn, and the result is an error then. Throws `errc::unavailable`
  /// where no rank is left.
  future<R> choose(Args... args) const {
    runtime_entry const inside;
    auto const& mesh = detail::require_mesh(*mesh_, "choose");
    auto& home = detail::require_home("choose");
    std::vector<std::uint64_t> alive;
    for (std::uint64_t rank = 0; rank != mesh.size(); ++rank) {
      auto const id = mesh.member(rank);
      if (!home.known_over(*mesh.mesh, id)) alive.push_back(rank);
    }
    if (alive.empty())
      detail::throw_error(
          error(errc::unavailable, "no rank of " + mesh.mesh->name + " is alive", described::descriptor.full_name()));
    auto const chosen = alive[random_below(alive.size())];
    return call_rank(detail::invocation::asking(timeout_), mesh, chosen, mesh.member(chosen),
                     std::tuple<Args...>(std::move(args)...));
  }
  /// To every rank, without a reply. What is not handled comes back to `actor::undelivered`. A message that can hold a reply port
  /// goes to one rank; to any other number it throws `errc::not_one_rank` at once. Suspends while a rank has no room, once it was sent to
  /// all that have. What cannot be sent to a rank, by the deadline or at all, is sent to the others all the same; then it throws the
  /// error of the first such rank and names them all.
  [[gnu::always_inline]] void broadcast(Args... args) const { broadcast_to(*mesh_, timeout_, std::move(args)...); }
  /// Like `broadcast`, but sends nothing and gives false where that would have to wait for room.
  [[nodiscard]] bool try_broadcast(Args... args) const {
    check_copies();
    runtime_entry const inside;
    auto const& mesh = detail::require_mesh(*mesh_, "try_broadcast");
    auto const from = detail::invocation::here(timeout_);
    auto const size = wire::encoded_size(std::tuple<Args...>(args...));
    for (std::uint64_t rank = 0; rank != mesh.size(); ++rank) {
      if (!from.cell->home().has_credit(from.cell->id().local, mesh.member(rank), size)) return false;
    }
    broadcast(std::move(args)...);
    return true;
  }
  /// Results in the order in which they arrive; errors as `call` has them.
  result_stream<R> stream(Args... args) const {
    check_copies();
    runtime_entry const inside;
    auto const& mesh = detail::require_mesh(*mesh_, "stream");
    auto const state = std::make_shared<typename result_stream<R>::shared>(mesh.members());
    auto const copies = [&](std::uint64_t) { return std::tuple<Args...>(args...); };
    ask_all(mesh, copies, [&](std::uint64_t rank, answer_ptr const& answer) {
      point const at(mesh.covered.extent(), rank);
      answer->when_ready([answer = answer.get(), state, at] {
        state->awaited[at.rank()] = {};
        state->arrived.emplace_back(at, answer->outcome());
        state->waiting.wake_all(errc::ok);
      });
    });
    return result_stream<R>(state);
  }

 private:
  /// Where the arguments are copied, one copy for each rank.
  static constexpr void check_copies() {
    static_assert(
        !one_receiver,
        "roost: a message with a reply_port cannot be copied to several ranks: use call_one, choose, or broadcast to one");
  }
  static void broadcast_to(detail::mesh_ref const& mesh, nanoseconds timeout, Args... args) {
    if constexpr (!one_receiver) {
      if (only_thread_outside() && send_to_one_at_hand(mesh, timeout, args...)) [[likely]]
        return;
    }
    broadcast_anywhere(mesh, timeout, args...);
  }
  /// True: the receiver is one, and the message was only to be queued there. Inside the runtime, or where nobody else can be.
  [[gnu::always_inline]] static bool send_to_one_at_hand(detail::mesh_ref const& mesh, nanoseconds timeout, Args&... args) {
    auto const* const frame = detail::current_frame();
    if (mesh.mesh == nullptr || mesh.covered.dims() != 0 || frame == nullptr || frame->must_end || frame->deadline != never ||
        timeout != nanoseconds::max())
      return false;
    auto& from = *frame->cell;
    auto& home = from.home();
    auto* const account = home.at_hand(from, mesh.mesh->members[mesh.covered.base_rank(0)]);
    if (account == nullptr) return false;
    auto const size = wire::encoded_size(std::forward_as_tuple(std::as_const(args)...));
    if (!home.has_room(*account, size)) return false;
    home.queue_charged(*account, new detail::call_message<Member>(std::tuple<Args...>(std::move(args)...), &described::descriptor,
                                                                  from.id(), size));
    return true;
  }
  [[gnu::noinline]] static void broadcast_anywhere(detail::mesh_ref const& mesh, nanoseconds timeout, Args&... args) {
    runtime_entry const inside;
    detail::require_mesh(mesh, "broadcast");
    if constexpr (one_receiver) {
      auto const from = detail::invocation::here(timeout);
      if (mesh.size() != 1) {
        detail::throw_error(error(errc::not_one_rank,
                                  "a message with a reply_port goes to exactly one rank, and " + mesh.mesh->name + " has " +
                                      std::to_string(mesh.size()),
                                  described::descriptor.full_name()));
      }
      detail::send_call<Member>(from, described::descriptor, mesh.member(0), 0, std::tuple<Args...>(std::move(args)...),
                                place(mesh, 0));
    } else if (!send_to_one_at_hand(mesh, timeout, args...)) {
      send_to_all(mesh, detail::invocation::here(timeout), args...);
    }
  }
  static void send_to_all(detail::mesh_ref const& mesh, detail::invocation const& from, Args const&... args) {
    if (mesh.covered.dims() == 0) {
      auto const to = from.cell->home().member_now(*mesh.mesh, mesh.covered.base_rank(0));
      detail::send_call<Member>(from, described::descriptor, to, 0, std::tuple<Args...>(args...), nullptr);
    } else {
      send_to_ranks(mesh, from, args...);
    }
  }
  static void send_to_ranks(detail::mesh_ref const& mesh, detail::invocation from, Args const&... args) {
    auto const members = mesh.members();
    std::vector<detail::unsent_rank> unsent;
    for_each_rank(members.size(), from, [&](std::uint64_t rank) {
      try {
        detail::send_call<Member>(from, described::descriptor, members[rank], 0, std::tuple<Args...>(args...), place(mesh, rank));
      } catch (exception const& e) {
        unsent.push_back({rank, e.why()});
      }
    });
    if (!unsent.empty()) detail::refuse_unsent(mesh, unsent, described::descriptor.full_name());
  }
  /// Runs `send(rank)`, which sends from `from`, for all ranks: at first for those that have room, then for the rest, which it waits for.
  template <class Send>
  static void for_each_rank(std::uint64_t count, detail::invocation& from, Send send) {
    std::vector<std::uint64_t> full;
    from.waits = false;
    for (std::uint64_t rank = 0; rank != count; ++rank) {
      try {
        send(rank);
      } catch (detail::no_room const&) {
        full.push_back(rank);
      }
    }
    from.waits = true;
    for (auto const rank : full) send(rank);
  }
  static std::unique_ptr<detail::cast_place> place(detail::mesh_ref const& mesh, std::uint64_t rank) {
    if (mesh.covered.dims() == 0) return nullptr;
    return std::make_unique<detail::cast_place>(detail::cast_place{mesh.covered.extent(), rank});
  }
  using answer_ptr = boost::intrusive_ptr<detail::answer_state<stored>>;

  future<R> call_rank(detail::invocation const& from, detail::mesh_ref const& mesh, std::uint64_t rank, actor_id to,
                      std::tuple<Args...> args) const {
    auto state = detail::open_answer<R>(*from.cell, to);
    if (timeout_ != nanoseconds::max()) state->expire_at(from.deadline);
    try {
      detail::send_call<Member>(from, described::descriptor, to, state->number, std::move(args), place(mesh, rank));
    } catch (...) {
      from.cell->home().close_port(*state);
      throw;
    }
    return future<R>(std::move(state));
  }
  /// Calls every rank with what `make(rank)` gives, and gives the answer-to-be to `take(rank, answer)`; where it cannot be sent, the
  /// error is the answer.
  template <class Make, class Take>
  void ask_all(detail::mesh_ref const& mesh, Make make, Take take) const {
    if (mesh.size() == 0) return;
    auto from = detail::invocation::asking(timeout_);
    auto const members = mesh.members();
    for_each_rank(members.size(), from, [&](std::uint64_t rank) {
      auto const state = detail::open_answer<R>(*from.cell, members[rank]);
      try {
        detail::send_call<Member>(from, described::descriptor, members[rank], state->number, make(rank), place(mesh, rank));
      } catch (exception const& e) {
        from.cell->home().close_port(*state);
        state->fail(e.why());
      } catch (...) {
        from.cell->home().close_port(*state);
        throw;
      }
      if (timeout_ != nanoseconds::max()) state->expire_at(from.deadline);
      take(rank, state);
    });
  }
  template <class Make>
  future<value_mesh<result<stored>>> collect(Make make) const {
    runtime_entry const inside;
    auto const& mesh = detail::require_mesh(*mesh_, "call");
    boost::intrusive_ptr all(new detail::collect_state<R>(mesh.covered.extent(), mesh.members()));
    all->owner = detail::require_frame("call").cell->id();
    if (mesh.size() == 0) all->set(value_mesh<result<stored>>(mesh.covered.extent(), {}));
    ask_all(mesh, make, [&](std::uint64_t rank, answer_ptr const& answer) {
      answer->when_ready([answer = answer.get(), all, rank] { all->put(rank, answer->outcome()); });
    });
    return future<value_mesh<result<stored>>>(all);
  }

  detail::mesh_ref const* mesh_;
  nanoseconds timeout_;
};

}  // namespace roost
