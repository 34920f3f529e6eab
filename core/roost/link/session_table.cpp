#include <roost/link/session_table.hpp>

#include <roost/base/keyed.hpp>
#include <roost/base/plant.hpp>
#include <roost/link/event_queue.hpp>
#include <roost/link/flat_table.hpp>
#include <roost/link/handshake.hpp>
#include <roost/link/session.hpp>
#include <roost/link/tuning.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace roost::link {
namespace {

ROOST_DEFINE_PLANT(failed_peer_accepted, "failed-peer-accepted", "G9",
                   "opens a session with a proc that was declared failed when that proc asks for one");

constexpr std::uint64_t largest_payload = std::uint64_t{64} << 20;

}  // namespace

class session_table::impl final : public transport_events, public event_origin, public channel_registry, public timer {
 public:
  impl(platform& seams, identity who, session_events& events, nanoseconds lease)
      : seams_(seams),
        who_(complete(std::move(who))),
        limits_(*seams.knobs, lease),
        events_(seams, events, *this),
        around_{seams_,
                who_,
                limits_,
                events_,
                child_key(seams.key, "link", "sessions"),
                static_cast<std::size_t>(seams.transport->max_frame().value),
                seams.transport->keeps_bytes() ? std::uint8_t{0} : std::uint8_t{wire::flag_checksum_whole}} {
    seams_.transport->attach(this);
  }

  ~impl() {
    seams_.transport->attach(nullptr);
    seams_.clock->disarm(*this);
  }

  admission send(proc_id to, outgoing&& message, error* why) {
    auto const whole = message.body.frame_size();
    if (whole > around_.max_frame || message.body.payload_size() > largest_payload || message.body.trailer_size() > 0xffff) {
      return refuse(why, {errc::too_large, "the message has " + to_string(bytes{whole}) + " with its header, and a frame to " +
                                               to_string(to) + " may have " + to_string(bytes{around_.max_frame})});
    }
    auto* s = reach(to, why);
    return s == nullptr ? admission::refused : s->send(std::move(message));
  }

  bool has_credit(std::uint64_t sender, actor_id receiver, bytes size) const {
    auto const* s = sessions_.find(receiver.proc);
    return s == nullptr || (*s)->has_credit(sender, receiver.local, size);
  }

  bool want_room(std::uint64_t sender, actor_id receiver, bytes size) {
    auto* s = find(receiver.proc);
    return s == nullptr || s->want_room(sender, receiver.local, size);
  }

  void sender_ended(std::uint64_t sender) {
    for (auto const& id : sessions_.sorted_keys()) find(id)->sender_ended(sender);
    events_.forget_sender(sender);
  }

  /// The session with `to`, made when there may be one; else nullptr.
  session* reach(proc_id to, error* why) {
    if (last_ != nullptr && last_->peer() == to) return last_;
    if (to == who_.self) {
      refuse(why, {errc::bad_argument, to_string(to) + " is this proc: a session leads to another"});
      return nullptr;
    }
    if (closed_) {
      refuse(why, {errc::unavailable, "this proc has closed its sessions"});
      return nullptr;
    }
    if (failed(to)) {
      refuse(why, {errc::proc_failed, to_string(to) + " was declared failed", to_string(to)});
      return nullptr;
    }
    auto& made = sessions_.insert(to);
    if (made == nullptr) {
      made = std::make_unique<session>(around_, *this, to);
      made->expect(seams_.clock->now() + patience_);
    }
    return last_ = made.get();
  }

  void expect_newcomers_within(nanoseconds patience) { patience_ = patience; }

  void expect(proc_id peer, instant from) {
    if (auto* s = reach(peer, nullptr)) s->expect(from);
  }

  session* find(proc_id peer) {
    if (last_found_ != nullptr && last_found_->peer() == peer) return last_found_;
    auto* found = sessions_.find(peer);
    return found == nullptr ? nullptr : last_found_ = found->get();
  }

  void watch(proc_id peer, bool lease) {
    error why;
    if (auto* s = reach(peer, &why)) {
      s->watch();
      if (lease) s->hold_lease();
    } else if (!closed_) {
      events_.lost(peer, std::move(why));
    }
  }

