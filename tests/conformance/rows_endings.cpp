// Rows about how channels end: hang-ups, resets, deaths, successors, nobody there.

#include <tests/conformance/peers.hpp>

#include <string>

namespace roost::conformance {
namespace {

void must_be_unavailable(stage& s, channel_id c) {
  auto const& why = s.channels[c].why;
  s.must(why.code == errc::unavailable && !why.what.empty(), "the channel is closed with " + why.describe());
  s.must(s.bytes().send(c, text("too late")) == send_status::closed, "a closed channel takes frames");
}

script nobody(stage& s) {
  s.cause();
  auto const c = s.bytes().connect({s.seams.launcher->hosts().back(), 99, 1});
  s.must(s.channels.empty(), "the end of a channel is told from inside connect");
  co_await s.ended(c);
  s.report();
  s.must(!s.channels[c].connected, "a channel to nobody was connected");
  must_be_unavailable(s, c);
}

script hang_up(stage& s) {
  auto const peer = s.launch("obeys");
  co_await s.runs(peer);
  auto const c = s.bytes().connect(peer);
  co_await s.opened(c);
  s.cause();
  co_await s.send(c, text("do hang_up"));
  co_await s.ended(c);
  s.report();
  must_be_unavailable(s, c);
  auto const mine = s.bytes().connect(peer);
  co_await s.opened(mine);
  s.bytes().close(mine);
  s.must(s.bytes().send(mine, text("too late")) == send_status::closed, "a channel that was hung up takes frames");
  auto const other = s.bytes().connect(peer);
  co_await s.opened(other);
  co_await s.send(other, text("do await_closed"));
  s.must(text_of((co_await s.receive(other)).frame) == "closed", "the peer was not told");
  s.must(!s.channels[mine].closed, "who hangs up is told so");
  s.must(s.channels[c].late == 0, "something was told after closed");
}

script reconnect(stage& s) {
  auto const peer = s.launch("obeys");
  co_await s.runs(peer);
  std::set<channel_id> used;
  for (std::uint64_t i = 0; i != 20; ++i) {
    s.cause();
    auto const c = s.bytes().connect(peer);
    s.must(used.insert(c).second, "a channel's number was used again");
    co_await s.opened(c);
    s.report();
    s.must(s.channels[c].connected, "attempt " + std::to_string(i) + ": " + s.channels[c].why.describe());
    co_await s.send(c, filled(2000, i));
    s.must(text_of((co_await s.receive(c)).frame) == digest_of(filled(2000, i)), "a frame of another channel arrived");
    if (i % 2 == 0) {
      s.bytes().close(c);
    } else {
      co_await s.send(c, text("do hang_up"));
      co_await s.ended(c);
    }
  }
}

script peer_death(stage& s) {
  auto const peer = s.launch("floods");
  co_await s.runs(peer);
  auto const c = s.bytes().connect(peer);
  std::uint64_t got = 0;
  for (bool over = false; !over;) {
    auto const next = co_await s.receive(c);
    over = next.closed;
    if (over) break;
    s.must(digest_of(next.frame) == digest_of(flooded(got)), "frame " + std::to_string(got) + " arrived damaged");
    if (++got != 100) continue;
    s.cause();
    s.seams.launcher->kill(peer);
    // What came meanwhile is looked at afterwards, so that the delay is not this script's.
    co_await s.ended(c);
    s.report();
  }
  must_be_unavailable(s, c);
  co_await s.gone(peer);
  s.must(s.exits[peer].code == errc::proc_failed, "the launcher says of a killed proc: " + s.exits[peer].describe());
}

script death_before_open(stage& s) {
  auto const peer = s.launch("obeys");
  co_await s.runs(peer);
  s.cause();
  auto const c = s.bytes().connect(peer);
  s.seams.launcher->kill(peer);
  co_await s.ended(c);
  s.report();
  must_be_unavailable(s, c);
  co_await s.gone(peer);
}

script death_when_full(stage& s) {
  auto const peer = s.launch("obeys");
  co_await s.runs(peer);
  auto const c = s.bytes().connect(peer);
  co_await s.opened(c);
  co_await s.send(c, text("do stand_for_good"));
  co_await s.receive(c);
  fill(s, c);
  s.cause();
  s.seams.launcher->kill(peer);
  co_await s.ended(c);
  s.report();
  must_be_unavailable(s, c);
  co_await s.gone(peer);
}

script open_later(stage& s) {
  auto const peer = s.launch("obeys");
  co_await s.runs(peer);
  auto const orders = s.bytes().connect(peer);
  co_await s.opened(orders);
  co_await s.send(orders, text("do stand_still"));
  auto const process = std::stoull(text_of((co_await s.receive(orders)).frame));
  auto const c = s.bytes().connect(peer);
  co_await s.next_turn();
  s.must(!s.channels[c].closed, "a peer that stands still counts as gone: " + s.channels[c].why.describe());
  s.cause();
  s.world.let_go(s, process);
  co_await s.opened(c);
  s.must(s.channels[c].connected, "the channel did not open: " + s.channels[c].why.describe());
  co_await s.send(c, filled(10, 1));
  s.must(text_of((co_await s.receive(c)).frame) == digest_of(filled(10, 1)), "the frame did not arrive whole");
  s.report();
}

script successor(stage& s) {
  auto const before = s.launch_at(1, 1, "obeys");
  co_await s.runs(before);
  auto const old = s.bytes().connect(before);
  co_await s.opened(old);
  s.seams.launcher->kill(before);
  co_await s.ended(old);
  co_await s.gone(before);
  s.cause();
  auto const after = s.launch_at(1, 2, "obeys");
  co_await s.runs(after);
  auto const c = s.bytes().connect(after);
  co_await s.opened(c);
  s.report();
  s.must(s.channels[c].connected && s.channels[c].peer == after,
         "the successor does not answer: " + s.channels[c].why.describe());
  co_await s.send(c, filled(10, 1));
  s.must(text_of((co_await s.receive(c)).frame) == digest_of(filled(10, 1)), "the successor did not get its frame");
  s.must(s.bytes().send(old, text("for the one before")) == send_status::closed, "the old channel takes frames");
  auto const stale = s.bytes().connect(before);
  co_await s.ended(stale);
  s.must(!s.channels[stale].connected, "the successor answers for the one before");
  must_be_unavailable(s, stale);
}

script reset(stage& s) {
  auto const peer = s.launch("obeys");
  co_await s.runs(peer);
  auto const c = s.bytes().connect(peer);
  co_await s.opened(c);
  s.cause();
  s.world.strike(deed::reset, s);
  co_await s.ended(c);
  s.report();
  must_be_unavailable(s, c);
  auto const again = s.bytes().connect(peer);
  co_await s.opened(again);
  co_await s.send(again, text("do await_closed"));
  s.must(text_of((co_await s.receive(again)).frame) == "closed", "the other end was not told");
}

script garbage(stage& s) {
  auto const hostile = s.launch("fills, then obeys");
  auto const honest = s.launch("obeys");
  co_await s.runs(hostile);
  co_await s.runs(honest);
  auto const c = s.bytes().connect(hostile);
  auto const other = s.bytes().connect(honest);
  co_await s.opened(other);
  for (std::uint64_t i = 0; i != steady_frames; ++i)
    s.must(digest_of((co_await s.receive(c)).frame) == digest_of(filled(steady_size, i)), "a frame came before the garbage");
  s.cause();
  co_await s.send(c, text("do scribble"));
  // The hostile peer says who it is first, and may have overtaken that with its garbage.
  auto next = co_await s.receive(c);
  if (text_of(next.frame).find_first_not_of("0123456789 ") == std::string::npos && !next.closed) next = co_await s.receive(c);
  s.report();
  s.must(next.closed, "garbage was delivered as a frame of " + std::to_string(next.frame.size()) + " bytes");
  auto const& why = s.channels[c].why;
  s.must(why.code == errc::bad_frame, "the channel is closed with " + why.describe());
  s.must(s.bytes().send(c, text("too late")) == send_status::closed, "a broken channel takes frames");
  co_await s.send(other, filled(100, 1));
  s.must(text_of((co_await s.receive(other)).frame) == digest_of(filled(100, 1)), "another peer suffers from it");
}

}  // namespace

std::vector<row> ending_rows() {
  return {
      {"nobody there", "a proc connects to one that never was", "it is told `closed`, later and not from inside the call",
       nobody},
      {"hang up", "one end closes the channel, then the other end another one",
       "the end that did not is told `closed`, once and last; the one that did is told nothing", hang_up},
      {"reconnect", "the same two procs connect 20 times and hang up in turn",
       "every channel has a number of its own and carries its own frames only", reconnect},
      {"reset", "the connection breaks at both ends", "both are told `closed`; they can connect again", reset, deed::reset},
      {"peer death", "a peer is killed (SIGKILL where it is a process) while it sends",
       "whole frames in order, then `closed`, and the launcher's word `proc_failed`", peer_death},
      {"death in opening", "a peer is killed while the channel opens", "`closed`, whether or not it was connected before",
       death_before_open},
      {"death when full",
       "a peer stands still, its channel is full, and it is killed as it stands",
       "the sender that waits for room is told `closed`",
       death_when_full,
       deed::stand_for_good,
       {.under_way = small_channel}},
      {"late opening", "a proc connects to a peer that stands still, which then goes on",
       "the channel is not closed meanwhile; it opens and carries its frames", open_later, deed::stand_still},
      {"successor", "a proc is killed, and another incarnation launched at the same host and ordinal",
       "the new one is reached by its own id; connecting to the one before is told `closed`", successor},
      {"garbage",
       "a peer writes what it likes into the memory that both share, and rings every bell",
       "`closed` with `bad_frame`, not a frame; other peers are answered",
       garbage,
       deed::scribble,
       {.under_way = 64 << 10}},
  };
}

}  // namespace roost::conformance
