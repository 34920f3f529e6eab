// Rows about what sessions promise over whatever a transport does.

#include <tests/conformance/session_end.hpp>

#include <roost/wire/header.hpp>

#include <array>
#include <memory>
#include <string>
#include <utility>

namespace roost::conformance {
namespace {

constexpr std::uint16_t other_version = 9;

/// A transport whose channels are hung up again and again: after every so many frames that arrive.
class hanging_up final : public transport, transport_events {
 public:
  explicit hanging_up(transport& under) : under_(under) {}
  void attach(transport_events* events) override {
    events_ = events;
    under_.attach(events == nullptr ? nullptr : this);
  }
  channel_id connect(proc_id peer) override { return under_.connect(peer); }
  send_status send(channel_id c, shared_bytes const& frame) override { return under_.send(c, frame); }
  void close(channel_id c) override { under_.close(c); }
  roost::bytes max_frame() const override { return under_.max_frame(); }

 private:
  void connected(channel_id c, proc_id peer, bool initiated) override { events_->connected(c, peer, initiated); }
  void writable(channel_id c) override { events_->writable(c); }
  void closed(channel_id c, error why) override { events_->closed(c, std::move(why)); }
  void received(channel_id c, shared_bytes frame) override {
    events_->received(c, std::move(frame));
    if (++frames_ % frames_per_channel != 0 || events_ == nullptr) return;
    under_.close(c);
    events_->closed(c, {errc::unavailable, "hung up on purpose"});
  }

