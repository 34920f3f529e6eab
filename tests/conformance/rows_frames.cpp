// Rows about frames: order, wholeness, sizes, limits, room.

#include <tests/conformance/peers.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace roost::conformance {
namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t largest_tried = std::uint64_t{32} << 20;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
constexpr std::uint64_t largest_tried = std::uint64_t{32} << 20;
#else
constexpr std::uint64_t largest_tried = std::uint64_t{1} << 30;
#endif
#else
constexpr std::uint64_t largest_tried = std::uint64_t{1} << 30;
#endif

script order(stage& s) {
  auto const peer = s.launch("echoes");
  co_await s.runs(peer);
  auto const c = s.bytes().connect(peer);
  constexpr std::uint64_t count = 1000;
  auto const frame = [](std::uint64_t i) { return filled(i * 13 % 3000, i); };
  s.cause();
  for (std::uint64_t i = 0; i != count; ++i)
    s.must(co_await s.send(c, frame(i)) == send_status::sent, "the channel was closed at frame " + std::to_string(i));
  for (std::uint64_t i = 0; i != count; ++i) {
    auto const back = co_await s.receive(c);
    s.must(!back.closed, "the channel was closed: " + s.channels[c].why.describe());
    s.must(digest_of(back.frame) == digest_of(frame(i)), "frame " + std::to_string(i) + " came back as " + digest_of(back.frame));
    if (i == 0) s.report();
  }
}

script sizes(stage& s) {
  auto const peer = s.launch("obeys");
  co_await s.runs(peer);
  auto const c = s.bytes().connect(peer);
  auto const limit = s.bytes().max_frame().value;
  std::vector<std::uint64_t> tried{0, 1, 7, 8, 9, 63, 64, 65, 4095, 4096, 4097, 65'536};
  for (std::uint64_t size = std::uint64_t{1} << 20; size < limit && size <= largest_tried; size <<= 5) tried.push_back(size);
  if (limit <= largest_tried) tried.insert(tried.end(), {limit - 1, limit, 3});
  auto const largest = *std::max_element(tried.begin(), tried.end());
  for (auto const size : tried) {
    auto const frame = filled(size, size);
    s.cause();
    s.must(co_await s.send(c, frame) == send_status::sent, "a frame of " + std::to_string(size) + " bytes was refused");
    auto const answer = co_await s.receive(c);
    s.must(!answer.closed, "a frame of " + std::to_string(size) + " bytes closed the channel: " + s.channels[c].why.describe());
    s.must(text_of(answer.frame) == digest_of(frame), "the peer got " + text_of(answer.frame) + ", not " + digest_of(frame));
    if (size == largest) s.report();
  }
}

script limit(stage& s) {
  auto const peer = s.launch("obeys");
  co_await s.runs(peer);
  auto const c = s.bytes().connect(peer);
  co_await s.opened(c);
  auto const most = s.bytes().max_frame();
  auto const whole = filled(most.value, 1);
  co_await s.send(c, whole);
  s.must(text_of((co_await s.receive(c)).frame) == digest_of(whole), "a frame as large as the limit does not arrive");
  s.cause();
  s.must(s.bytes().send(c, filled(most.value + 1, 2)) == send_status::closed, "a frame over the limit was taken");
  s.must(!s.channels[c].closed, "closed is told from inside send");
  co_await s.ended(c);
  s.report();
  auto const& why = s.channels[c].why;
  s.must(why.code == errc::too_large, "the channel is closed with " + why.describe());
  s.must(why.what.find(to_string(most)) != std::string::npos, "the limit of " + to_string(most) + " is not named: " + why.what);
  auto const again = s.bytes().connect(peer);
  co_await s.opened(again);
  co_await s.send(again, text("do await_closed"));
  s.must(text_of((co_await s.receive(again)).frame) == "closed", "the peer was not told");
}

script early(stage& s) {
  auto const peer = s.launch("obeys");
  co_await s.runs(peer);
  auto const c = s.bytes().connect(peer);
  auto const frame = filled(100, 1);
  auto const status = s.bytes().send(c, frame);
  s.must(status != send_status::closed, "a channel that opens is closed to frames");
  s.cause();
  co_await s.opened(c);
  s.must(s.channels[c].connected, "the channel did not open: " + s.channels[c].why.describe());
  if (status == send_status::full) {
    co_await s.until("room after the channel opened", [&s, c] { return s.channels[c].writable != 0; });
    s.must(s.bytes().send(c, frame) == send_status::sent, "there is no room in an open channel");
  }
  s.must(text_of((co_await s.receive(c)).frame) == digest_of(frame), "the frame did not arrive whole");
  s.report();
}

script back_pressure(stage& s) {
  auto const peer = s.launch("obeys");
  co_await s.runs(peer);
  auto const c = s.bytes().connect(peer);
  co_await s.opened(c);
  co_await s.send(c, text("do stand_still"));
  auto const process = std::stoull(text_of((co_await s.receive(c)).frame));
  auto const sent = fill(s, c);
  s.must(sent >= small_channel / 1000 / 2, "a channel of 64KiB took " + std::to_string(sent) + " frames of 1,000 bytes");
  auto const told = s.channels[c].writable;
  s.cause();
  s.world.let_go(s, process);
  co_await s.until("room", [&s, c, told] { return s.channels[c].writable != told; });
  s.report();
  s.must(s.bytes().send(c, filled(1000, sent)) == send_status::sent, "there was no room when room was told");
  for (std::uint64_t i = 0; i <= sent; ++i) {
    auto const answer = text_of((co_await s.receive(c)).frame);
    s.must(answer == digest_of(filled(1000, i)), "frame " + std::to_string(i) + " arrived as " + answer);
  }
}

script slow_reader(stage& s) {
  auto const slow = s.launch("obeys");
  auto const quick = s.launch("obeys");
  co_await s.runs(slow);
  co_await s.runs(quick);
  auto const to_slow = s.bytes().connect(slow);
  auto const to_quick = s.bytes().connect(quick);
  co_await s.opened(to_slow);
  co_await s.opened(to_quick);
  co_await s.send(to_slow, text("do stand_still"));
  auto const process = std::stoull(text_of((co_await s.receive(to_slow)).frame));
  auto const sent = fill(s, to_slow);
  for (std::uint64_t i = 0; i != 100; ++i) {
    s.cause();
    co_await s.send(to_quick, filled(1000, i));
    s.must(text_of((co_await s.receive(to_quick)).frame) == digest_of(filled(1000, i)), "the other peer lost a frame");
    s.report();
  }
  s.must(!s.channels[to_slow].closed, "a slow reader was closed: " + s.channels[to_slow].why.describe());
  s.must(s.channels[to_slow].frames.empty(), "who stands still answers");
  s.world.let_go(s, process);
  for (std::uint64_t i = 0; i != sent; ++i) {
    auto const answer = text_of((co_await s.receive(to_slow)).frame);
    s.must(answer == digest_of(filled(1000, i)), "frame " + std::to_string(i) + " arrived as " + answer);
  }
}

script many_peers(stage& s) {
  constexpr std::uint32_t count = 16;
  constexpr std::uint64_t frames = 50;
  std::vector<proc_id> peers;
  std::vector<channel_id> to;
  for (std::uint32_t i = 0; i != count; ++i) peers.push_back(s.launch("obeys"));
  for (auto const& peer : peers) {
    co_await s.runs(peer);
    to.push_back(s.bytes().connect(peer));
  }
  for (auto const c : to) co_await s.opened(c);
  s.cause();
  for (std::uint64_t i = 0; i != frames; ++i) {
    for (auto const c : to) co_await s.send(c, filled(i * 97, c * frames + i));
  }
  for (auto const c : to) {
    for (std::uint64_t i = 0; i != frames; ++i) {
      auto const answer = text_of((co_await s.receive(c)).frame);
      s.must(answer == digest_of(filled(i * 97, c * frames + i)), to_string(s.channels[c].peer) + " got " + answer);
    }
  }
  s.report();
  // One at a time: who waits for its neighbour answers nobody.
  for (std::uint32_t i = 0; i != count; ++i) {
    co_await s.send(to[i], text("do " + to_string(peers[(i + 1) % count])));
    auto const answer = text_of((co_await s.receive(to[i])).frame);
    s.must(answer == "met", to_string(peers[i]) + " has " + answer + " its neighbour");
  }
}

script both_connect(stage& s) {
  auto const peer = s.launch("calls root");
  co_await s.runs(peer);
  auto const mine = s.bytes().connect(peer);
  auto const theirs = co_await s.until("a channel by the peer", [&s, peer, mine]() -> std::optional<channel_id> {
    for (auto const& [c, each] : s.channels) {
      if (c != mine && each.peer == peer && each.connected) return c;
    }
    return std::nullopt;
  });
  co_await s.opened(mine);
  s.must(s.channels[mine].by_me && !s.channels[theirs].by_me, "who connected is told wrongly");
  s.must(text_of((co_await s.receive(theirs)).frame) == "from peer", "the peer's channel did not carry its frame");
  for (auto const c : {mine, theirs}) {
    co_await s.send(c, filled(10, c));
    s.must(text_of((co_await s.receive(c)).frame) == digest_of(filled(10, c)), "a frame came back on another channel");
  }
}

}  // namespace

