#pragma once
// Reply ports: the obligation to answer one request. It is kept for later, or passed on in a message to another actor.

#include <roost/actor/future.hpp>

#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

namespace roost {

namespace detail {

/// Answers one request: a value of the type that the caller expects.
template <class T>
void answer_value(proc_runtime& home, reply_route to, T value, actor_id replier, message_stamp request) {
  runtime_entry const inside;
  if (to.proc != home.self()) {
    home.answer_bytes(to, wire::encode_shared(value), wire::fingerprint_of<T>(), replier, request);
    return;
  }
  home.note_replied(replier, request);
  if (auto const p = home.find_port(to.port)) {
    home.close_port(*p);
    auto const taken = p->take(&value, wire::fingerprint_of<T>());
    home.note_reply_arrived(*p, taken ? errc::ok : taken.failure().code);
    if (!taken) p->fail(taken.failure());
  }
}

/// What a reply port holds: whoever destroys it unanswered answers `errc::no_reply`. Moved, never copied.
class reply_duty {
 public:
  static constexpr std::uint32_t no_place = 0xffffffff;

  reply_duty() = default;
  reply_duty(proc_runtime& home, reply_route to, actor_id holder, message_stamp request) noexcept
      : home_(&home), to_(to), holder_(holder), request_(request) {}
  reply_duty(reply_duty&& other) noexcept
      : home_(other.home_), to_(other.release()), holder_(other.holder_), request_(other.request_) {}
  reply_duty& operator=(reply_duty&& other) noexcept;
  ~reply_duty() { abandon(); }

  bool open() const noexcept { return static_cast<bool>(to_); }
  proc_runtime& home() const noexcept { return *home_; }
  reply_route const& route() const noexcept { return to_; }
  actor_id holder() const noexcept { return holder_; }
  message_stamp const& request() const noexcept { return request_; }
  /// Takes the obligation away: the caller of this has answered, or passed it on.
  reply_route release() noexcept { return std::exchange(to_, {}); }
  void fail(error const& why);
  /// To another actor of this proc, in a message.
  void pass_to(actor_id next);

  std::uint32_t place = no_place;  ///< Among the duties of the message that is encoded.

 private:
  void abandon() noexcept;

  proc_runtime* home_ = nullptr;
  reply_route to_;
  actor_id holder_;
  message_stamp request_;
};

/// The open duties in one message, in the order in which they are encoded. The context of `wire::writer`, where there is one.
using duty_list = std::vector<reply_duty*>;

/// A duty as it travels beside the arguments of its message.
struct carried_duty {
  std::uint64_t port = 0;  ///< Of the proc that sent the message.
  std::uint64_t stamp_high = 0;
  std::uint64_t stamp_low = 0;
};

/// What a message from another proc brings for its receiver, while it is decoded. The context of `wire::reader`. Duties that the
/// message does not name end with it.
struct arrival {
  proc_runtime* home;
  actor_id receiver;
  std::vector<reply_duty> duties;
};

/// The duties of one message on their way to another proc. Answers come back through ports of this proc, which fail with that
/// one, so that every hop sees to its own end of the way. Undone where it is destroyed before `sent`.
class passage {
 public:
  passage(proc_runtime& home, duty_list duties, actor_id to);
  passage(passage const&) = delete;
  passage& operator=(passage const&) = delete;
  ~passage();
  std::vector<carried_duty> carried() const;
  void sent();