  static constexpr std::uint64_t frames_per_channel = 10;
  transport& under_;
  transport_events* events_ = nullptr;
  std::uint64_t frames_ = 0;
};

/// Answers each message with its digest. What orders say it does, after it has said which process it is.
script serve(stage& s, std::unique_ptr<transport> over, link::identity who, bool handles) {
  platform seams = s.seams;
  if (over != nullptr) seams.transport = over.get();
  session_end sessions(s, seams, std::move(who), handles);
  for (;;) {
    auto const got = co_await sessions.receive();
    auto const said = got.payload.size() > 64 ? std::string() : text_of(got.payload);
    bool const order = said.starts_with(order_mark);
    auto answer = text(order ? std::to_string(s.world.process()) : digest_of(got.payload));
    co_await sessions.send(got.from, got.header.stamp_low, std::move(answer));
    auto const what = order ? deed_of(said.substr(order_mark.size())) : std::nullopt;
    if (what) s.world.strike(*what, s);
  }
}

script answers(stage& s) { return serve(s, nullptr, session_end::identity_of(s), true); }
script keeps(stage& s) { return serve(s, nullptr, session_end::identity_of(s), false); }
script hangs_up(stage& s) {
  return serve(s, std::make_unique<hanging_up>(*s.seams.transport), session_end::identity_of(s), true);
}
script speaks_another_version(stage& s) {
  auto who = session_end::identity_of(s);
  who.wire_version_min = who.wire_version_max = other_version;
  return serve(s, nullptr, std::move(who), true);
}

/// Frames that are none of a session's, to the root, until it is ended.
script babbles(stage& s) {
  auto const c = s.bytes().connect(root_id);
  co_await s.opened(c);
  for (std::uint64_t i = 0; i != 200; ++i) co_await s.send(c, filled(i * 7 % 1000, i));
  co_await s.ended(c);
}

/// Answers one order as `serve` does, and when its session with the root is lost ends with the reason.
script ends_when_lost(stage& s) {
  session_end sessions(s);
  sessions.table.watch(root_id);
  auto const got = co_await sessions.receive();
  co_await sessions.send(got.from, got.header.stamp_low, text(std::to_string(s.world.process())));
  s.world.strike(deed::stand_still, s);
  co_await sessions.lost(root_id);
  s.must(false, "lost the root: " + sessions.losses[root_id].describe());
}

std::string say(link::receipt const& r) {
  return "message " + std::to_string(r.stamp.low) + ": " + std::string(to_string(r.fate)) + ", " + r.why.describe();
}

/// Empty where `got` answers message `number`.
std::string wrong_answer(link::incoming const& got, std::uint64_t number, shared_bytes const& sent) {
  auto const said = text_of(got.payload);
  if (got.header.stamp_low == number && said == digest_of(sent)) return {};
  return "message " + std::to_string(number) + " was answered by number " + std::to_string(got.header.stamp_low) + ": " + said;
}

shared_bytes message_of(std::uint64_t i) { return filled(i * 13 % 2000, i); }

/// 300 messages to one peer and their answers, while the transport does what it likes.
script carry(stage& s, std::string_view word, std::optional<deed> befalls) {
  session_end sessions(s);
  auto const peer = s.launch(word);
  co_await s.runs(peer);
  s.cause();
  if (befalls == deed::damage) s.world.strike(*befalls, s);
  constexpr std::uint64_t count = 300;
  std::uint64_t answered = 0;
  for (std::uint64_t i = 0; i != count; ++i) {
    s.must(co_await sessions.send(peer, i, message_of(i)) == link::admission::admitted, sessions.refusal.describe());
    if (befalls == deed::reset && i % 70 == 69) s.world.strike(*befalls, s);
    // Another part of the way back than of the way there.
    if (i % 3 != 0) continue;
    auto const got = co_await sessions.receive();
    auto const wrong = wrong_answer(got, answered, message_of(answered));
    s.must(wrong.empty(), wrong);
    ++answered;
  }
  for (; answered != count; ++answered) {
    auto const got = co_await sessions.receive();
    auto const wrong = wrong_answer(got, answered, message_of(answered));
    s.must(wrong.empty(), wrong);
  }
  s.report();
  s.must(sessions.receipts.empty(), "told of a message that was handled");
  s.must(sessions.losses.empty(), "a session was lost");
}

script quiet_messages(stage& s) { return carry(s, "session answers", {}); }
script resumed_messages(stage& s) { return carry(s, "session hangs up", {}); }
script reset_messages(stage& s) { return carry(s, "session answers", deed::reset); }
script damaged_messages(stage& s) { return carry(s, "session answers", deed::damage); }

/// The peer is met, then `befalls` it, then messages go to it that nobody handles.
script silence(stage& s, deed befalls) {
  session_end sessions(s);
  auto const peer = s.launch("session answers");
  co_await s.runs(peer);
  bool const by_itself = befalls == deed::stand_still;
  co_await sessions.send(peer, 0, text(by_itself ? "do stand_still" : "do you hear me?"));
  auto const process = std::stoull(text_of((co_await sessions.receive()).payload));
  s.cause();
  if (!by_itself) s.world.strike(befalls, s);
  co_await sessions.send(peer, 1, text("anybody?"));
  co_await sessions.lost(peer);
  s.report();
  s.must(sessions.losses[peer].code == errc::path_lost, "the session was lost with " + sessions.losses[peer].describe());
  co_await sessions.told(1);
  auto const& r = sessions.receipts.front();
  s.must(r.stamp.low == 1 && r.fate == errc::unknown && r.why.because_of(errc::path_lost), "told of " + say(r));
  if (by_itself) s.world.let_go(s, process);
}

script stopped_peer(stage& s) { return silence(s, deed::stand_still); }
script cut_peer(stage& s) { return silence(s, deed::cut); }
script lost_host(stage& s) { return silence(s, deed::lose_host); }

error verdict_on(stage& s, proc_id dead) {
  return error(errc::proc_failed, "proc " + to_string(dead) + " ended").caused_by(s.exits[dead]);
}

script dead_peer(stage& s) {
  session_end sessions(s);
  auto const peer = s.launch("session keeps");
  co_await s.runs(peer);
  constexpr std::uint64_t count = 5;
  for (std::uint64_t i = 0; i != count; ++i) co_await sessions.send(peer, i, message_of(i));
  for (std::uint64_t i = 0; i != count; ++i) co_await sessions.receive();
  s.cause();
  s.seams.launcher->kill(peer);
  co_await s.gone(peer);
  sessions.table.declare_failed(peer, verdict_on(s, peer));
  co_await sessions.told(count);
  s.report();
  for (std::uint64_t i = 0; i != count; ++i) {
    auto const& r = sessions.receipts[i];
    s.must(r.stamp.low == i && r.fate == errc::unknown && r.why.because_of(errc::proc_failed), "told of " + say(r));
  }
  co_await sessions.lost(peer);
  s.must(sessions.receipts.size() == count, "told twice");
}

script late_life(stage& s) {
  session_end sessions(s);
  auto const peer = s.launch("session ends when lost");
  co_await s.runs(peer);
  co_await sessions.send(peer, 0, text("stand still"));
  auto const process = std::stoull(text_of((co_await sessions.receive()).payload));
  sessions.table.declare_failed(peer, error(errc::proc_failed, "it stood still for too long"));
  s.cause();
  s.world.let_go(s, process);
  co_await s.gone(peer);
  s.report();
  auto const& why = s.exits[peer].what;
  s.must(why.find("was declared failed") != std::string::npos, "who was declared failed was told: " + why);
}

script incarnation(stage& s) {
  session_end sessions(s);
  auto const before = s.launch_at(1, 1, "session answers");
  co_await s.runs(before);
  co_await sessions.send(before, 1, message_of(1));
  co_await sessions.receive();
  s.seams.launcher->kill(before);
  co_await s.gone(before);
  sessions.table.declare_failed(before, verdict_on(s, before));
  auto const after = s.launch_at(1, 2, "session answers");
  s.cause();
  co_await s.runs(after);
  s.must(co_await sessions.send(before, 2, message_of(2)) == link::admission::refused, "the dead one has a message admitted");
  s.must(sessions.refusal.code == errc::proc_failed, "refused with " + sessions.refusal.describe());
  co_await sessions.send(after, 3, message_of(3));
  auto const got = co_await sessions.receive();
  s.report();
  s.must(got.from == after, "the answer is from " + to_string(got.from));
  auto const wrong = wrong_answer(got, 3, message_of(3));
  s.must(wrong.empty(), wrong);
}

script version(stage& s) {
  session_end sessions(s);
  auto const peer = s.launch("session of another version");
  co_await s.runs(peer);
  s.cause();
  co_await sessions.send(peer, 1, text("hello"));
  co_await sessions.lost(peer);
  s.report();
  auto const& why = sessions.losses[peer];
  s.must(why.because_of(errc::version_mismatch), "the session was lost with " + why.describe());
  s.must(why.describe().find(std::to_string(other_version)) != std::string::npos, "the version is not named: " + why.describe());
  co_await sessions.told(1);
  s.must(sessions.receipts.front().fate == errc::not_handled, "told of " + say(sessions.receipts.front()));
}

script babbler(stage& s) {
  session_end sessions(s);
  auto const noise = s.launch("babbles");
  auto const peer = s.launch("session answers");
  co_await s.runs(noise);
  co_await s.runs(peer);
  for (std::uint64_t i = 0; i != 100; ++i) {
    s.cause();
    co_await sessions.send(peer, i, message_of(i));
    auto const got = co_await sessions.receive();
    s.report();
    s.must(got.from == peer, "garbage was delivered as a message of " + to_string(got.from));
    auto const wrong = wrong_answer(got, i, message_of(i));
    s.must(wrong.empty(), wrong);
  }
  s.must(sessions.table.stats().sessions == 1, "garbage made a session");
}

script largest_message(stage& s) {
  session_end sessions(s);
  auto const peer = s.launch("session answers");
  co_await s.runs(peer);
  auto const most = s.bytes().max_frame().value - wire::header_size;
  co_await sessions.send(peer, 1, filled(most, 1));
  auto const wrong = wrong_answer(co_await sessions.receive(), 1, filled(most, 1));
  s.must(wrong.empty(), wrong);
  s.cause();
  s.must(co_await sessions.send(peer, 2, filled(most + 1, 2)) == link::admission::refused,
         "a message over the limit was admitted");
  s.report();
  s.must(sessions.refusal.code == errc::too_large, "refused with " + sessions.refusal.describe());
  s.must(sessions.refusal.what.find(to_string(s.bytes().max_frame())) != std::string::npos, "the limit is not named");
  co_await sessions.send(peer, 3, message_of(3));
  auto const after = wrong_answer(co_await sessions.receive(), 3, message_of(3));
  s.must(after.empty(), after);
}

}  // namespace

role find_session_role(std::string_view word) {
  static constexpr std::array<std::pair<std::string_view, role>, 6> sessions{
      {{"session answers", answers},
       {"session keeps", keeps},
       {"session hangs up", hangs_up},
       {"session ends when lost", ends_when_lost},
       {"session of another version", speaks_another_version},
       {"babbles", babbles}}};
  for (auto const& [name, play] : sessions) {
    if (name == word) return play;
  }
  return nullptr;
}

std::vector<row> session_rows() {
  constexpr limits impatient{.path_bound = 500ms};
  return {
      {"messages", "300 messages by a session, each answered", "each answer once, in order; nobody is told of anything lost",
       quiet_messages},
      {"resumed", "the same, while the peer hangs up after every 10th frame that it gets",
       "the same: the session resumes where it was", resumed_messages},
      {"resets", "the same, while the connection is reset four times", "the same", reset_messages, deed::reset},
      {"damage", "the same, while one frame in five has a bit flipped", "the same: damaged frames are dropped and sent again",
       damaged_messages, deed::damage},
      {"message limit",
       "a message as large as a frame allows, then one of a byte more",
       "the first is answered; the sender is refused the second, `too_large` with the limit; the next one is answered",
       largest_message,
       {},
       {.max_frame = 64 << 10}},
      {"stopped peer", "a peer of a session stands still (SIGSTOP where it is a process); the bound of the path is 0.5 s",
       "the sender is told `path_lost` after the bound, and `unknown` of its message", stopped_peer, deed::stand_still,
       impatient},
      {"cut path", "no frame passes between the two any more; the bound is 0.5 s", "the same", cut_peer, deed::cut, impatient},
      {"lost host", "the whole host of the peer is gone, agent and all; the bound is 0.5 s", "the same", lost_host,
       deed::lose_host, impatient},
      {"dead peer", "a peer is killed that has messages in custody, and the launcher's word is made a verdict",
       "the sender is told `unknown` of each of them, once, because of `proc_failed`", dead_peer},
      {"late life", "a peer stands still, is declared failed, and goes on",
       "its session is refused, and it is told that it was declared failed", late_life, deed::stand_still},
      {"incarnation", "a peer is declared failed, and another incarnation launched in its place",
       "messages for the one before are refused; the new one has those that are for it and no other", incarnation},
      {"version", "the peer speaks another wire version",
       "the sender is told `version_mismatch` with the version, and `not_handled` of its message", version},
      {"babble", "a peer sends 200 frames of garbage where a session is expected",
       "no message, no session comes of it; sessions with others go on", babbler},
  };
}

}  // namespace roost::conformance
