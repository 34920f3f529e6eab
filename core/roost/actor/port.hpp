#pragma once
// Ports: typed handles on which values come back. They travel in messages; the receiver stays where it was opened.

#include <roost/actor/foreign_post.hpp>
#include <roost/actor/reply_port.hpp>
#include <roost/wire/nesting.hpp>

#include <deque>
#include <memory>
#include <utility>

namespace roost {

namespace detail {

/// Throws `errc::bad_argument` for a port that nobody opened.
inline void require_port(port_id const& to) {
  if (to == port_id{})
    throw_error(error(errc::bad_argument, "a port that nobody opened, expected one of channel() or once_channel()"));
}

/// Sends the one value of a once port anywhere: its room was reserved when the port was opened.
template <class T>
void send_to_once_port(port_id to, T value) {
  static_assert(!holds_reply_port<T>(), "roost: a reply_port is passed on as an argument of an endpoint, not through a port");
  if (auto* const foreign = current_frame() == nullptr ? current_foreign() : nullptr)
    return post_to(*foreign, [to, value = std::move(value)]() mutable { send_to_once_port<T>(to, std::move(value)); });
  runtime_entry const inside;
  auto& home = require_home("once_port::send()");
  require_port(to);
  if (to.owner.proc != home.self()) {
    home.send_once_value(to, wire::encode_shared(value), wire::fingerprint_of<T>());
  } else if (auto const p = home.find_port(to.number)) {
    home.close_port(*p);
    if (auto const taken = p->take(&value, wire::fingerprint_of<T>()); !taken) p->fail(taken.failure());
  }
}

/// Sends one of many values to a port anywhere, when there is room for it.
template <class T>
void send_to_port(port_id to, T value) {
  static_assert(!holds_reply_port<T>(), "roost: a reply_port is passed on as an argument of an endpoint, not through a port");
  if (auto* const foreign = current_frame() == nullptr ? current_foreign() : nullptr)
    return post_to(*foreign, [to, value = std::move(value)]() mutable { send_to_port<T>(to, std::move(value)); });
  runtime_entry const inside;
  auto& frame = require_frame("port::send()");
  require_port(to);
  auto& home = frame.cell->home();
  if (home.mute()) return;
  auto const sender = frame.cell->id();
  if (to.owner.proc != home.self()) {
    wire::require_nesting(value, "port::send()");
    auto encoded = wire::encode_shared(value);
    home.await_credit(&frame, port_key(to), encoded.size(), frame.deadline, to.owner);
    home.send_port_value(sender, to, std::move(encoded), wire::fingerprint_of<T>());
    return;
  }
  auto const size = wire::encoded_size(value);
  home.await_credit(&frame, port_key(to), size, frame.deadline, to.owner);
  auto const p = home.find_port(to.number);
  if (p == nullptr) return;
  if (auto const taken = p->take(&value, wire::fingerprint_of<T>()); !taken) return p->fail(taken.failure());
  home.value_arrived(*p, sender.local, size);
}

/// Where the values of a receiver wait.
template <class T>
class receiver_state final : public port_base {
 public:
  explicit receiver_state(bool one) : once_(one) {}
  result<void> take(void* value, std::uint64_t type) override {
    if (type != wire::fingerprint_of<T>())
      return error(errc::fingerprint_mismatch, "a value of another type was sent to the port");
    push(std::move(*static_cast<T*>(value)));
    return {};
  }
  result<void> take_bytes(shared_bytes const& encoded, std::uint64_t type) override {
    if (type != wire::fingerprint_of<T>())
      return error(errc::fingerprint_mismatch, "a value of another type was sent to the port");
    auto value = wire::decode<T>(encoded);
    if (!value) return value.failure();
    push(std::move(*value));
    return {};
  }
  void fail(error why) override {
    if (closed_.code != errc::ok) return;
    closed_ = std::move(why);
    observers_.wake_all(errc::ok);
  }
  bool once() const noexcept override { return once_; }

  std::deque<T> values;
  std::uint64_t opened_as = 0;  ///< Its number, also when it is closed.
  error const& closed() const noexcept { return closed_; }
  observer_list& observers() noexcept { return observers_; }

 private:
  void push(T value) {
    values.push_back(std::move(value));
    observers_.wake_all(errc::ok);
  }
  bool once_;
  error closed_;
  observer_list observers_;
};

}  // namespace detail

/// Sends values of type T to the receiver that `channel<T>()` gave with it. A plain value; copy it, send it in messages.
template <class T>
class port {
 public:
  port() = default;
  explicit port(port_id id) : id_(id) {}
  port_id id() const noexcept { return id_; }
  /// In order per (sender, port). Suspends while the port has no room for more of this sender's values, as an invocation does at an
  /// actor, with the same errors (`errc::would_block`, `errc::deadlock`, `errc::timeout`). A value for a receiver that is gone is
  /// dropped. Only inside an actor, or on a `foreign_thread`.
  void send(T value) const { detail::send_to_port(id_, std::move(value)); }
  /// The same, but sends nothing and gives false where it would have to wait for room.
  [[nodiscard]] bool try_send(T value) const {
    runtime_entry const inside;
    auto& frame = detail::require_frame("port::try_send()");
    detail::require_port(id_);
    if (!frame.cell->home().has_credit(frame.cell->id().local, detail::port_key(id_), wire::encoded_size(value))) return false;
    detail::send_to_port(id_, std::move(value));
    return true;
  }
  friend bool operator==(port const&, port const&) = default;