  /// Nothing is watched after `close`.
  session* find_open(proc_id peer) { return closed_ ? nullptr : find(peer); }

  bool declare_failed(proc_id peer, error why) {
    auto& known = lives_[{peer.host, peer.ordinal}];
    known.failed = std::max(known.failed, std::uint64_t{peer.incarnation} + 1);
    last_ = last_found_ = nullptr;
    auto* found = sessions_.find(peer);
    if (found == nullptr) return false;
    auto ended = std::move(*found);
    sessions_.erase(peer);
    ended->retire(std::move(why));
    ended_.push_back(std::move(ended));
    return true;
  }

  void close() {
    if (std::exchange(closed_, true)) return;
    for (auto const& id : sessions_.sorted_keys()) find(id)->close();
    for (auto const& [c, since] : lobby_) seams_.transport->close(c);
    lobby_.clear();
    last_ = nullptr;
  }

  statistics stats() const {
    statistics sum;
    for (auto const& id : sessions_.sorted_keys()) {
      auto const& s = **sessions_.find(id);
      sum.sessions += s.in_use() ? 1 : 0;
      sum.unacknowledged += s.unacknowledged();
      sum.unhandled += s.unhandled();
      sum.pairs += s.pairs();
    }
    return sum;
  }

  std::vector<std::string> describe() const {
    std::vector<std::string> lines;
    for (auto const& id : sessions_.sorted_keys()) lines.push_back((*sessions_.find(id))->describe());
    return lines;
  }

  // transport_events
  void connected(channel_id c, proc_id, bool initiated) override {
    if (initiated) {
      if (auto* s = bound(c)) s->connected(c);
      return;
    }
    if (closed_) {
      seams_.transport->close(c);
      return;
    }
    lobby_.emplace(c, seams_.clock->now());
    if (!armed()) seams_.clock->arm(*this, seams_.clock->now() + lobby_patience());
  }

  void received(channel_id c, shared_bytes frame) override {
    auto const header = wire::unpack(frame.view(), {largest_payload, 0, 0xffff, true});
    if (!header) {
      reachable("link: damaged frame dropped");
      return;
    }
    auto* const s = bound(c);
    if (auto* observer = seams_.observer) {
      observer->frame(s != nullptr ? s->peer() : proc_id{}, who_.self, false, static_cast<std::uint64_t>(header->kind),
                      header->number, frame.size());
    }
    if (header->kind >= wire::frame_kind::data) {
      if (s != nullptr) s->received(c, *header, std::move(frame));
      return;
    }
    auto const body = frame.view().subspan(wire::header_size, header->payload_length);
    if (header->kind == wire::frame_kind::hello) {
      greeted(c, s, *header, body);
    } else if (s != nullptr && header->kind == wire::frame_kind::hello_ack) {
      answered(c, *s, *header, body);
    } else if (s != nullptr) {
      if (auto const refusal = decode_refuse(body)) s->refused(c, *refusal);
    }
  }

  void writable(channel_id c) override {
    if (auto* s = bound(c)) s->writable(c);
  }

  void closed(channel_id c, error) override {
    if (auto* s = bound(c)) {
      s->lost(c);
    } else {
      lobby_.erase(c);
    }
  }

  // event_origin
  bool still_accepted(proc_id peer) override { return find(peer) != nullptr; }
  void told_handed_up(receipt const& r, std::uint32_t size) override {
    if (auto* s = find(r.to)) {
      s->give_back(r.sender, r.receiver, size);
    } else {
      events_.room(r.sender, {r.to, r.receiver});  // Who waited for it is to learn that nothing can be sent.
    }
  }
  void control_handed_up(proc_id peer, std::uint64_t epoch, std::uint64_t number) override {
    if (auto* s = find(peer)) s->control_handed_up(epoch, number);
  }
  void loss_handed_up(proc_id peer) override {
    if (auto* s = find(peer)) s->loss_handed_up();
  }
  void between_events() override { ended_.clear(); }