std::uint64_t fill(stage& s, channel_id c) {
  std::uint64_t sent = 0;
  while (sent != 1000 && s.bytes().send(c, filled(1000, sent)) == send_status::sent) ++sent;
  s.must(sent != 1000, "a channel of 64KiB never was full");
  return sent;
}

std::vector<row> frame_rows() {
  return {
      {"order",
       "1,000 frames of 0 to 3,000 bytes go to a peer that sends each back, over channels of 64 KiB",
       "the root has each back, whole, in the order sent",
       order,
       {},
       {.under_way = small_channel}},
      {"sizes",
       "frames of 0 bytes up to the largest that the transport takes (1 GiB at most), odd sizes among them",
       "the peer has the bytes that were sent; the delay is that of the largest",
       sizes,
       {},
       {.max_frame = largest_frame}},
      {"limit",
       "a frame as large as the limit, then one of a byte more",
       "the first arrives; the sender is told `too_large` with the limit, its peer that the channel is closed",
       limit,
       {},
       {.max_frame = 64 << 10}},
      {"early", "a frame is sent before the channel is open",
       "it is taken, or the sender is told of room when the channel is open; it arrives", early},
      {"back-pressure",
       "frames go to a peer that stands still, until the channel is full; then the peer goes on",
       "`full` within the bytes that a channel may hold; the sender is told of room; every frame arrives once, in order",
       back_pressure,
       deed::stand_still,
       {.under_way = small_channel}},
      {"slow reader",
       "one peer stands still with a full channel while another exchanges frames with the root",
       "the other is answered meanwhile; nothing for the slow one is lost",
       slow_reader,
       deed::stand_still,
       {.under_way = small_channel}},
      {"many peers", "50 frames to each of 16 peers at once, then each peer meets its neighbour",
       "every peer has all of its frames in order; every two procs can meet", many_peers},
      {"both connect", "two procs connect to each other at the same time",
       "each has two channels, knows which it opened, and each channel carries its own frames", both_connect},
  };
}

}  // namespace roost::conformance