 private:
  proc_runtime* home_;
  actor_id to_;
  duty_list duties_;
  std::vector<port_ptr> relays_;
};

template <class T>
inline constexpr bool is_reply_port = false;
template <class T>
inline constexpr bool is_reply_port<reply_port<T>> = true;

template <class T, class... Outer>
consteval bool holds_reply_port();
template <class... Outer, class... Parts>
consteval bool any_holds_reply_port(wire::detail::types<Parts...>, wire::detail::types<Outer...>) {
  return (holds_reply_port<Parts, Outer...>() || ...);
}
/// Whether a value of `T` can hold a reply port: then it is moved, and goes to one receiver.
template <class T, class... Outer>
consteval bool holds_reply_port() {
  using wire::detail::kind;
  if constexpr (is_reply_port<T>) {
    return true;
  } else if constexpr ((std::is_same_v<T, Outer> || ...)) {
    return false;
  } else {
    constexpr kind k = wire::detail::kind_of<T>;
    using outer = wire::detail::types<T, Outer...>;
    if constexpr (k == kind::fields) {
      return any_holds_reply_port(wire::detail::field_types<T>{}, outer{});
    } else if constexpr (k == kind::tuple || k == kind::variant) {
      return any_holds_reply_port(typename wire::detail::tuple_types<T>::list{}, outer{});
    } else if constexpr (k == kind::list || k == kind::array || k == kind::optional || k == kind::set) {
      return holds_reply_port<typename T::value_type, T, Outer...>();
    } else if constexpr (k == kind::map) {
      return holds_reply_port<typename T::mapped_type, T, Outer...>();
    } else {
      return false;
    }
  }
}

/// Finds the open duties in `arguments` and tells each its place.
template <class Arguments>
duty_list duties_in(Arguments const& arguments) {
  duty_list found;
  wire::writer counting({}, &found);
  wire::encode_value(counting, arguments);
  return found;
}

}  // namespace detail

/// The obligation to answer one request, taken by an endpoint as its first parameter. Answer at once, later from any handler of
/// the same actor, or pass it on: as a field of a message or as a later argument it moves to another actor, also of another
/// proc, which answers instead. Destroyed unanswered, wherever it is, the caller gets `errc::no_reply`; when a proc on its way
/// is lost, the caller gets that error. Answers of another proc come back the way that the port went.
template <class T>
class reply_port {
 public:
  reply_port() = default;
  explicit reply_port(detail::reply_duty duty) : duty_(std::move(duty)) {}
  reply_port(reply_port&&) noexcept = default;
  reply_port& operator=(reply_port&&) noexcept = default;

  /// Whether an answer is still due from here.
  bool open() const noexcept { return duty_.open(); }
  /// The first answer counts; later ones are dropped.
  void send(detail::stored<T> value) {
    static_assert(!detail::holds_reply_port<detail::stored<T>>(), "roost: an answer cannot hold a reply_port");
    if (duty_.open()) detail::answer_value(duty_.home(), duty_.release(), std::move(value), duty_.holder(), duty_.request());
  }
  void send()
    requires std::is_void_v<T>
  {
    send(unit{});
  }
  /// The same with an error. Throws `errc::bad_argument` for one whose code is `errc::ok`.
  void fail(error why) { duty_.fail(why); }

 private:
  friend struct wire::codec<reply_port>;
  mutable detail::reply_duty duty_;  ///< Mutable, since a message that is sent hands over what it holds.
};

}  // namespace roost

/// A reply port travels as the place of its duty in the envelope of the message.
template <class T>
struct roost::wire::codec<roost::reply_port<T>> {
  static constexpr std::size_t fixed_size = 4;
  static void encode(writer& out, roost::reply_port<T> const& p) {
    auto& duty = p.duty_;
    if (auto* const found = static_cast<roost::detail::duty_list*>(out.context()); found != nullptr && duty.open()) {
      duty.place = static_cast<std::uint32_t>(found->size());
      found->push_back(&duty);
    }
    out.put(duty.open() ? duty.place : roost::detail::reply_duty::no_place);
  }
  static bool decode(reader& in, roost::reply_port<T>& p) {
    std::uint32_t place = 0;
    if (!in.get(place)) return false;
    if (place == roost::detail::reply_duty::no_place) return true;
    auto* const at = static_cast<roost::detail::arrival*>(in.context());
    if (at == nullptr || place >= at->duties.size() || !at->duties[place].open())
      return in.fail(errc::bad_frame, "a reply port that the message does not carry");
    p = roost::reply_port<T>(std::move(at->duties[place]));
    return true;
  }
  static constexpr std::uint64_t fingerprint =
      combine_fingerprints(fingerprint_text("reply_port"), fingerprint_of<roost::detail::stored<T>>());
};