 private:
  /// What is known of the incarnations of one (host, ordinal); one more than the incarnation, 0 for none.
  struct lives {
    std::uint64_t met = 0;
    std::uint64_t failed = 0;
  };

  static admission refuse(error* why, error e) {
    if (why != nullptr) *why = std::move(e);
    return admission::refused;
  }

  bool failed(proc_id peer) const {
    auto const at = lives_.find({peer.host, peer.ordinal});
    return at != lives_.end() && peer.incarnation < at->second.failed;
  }

  // channel_registry
  void bind(channel_id c, session& s) override {
    lobby_.erase(c);
    channels_.insert(c) = &s;
    last_channel_ = 0;
  }
  void unbind(channel_id c) override {
    channels_.erase(c);
    last_channel_ = 0;
  }
  session* bound(channel_id c) {
    if (c == last_channel_ && c != 0) return last_bound_;
    auto* s = channels_.find(c);
    if (s == nullptr) return nullptr;
    last_channel_ = c;
    return last_bound_ = *s;
  }

  void greeted(channel_id c, session* s, wire::frame_header const& header, std::span<std::byte const> body) {
    auto hello = decode_hello(body);
    if (!hello) return;
    if (auto const refusal = grounds(*hello)) {
      if (s == nullptr) say_no(c, *refusal);
      return;
    }
    auto& known = lives_[{hello->from.host, hello->from.ordinal}];
    known.met = std::max(known.met, std::uint64_t{hello->from.incarnation} + 1);
    if (ROOST_PLANT(failed_peer_accepted)) known.failed = 0;
    if (auto* with = reach(hello->from, nullptr)) with->greeted(c, header, std::move(*hello));
  }

  std::optional<refuse_body> grounds(hello_body const& hello) const {
    if (auto refusal = judge(hello, who_)) return refusal;
    auto const at = lives_.find({hello.from.host, hello.from.ordinal});
    if (at == lives_.end()) return {};
    if (hello.from.incarnation < at->second.failed && !ROOST_PLANT(failed_peer_accepted)) {
      return refuse_body{errc::proc_failed, to_string(hello.from) + " was declared failed"};
    }
    if (hello.from.incarnation + std::uint64_t{1} < at->second.met) {
      auto newer = hello.from;
      newer.incarnation = static_cast<std::uint32_t>(at->second.met - 1);
      return refuse_body{errc::stale, to_string(hello.from) + " is gone: " + to_string(newer) + " has taken its place"};
    }
    return {};
  }

  void say_no(channel_id c, refuse_body const& refusal) {
    wire::frame_header header;
    header.kind = wire::frame_kind::refuse;
    auto body = wire::frame_draft::of(encode(refusal).view());
    // Not closed here: what is under way would be lost. The other end closes, or the lobby does.
    seams_.transport->send(c, body.pack(header, who_.wire_version_max));
    if (seams_.log != nullptr) seams_.log->write(log_level::warning, {.name = "link"}, "refused a session: " + refusal.text, {});
  }

  void answered(channel_id c, session& s, wire::frame_header const& header, std::span<std::byte const> body) {
    auto const answer = decode_hello(body);
    if (!answer) return;
    if (!answers_for(*answer, s.peer(), who_.self)) {
      s.refused(c, {errc::stale, to_string(answer->from) + " answered in its place"});
    } else if (auto const refusal = judge(*answer, who_); refusal && refusal->code != errc::stale) {
      s.refused(c, *refusal);
    } else {
      s.answered(c, header, *answer);
    }
  }

  nanoseconds lobby_patience() const { return 2 * limits_.handshake_timeout + limits_.path_bound; }

  /// Closes channels on which nobody said an acceptable hello in time.
  void expired() override {
    auto const now = seams_.clock->now();
    auto next = never;
    std::vector<channel_id> late;
    for (auto const& [c, since] : lobby_) {
      if (since + lobby_patience() <= now) {
        late.push_back(c);
      } else {
        next = std::min(next, since + lobby_patience());
      }
    }
    for (auto const c : late) {
      lobby_.erase(c);
      seams_.transport->close(c);
    }
    if (next != never) seams_.clock->arm(*this, next);
  }