 private:
  port_id id_;
};

/// Like `port`, for exactly one value.
template <class T>
class once_port {
 public:
  once_port() = default;
  explicit once_port(port_id id) : id_(id) {}
  port_id id() const noexcept { return id_; }
  /// Never suspends. A second value, or one for a receiver that is gone, is dropped.
  void send(T value) const { detail::send_to_once_port(id_, std::move(value)); }
  friend bool operator==(once_port const&, once_port const&) = default;

 private:
  port_id id_;
};

/// The receiving end of a port, owned by the actor that opened it. Closes the port when it is destroyed, or another is moved over it:
/// then what waits on it in other handlers of its actor ends with `errc::unavailable`. Throws `errc::bad_argument` once moved from.
template <class T>
class receiver {
 public:
  explicit receiver(boost::intrusive_ptr<detail::receiver_state<T>> state) : state_(std::move(state)) {}
  receiver(receiver&&) noexcept = default;
  receiver& operator=(receiver&& other) noexcept {
    if (this == &other) return *this;
    close();
    state_ = std::move(other.state_);
    return *this;
  }
  ~receiver() { close(); }

  /// Ends the waits of this receiver with an error once `other` has ended and nothing is left to receive. A link to the receiver's
  /// own actor counts for nothing: it ends no wait that its end would not.
  receiver& link(actor_id other) {
    if (other == actor_id{}) detail::throw_error(error(errc::bad_argument, "link() to an id that names no actor"));
    auto& state = standing();
    runtime_entry const inside;
    if (other != state.owner) state.home->link_port(state, other);
    return *this;
  }
  /// The next value. Throws `errc::unbounded_wait` at once unless the receiver is linked or the handler has a deadline.
  T recv() { return next(never); }
  /// The next value, or throws `errc::timeout`; the receiver stays as it was. A time beyond all time is no deadline.
  T recv(nanoseconds timeout) { return next(detail::deadline_in(timeout)); }
  bool empty() const {
    runtime_entry const inside;
    return standing().values.empty();
  }

 private:
  using state_type = detail::receiver_state<T>;

  state_type& standing() const {
    if (state_ == nullptr) detail::throw_error(error(errc::bad_argument, "a receiver that was moved from"));
    return *state_;
  }
  void close() noexcept {
    runtime_entry const inside;
    if (state_ == nullptr || state_->number == 0) return;
    state_->home->close_port(*state_);
    if (!state_->observers().empty())
      state_->fail(error(errc::unavailable, "the receiver was closed while a handler waited on it"));
  }
  T next(instant deadline) {
    runtime_entry const inside;
    auto& state = standing();
    if (state.values.empty()) await_value(boost::intrusive_ptr<state_type>(&state), deadline);
    T value = std::move(state.values.front());
    state.values.pop_front();
    state.home->value_received(state, state.opened_as);
    return value;
  }
  /// Keeps the state, which another handler may move away meanwhile.
  static void await_value(boost::intrusive_ptr<state_type> state, instant deadline) {
    auto& frame = detail::require_frame("receiver::recv()");
    while (state->values.empty()) {
      if (state->closed().code != errc::ok) detail::throw_error(state->closed());
      if (!state->linked && frame.deadline == never && deadline == never) {
        detail::throw_error(
            error(errc::unbounded_wait, "this receive could wait for ever: link the receiver to who sends, or give a deadline"));
      }
      detail::waiter w(frame);
      detail::observer_node node{&w, nullptr};
      state->observers().add(node);
      errc outcome = errc::ok;
      try {
        outcome = w.wait(wait_kind::receiver, state->owner, deadline);
      } catch (...) {
        state->observers().remove(node);
        throw;
      }
      state->observers().remove(node);
      if (outcome == errc::timeout && state->values.empty())
        detail::throw_error(error(errc::timeout, "no value came before the deadline"));
    }
  }

  boost::intrusive_ptr<state_type> state_;
};

namespace detail {
template <class T>
boost::intrusive_ptr<receiver_state<T>> open_receiver(bool one) {
  runtime_entry const inside;
  auto& frame = require_frame("channel()");
  boost::intrusive_ptr state(new receiver_state<T>(one));
  frame.cell->home().open_port(*state, frame.cell->id());
  state->opened_as = state->number;
  return state;
}
}  // namespace detail

/// Opens a port of the current actor.
template <class T>
std::pair<port<T>, receiver<T>> channel() {
  auto state = detail::open_receiver<T>(false);
  port<T> const p(port_id{state->owner, state->number});
  return {p, receiver<T>(std::move(state))};
}
template <class T>
std::pair<once_port<T>, receiver<T>> once_channel() {
  auto state = detail::open_receiver<T>(true);
  once_port<T> const p(port_id{state->owner, state->number});
  return {p, receiver<T>(std::move(state))};
}

}  // namespace roost

/// Ports travel as their id; the type of their values is part of the fingerprint.
template <class T>
struct roost::wire::codec<roost::port<T>> {
  static void encode(writer& out, roost::port<T> const& p) { encode_value(out, p.id()); }
  static bool decode(reader& in, roost::port<T>& p) {
    port_id id;
    if (!decode_value(in, id)) return false;
    p = roost::port<T>(id);
    return true;
  }
  static constexpr std::uint64_t fingerprint = combine_fingerprints(fingerprint_text("port"), fingerprint_of<T>());
};
template <class T>
struct roost::wire::codec<roost::once_port<T>> {
  static void encode(writer& out, roost::once_port<T> const& p) { encode_value(out, p.id()); }
  static bool decode(reader& in, roost::once_port<T>& p) {
    port_id id;
    if (!decode_value(in, id)) return false;
    p = roost::once_port<T>(id);
    return true;
  }
  static constexpr std::uint64_t fingerprint = combine_fingerprints(fingerprint_text("once_port"), fingerprint_of<T>());
};