  platform& seams_;
  identity who_;
  tuning limits_;
  event_queue events_;
  surroundings around_;
  struct channel_hash {
    std::uint64_t operator()(channel_id c) const noexcept { return roost::detail::mix(c + 0x9e3779b97f4a7c15ULL); }
  };
  struct proc_hash {
    std::uint64_t operator()(proc_id const& id) const noexcept { return hash_of(id); }
  };
  flat_table<proc_id, std::unique_ptr<session>, proc_hash> sessions_;
  flat_table<channel_id, session*, channel_hash> channels_;
  std::map<channel_id, instant> lobby_;
  std::map<std::pair<host_id, std::uint32_t>, lives> lives_;
  std::vector<std::unique_ptr<session>> ended_;
  session* last_ = nullptr;  // Given by `reach`, which had nothing against it.
  session* last_found_ = nullptr;
  session* last_bound_ = nullptr;
  channel_id last_channel_ = 0;
  nanoseconds patience_{0};
  bool closed_ = false;
};

session_table::session_table(platform& seams, identity who, session_events& events, nanoseconds lease)
    : impl_(std::make_unique<impl>(seams, std::move(who), events, lease)) {}
session_table::~session_table() = default;

admission session_table::send(proc_id to, outgoing&& message, error* why_refused) {
  return impl_->send(to, std::move(message), why_refused);
}
void session_table::expect_newcomers_within(nanoseconds patience) { impl_->expect_newcomers_within(patience); }
void session_table::expect(proc_id peer, instant from) { impl_->expect(peer, from); }
bool session_table::want_room(std::uint64_t sender, actor_id receiver, bytes size) {
  return impl_->want_room(sender, receiver, size);
}
bool session_table::has_credit(std::uint64_t sender, actor_id receiver, bytes size) const {
  return impl_->has_credit(sender, receiver, size);
}
std::uint32_t session_table::open_messages(std::uint64_t sender, actor_id receiver) const {
  auto* s = impl_->find(receiver.proc);
  return s == nullptr ? 0 : s->open_messages(sender, receiver.local);
}
void session_table::sender_ended(std::uint64_t sender) { impl_->sender_ended(sender); }
void session_table::handled(proc_id from, std::uint64_t epoch, std::uint64_t number) {
  if (auto* s = impl_->find(from)) s->handled(epoch, number);
}
void session_table::returned(proc_id from, std::uint64_t epoch, std::uint64_t number, errc why) {
  if (auto* s = impl_->find(from)) s->returned(epoch, number, why);
}
void session_table::send_control(proc_id to, std::uint16_t kind, shared_bytes body) {
  ROOST_INVARIANT(kind != 0, to_string(to));
  if (auto* s = impl_->reach(to, nullptr)) s->send_control(kind, std::move(body));
}
bool session_table::try_send_control(proc_id to, std::uint16_t kind, shared_bytes body) {
  ROOST_INVARIANT(kind != 0, to_string(to));
  auto* s = impl_->reach(to, nullptr);
  if (s == nullptr || s->control_is_busy()) return false;
  s->send_control(kind, std::move(body));
  return true;
}
void session_table::watch(proc_id peer) { impl_->watch(peer, false); }
void session_table::unwatch(proc_id peer) {
  if (auto* s = impl_->find_open(peer)) s->unwatch();
}
void session_table::hold_lease(proc_id peer) { impl_->watch(peer, true); }
void session_table::drop_lease(proc_id peer) {
  auto* s = impl_->find_open(peer);
  if (s == nullptr) return;
  s->drop_lease();
  s->unwatch();
}
bool session_table::declare_failed(proc_id peer, error why) { return impl_->declare_failed(peer, std::move(why)); }
void session_table::close() { impl_->close(); }
session_table::statistics session_table::stats() const { return impl_->stats(); }
std::vector<std::string> session_table::describe() const { return impl_->describe(); }

}  // namespace roost::link
