#include <gtest/gtest.h>

#include <roost/base/plant.hpp>
#include <roost/link/fake_cluster.test.hpp>
#include <roost/wire/header.hpp>

#include <deque>

namespace roost::link {
namespace {

using testing::fake_net;
using testing::fake_proc;
using testing::world;

/// Writes down what it hears.
struct diary final : session_events {
  std::deque<incoming> delivered;
  std::vector<receipt> receipts;
  std::vector<std::string> lines;
  std::function<void(incoming const&)> on_deliver;

  void deliver(incoming&& message) override {
    lines.push_back("data " + std::to_string(message.header.stamp_low));
    delivered.push_back(message);
    if (on_deliver) on_deliver(message);
  }
  void told(receipt const& r) override {
    receipts.push_back(r);
    lines.push_back("told " + std::to_string(r.stamp.low) + " " + std::string(to_string(r.fate)));
  }
  void room(std::uint64_t sender, actor_id receiver) override {
    lines.push_back("room a" + std::to_string(sender) + " " + to_string(receiver));
  }
  void control(proc_id, std::uint16_t kind, shared_bytes) override { lines.push_back("control " + std::to_string(kind)); }
  void session_lost(proc_id peer, error why) override {
    lines.push_back("lost " + to_string(peer) + " " + std::string(to_string(why.code)) + ": " + why.what);
  }
  void suspected(proc_id peer, bool suspect) override { lines.push_back((suspect ? "suspected " : "heard ") + to_string(peer)); }
  bool wrote(std::string const& line) const { return std::find(lines.begin(), lines.end(), line) != lines.end(); }
};

struct two_procs : ::testing::Test {
  explicit two_procs(identity a_is = {{}, "c", "one", "t"}, identity b_is = {{}, "c", "one", "t"})
      : a(w, net, {{1}, 0, 1}, knobs, a_is, a_hears, seen), b(w, net, {{2}, 0, 1}, knobs, b_is, b_hears, seen) {
    net.add(a);
    net.add(b);
  }

  admission send(fake_proc& from, proc_id to, std::uint64_t stamp, std::size_t size = 8, error* why = nullptr) {
    outgoing m;
    m.header.sender = 7;
    m.header.receiver = 9;
    m.header.stamp_low = stamp;
    m.body = wire::frame_draft::of(std::vector<std::byte>(size));
    auto result = admission::refused;
    from.as_self([&] { result = from.table->send(to, std::move(m), why); });
    return result;
  }
  void handle(fake_proc& at, diary& hears, std::size_t index) {
    auto const& m = hears.delivered[index];
    at.as_self([&] { at.table->handled(m.from, m.epoch, m.number); });
  }
  void pass(nanoseconds time) { w.run_until(w.now() + time); }

  world w{1};
  fake_net net{w};
  knob_values knobs;
  std::set<std::string> seen;
  diary a_hears;
  diary b_hears;
  fake_proc a;
  fake_proc b;
};

TEST_F(two_procs, deliver_in_order_and_forget_what_was_handled) {
  for (std::uint64_t i = 1; i <= 3; ++i) EXPECT_EQ(send(a, b.id(), i), admission::admitted);
  pass(10ms);
  ASSERT_EQ(b_hears.lines, (std::vector<std::string>{"data 1", "data 2", "data 3"}));
  EXPECT_EQ(a.table->stats().unacknowledged, 0u);
  EXPECT_EQ(a.table->stats().unhandled, 3u);
  for (std::size_t i = 0; i != 3; ++i) handle(b, b_hears, i);
  pass(10ms);
  EXPECT_EQ(a.table->stats().unhandled, 0u);
  EXPECT_EQ(a.table->stats().pairs, 0u);
  EXPECT_TRUE(w.run_dry(w.now() + 60s)) << "something goes on though nothing is at stake";
}

TEST_F(two_procs, give_back_credit_of_messages_handled_out_of_order) {
  for (std::uint64_t i = 1; i <= 3; ++i) send(a, b.id(), i);
  pass(10ms);
  handle(b, b_hears, 2);
  handle(b, b_hears, 1);
  pass(10ms);
  EXPECT_EQ(a.table->stats().unhandled, 1u);
}

TEST_F(two_procs, tell_the_sender_once_of_a_returned_message) {
  send(a, b.id(), 1);
  send(a, b.id(), 2);
  pass(10ms);
  b.as_self([&] { b.table->returned(a.id(), b_hears.delivered[1].epoch, b_hears.delivered[1].number, errc::actor_stopped); });
  pass(10ms);
  ASSERT_EQ(a_hears.lines, (std::vector<std::string>{"told 2 not_handled"}));
  EXPECT_EQ(a_hears.receipts[0].why.describe(), "h2/p0.1 returned the message: actor_stopped [actor_stopped] at h2/p0.1/a9");
  EXPECT_EQ(a.table->stats().unhandled, 1u);
}

TEST_F(two_procs, refuse_credit_and_say_when_there_is_room) {
  for (std::uint64_t i = 0; i != 64; ++i) EXPECT_EQ(send(a, b.id(), i), admission::admitted);
  EXPECT_EQ(send(a, b.id(), 64), admission::no_credit);
  pass(10ms);
  handle(b, b_hears, 0);
  pass(10ms);
  EXPECT_TRUE(a_hears.wrote("room a7 h2/p0.1/a9"));
  EXPECT_EQ(send(a, b.id(), 64), admission::admitted);
}

/// A sender fills its credit with messages that come back, 20 times: how often it has room again before it is told of any.
int rooms_before_receipts(two_procs& t) {
  auto early = 0;
  for (std::uint64_t round = 0; round != 20; ++round) {
    auto const first = t.b_hears.delivered.size();
    auto const told = t.a_hears.receipts.size();
    for (std::uint64_t i = 0; i != 64; ++i) t.send(t.a, t.b.id(), 64 * round + i);
    t.pass(10ms);
    t.b.as_self([&] {
      for (auto i = first; i != t.b_hears.delivered.size(); ++i) {
        auto const& m = t.b_hears.delivered[i];
        t.b.table->returned(t.a.id(), m.epoch, m.number, errc::actor_stopped);
      }
    });
    while (!t.a.table->has_credit(7, {t.b.id(), 9}, {8})) t.pass(50ns);
    early += t.a_hears.receipts.size() == told ? 1 : 0;
    t.pass(10ms);
    EXPECT_EQ(t.a_hears.receipts.size(), told + 64);
    EXPECT_EQ(t.a.table->stats().pairs, 0u);
  }
  return early;
}

TEST_F(two_procs, have_no_room_for_messages_that_come_back_before_their_sender_is_told) {
  EXPECT_EQ(rooms_before_receipts(*this), 0);
}

TEST_F(two_procs, room_that_comes_before_its_receipt_is_seen) {
  auto* bug = find_plant("room-before-told");
  if (bug == nullptr) GTEST_SKIP() << "this build has no planted bugs";
  bug->arm(true);
  EXPECT_NE(rooms_before_receipts(*this), 0);
  bug->arm(false);
}

TEST_F(two_procs, wake_a_sender_without_room_whose_receiver_is_declared_failed_before_it_is_told) {
  for (std::uint64_t i = 0; i != 64; ++i) send(a, b.id(), i);
  EXPECT_EQ(send(a, b.id(), 64), admission::no_credit);
  pass(10ms);
  b.as_self([&] {
    for (auto const& m : b_hears.delivered) b.table->returned(a.id(), m.epoch, m.number, errc::actor_stopped);
  });
  while (a.table->stats().unhandled != 0) pass(50ns);
  a.as_self([&] { a.table->declare_failed(b.id(), {errc::proc_failed, "declared"}); });
  pass(10ms);
  EXPECT_EQ(a_hears.receipts.size(), 64u);
  EXPECT_TRUE(a_hears.wrote("room a7 h2/p0.1/a9"));
}

TEST_F(two_procs, give_back_credit_at_once_where_few_messages_use_it_up) {
  for (std::uint64_t i = 0; i != 4; ++i) EXPECT_EQ(send(a, b.id(), i, 256 << 10), admission::admitted);
  EXPECT_EQ(send(a, b.id(), 4, 256 << 10), admission::no_credit);
  pass(10ms);
  handle(b, b_hears, 0);
  pass(200us);
  EXPECT_EQ(send(a, b.id(), 4, 256 << 10), admission::admitted) << "an acknowledgement waited for its delay";
}

TEST_F(two_procs, acknowledge_at_once_where_few_frames_fill_the_window) {
  knob_values narrow;
  ASSERT_TRUE(narrow.set(*find_knob("link.window_bytes"), 1 << 20));
  ASSERT_TRUE(narrow.set(*find_knob("link.credit_bytes"), 16 << 20));
  diary hears;
  fake_proc c(w, net, {{3}, 0, 1}, narrow, {{}, "c", "one", "t"}, hears, seen);
  send(c, b.id(), 0);
  pass(10ms);
  for (std::uint64_t i = 1; i <= 4; ++i) send(c, b.id(), i, 256 << 10);
  EXPECT_EQ(b_hears.delivered.size(), 1u);
  pass(200us);
  EXPECT_EQ(b_hears.delivered.size(), 5u) << "the last waits for an acknowledgement";
}

TEST_F(two_procs, cover_large_payloads_with_a_checksum_unless_the_transport_keeps_bytes) {
  diary hears;
  fake_proc sure(w, net, {{3}, 0, 1}, knobs, {{}, "c", "one", "t"}, hears, seen, true);
  std::map<proc_id, bool> damage_seen;
  net.on_sent = [&](proc_id from, proc_id, shared_bytes const& frame) {
    if (frame.size() < wire::checksummed_payload) return;
    std::vector<std::byte> damaged(frame.view().begin(), frame.view().end());
    damaged.back() ^= std::byte{1};
    damage_seen[from] = !wire::unpack(damaged, {});
  };
  for (auto* from : {&a, &sure}) send(*from, b.id(), 1, 100'000);
  pass(10ms);
  EXPECT_EQ(damage_seen, (std::map<proc_id, bool>{{a.id(), true}, {sure.id(), false}}));
}

TEST_F(two_procs, cover_large_control_messages_with_a_checksum) {
  bool damage_seen = false;
  net.on_sent = [&](proc_id, proc_id, shared_bytes const& frame) {
    if (frame.size() < wire::checksummed_payload) return;
    std::vector<std::byte> damaged(frame.view().begin(), frame.view().end());
    damaged.back() ^= std::byte{1};
    damage_seen = !wire::unpack(damaged, {});
  };
  a.as_self([&] { a.table->send_control(b.id(), 5, shared_bytes(std::vector<std::byte>(5000))); });
  pass(10ms);
  EXPECT_TRUE(damage_seen);
}

TEST_F(two_procs, send_nothing_to_an_earlier_incarnation_than_one_that_failed) {
  proc_id const later{b.id().host, b.id().ordinal, b.id().incarnation + 1};
  EXPECT_EQ(send(a, b.id(), 1), admission::admitted);
  pass(10ms);
  a.as_self([&] {
    a.table->declare_failed(later, error(errc::proc_failed, "gone"));
    EXPECT_TRUE(a.table->want_room(1, {b.id(), 2}, bytes{1}));
  });
  error why;
  EXPECT_EQ(send(a, b.id(), 2, 0, &why), admission::refused);
  EXPECT_EQ(why.code, errc::proc_failed);
}

TEST_F(two_procs, admit_a_message_larger_than_the_credit_alone) {
  ASSERT_TRUE(a.knobs().count(*find_knob("link.credit_bytes")) < 2u << 20);
  EXPECT_EQ(send(a, b.id(), 1, (1u << 20) - 1000), admission::admitted);
  EXPECT_EQ(send(a, b.id(), 2, 2000), admission::no_credit);
}

TEST_F(two_procs, refuse_what_no_frame_holds) {
  error why;
  EXPECT_EQ(send(a, b.id(), 1, 2u << 20, &why), admission::refused);
  EXPECT_EQ(why.describe(), "the message has 2097312B with its header, and a frame to h2/p0.1 may have 1MiB [too_large]");
}

TEST_F(two_procs, hand_up_control_before_later_data) {
  send(a, b.id(), 1);
  a.as_self([&] { a.table->send_control(b.id(), 5, {}); });
  send(a, b.id(), 2);
  a.as_self([&] { a.table->send_control(b.id(), 6, {}); });
  pass(10ms);
  auto const& lines = b_hears.lines;
  EXPECT_LT(std::find(lines.begin(), lines.end(), "control 5"), std::find(lines.begin(), lines.end(), "data 2"));
  EXPECT_LT(std::find(lines.begin(), lines.end(), "control 5"), std::find(lines.begin(), lines.end(), "control 6"));
  EXPECT_EQ(lines.size(), 4u);
}

TEST_F(two_procs, open_one_session_when_both_ends_connect_at_once) {
  for (std::uint64_t i = 1; i <= 3; ++i) {
    send(a, b.id(), i);
    send(b, a.id(), i);
  }
  pass(1s);
  EXPECT_EQ(b_hears.lines, (std::vector<std::string>{"data 1", "data 2", "data 3"}));
  EXPECT_EQ(a_hears.lines, (std::vector<std::string>{"data 1", "data 2", "data 3"}));
}

TEST_F(two_procs, go_on_after_a_reset_without_loss_or_repetition) {
  send(a, b.id(), 1);
  pass(10ms);
  send(a, b.id(), 2);
  send(a, b.id(), 3);
  net.reset_all();
  send(a, b.id(), 4);
  pass(1s);
  EXPECT_EQ(b_hears.lines, (std::vector<std::string>{"data 1", "data 2", "data 3", "data 4"}));
  EXPECT_TRUE(seen.contains("link: resumed with frames in flight"));
}

TEST_F(two_procs, tell_unknown_of_what_left_and_not_handled_of_what_did_not) {
  knob_values tight;
  ASSERT_TRUE(tight.set(*find_knob("link.window_messages"), 1));
  diary hears;
  fake_proc c(w, net, {{3}, 0, 1}, tight, {{}, "c", "one", "t"}, hears, seen);
  send(c, b.id(), 1);
  pass(10ms);
  net.cut_way(c.id().host, b.id().host);
  send(c, b.id(), 2);
  send(c, b.id(), 3);
  pass(5s);
  EXPECT_TRUE(hears.wrote("told 1 unknown"));
  EXPECT_TRUE(hears.wrote("told 2 unknown"));
  EXPECT_TRUE(hears.wrote("told 3 not_handled"));
  EXPECT_EQ(hears.lines.back(), "lost h2/p0.1 path_lost: the path to h2/p0.1 was lost: no answer for 3s");
  EXPECT_EQ(hears.lines.front(), "suspected h2/p0.1");
  EXPECT_EQ(c.table->stats().pairs, 0u);
}

TEST_F(two_procs, begin_a_new_epoch_that_ends_the_old_one_at_both_ends) {
  send(a, b.id(), 1);
  send(b, a.id(), 1);
  pass(10ms);
  handle(a, a_hears, 0);
  pass(10ms);
  net.cut_way(a.id().host, b.id().host);
  pass(5s);
  net.heal();
  send(a, b.id(), 2);
  pass(1s);
  ASSERT_EQ(b_hears.delivered.size(), 2u);
  EXPECT_EQ(b_hears.delivered[1].epoch, 2u);
  EXPECT_EQ(b_hears.delivered[1].number, 1u);
  EXPECT_TRUE(b_hears.wrote("lost h1/p0.1 path_lost: the path to h1/p0.1 was lost: the peer ended the session"));
}

TEST_F(two_procs, lose_a_watched_peer_that_falls_silent) {
  a.as_self([&] { a.table->watch(b.id()); });
  pass(10s);
  EXPECT_TRUE(a_hears.lines.empty());
  b.die();
  net.died(b);
  pass(4s);
  ASSERT_FALSE(a_hears.lines.empty());
  EXPECT_TRUE(a_hears.wrote("lost h2/p0.1 path_lost: the path to h2/p0.1 was lost: no answer for 3s"));
  a.as_self([&] { a.table->unwatch(b.id()); });
  EXPECT_TRUE(w.run_dry(w.now() + 60s));
}

struct with_leases : two_procs {
  with_leases() : c(w, net, {{3}, 0, 1}, knobs, {{}, "c", "one", "t"}, c_hears, seen, false, 500ms) { net.add(c); }
  diary c_hears;
  fake_proc c;
};

TEST_F(with_leases, lose_a_peer_whose_lease_they_hold_with_the_lease) {
  c.as_self([&] { c.table->hold_lease(b.id()); });
  pass(10s);
  EXPECT_TRUE(c_hears.lines.empty());
  b.die();
  net.died(b);
  pass(600ms);
  EXPECT_TRUE(c_hears.wrote("lost h2/p0.1 path_lost: the path to h2/p0.1 was lost: no answer for 500ms"));
  c.as_self([&] { c.table->drop_lease(b.id()); });
  EXPECT_TRUE(w.run_dry(w.now() + 60s));
}

TEST_F(with_leases, believe_in_other_peers_for_the_path_bound) {
  c.as_self([&] {
    c.table->hold_lease(b.id());
    c.table->watch(b.id());
    c.table->drop_lease(b.id());
    c.table->watch(a.id());
  });
  pass(10s);
  for (auto* each : {&a, &b}) {
    each->die();
    net.died(*each);
  }
  pass(2s);
  EXPECT_EQ(std::count_if(c_hears.lines.begin(), c_hears.lines.end(), [](auto const& l) { return l.starts_with("lost"); }), 0);
  pass(2s);
  EXPECT_TRUE(c_hears.wrote("lost h1/p0.1 path_lost: the path to h1/p0.1 was lost: no answer for 3s"));
  EXPECT_TRUE(c_hears.wrote("lost h2/p0.1 path_lost: the path to h2/p0.1 was lost: no answer for 3s"));
}

TEST_F(with_leases, count_a_lease_from_when_it_is_taken) {
  c.as_self([&] { c.table->watch(b.id()); });
  pass(10s);
  net.cut_way(c.id().host, b.id().host);
  pass(1s);
  c.as_self([&] { c.table->hold_lease(b.id()); });
  pass(400ms);
  EXPECT_FALSE(c_hears.wrote("lost h2/p0.1 path_lost: the path to h2/p0.1 was lost: no answer for 500ms"));
  pass(200ms);
  EXPECT_TRUE(c_hears.wrote("lost h2/p0.1 path_lost: the path to h2/p0.1 was lost: no answer for 500ms"));
}

TEST_F(two_procs, accept_nothing_of_a_failed_proc) {
  send(a, b.id(), 1);
  pass(10ms);
  a.as_self([&] { a.table->declare_failed(b.id(), {errc::proc_failed, "h2/p0.1 failed"}); });
  error why;
  EXPECT_EQ(send(a, b.id(), 2, 8, &why), admission::refused);
  EXPECT_EQ(why.describe(), "h2/p0.1 was declared failed [proc_failed] at h2/p0.1");
  EXPECT_TRUE(a_hears.lines.empty()) << "told from inside the call";
  send(b, a.id(), 3);
  pass(1s);
  EXPECT_EQ(a_hears.lines, (std::vector<std::string>{"told 1 unknown", "lost h2/p0.1 proc_failed: h2/p0.1 failed"}));
  EXPECT_EQ(b_hears.lines, (std::vector<std::string>{"data 1", "told 3 unknown",
                                                     "lost h1/p0.1 proc_failed: this proc was declared failed by h1/p0.1"}));
}

TEST_F(two_procs, tell_nothing_to_a_sender_that_has_ended) {
  send(a, b.id(), 1);
  pass(10ms);
  a.as_self([&] { a.table->sender_ended(7); });
  a.as_self([&] { a.table->declare_failed(b.id(), {errc::proc_failed, "gone"}); });
  pass(1s);
  EXPECT_EQ(a_hears.lines, (std::vector<std::string>{"lost h2/p0.1 proc_failed: gone"}));
}

TEST_F(two_procs, refuse_a_session_meant_for_an_earlier_incarnation) {
  auto earlier = b.id();
  earlier.incarnation = 0;
  send(a, earlier, 1);
  pass(1s);
  EXPECT_EQ(a_hears.lines, (std::vector<std::string>{"told 1 not_handled",
                                                     "lost h2/p0.0 stale: h2/p0.0 refused the session: h1/p0.1 asks for "
                                                     "h2/p0.0, and this is h2/p0.1"}));
}

TEST_F(two_procs, refuse_an_old_incarnation_of_the_peer) {
  diary hears;
  fake_proc newer(w, net, {{1}, 0, 2}, knobs, {{}, "c", "one", "t"}, hears, seen);
  send(newer, b.id(), 1);
  pass(1s);
  send(a, b.id(), 2);
  pass(1s);
  EXPECT_EQ(b_hears.lines, (std::vector<std::string>{"data 1"}));
  EXPECT_TRUE(a_hears.wrote("lost h2/p0.1 stale: h2/p0.1 refused the session: h1/p0.1 is gone: h1/p0.2 has taken its place"));
}

TEST_F(two_procs, close_what_never_says_hello) {
  b.as_self([&] { b.connect(a.id()); });
  EXPECT_TRUE(w.run_dry(w.now() + 60s));
}

struct of_other_versions : two_procs {
  of_other_versions() : two_procs({{}, "c", "new", "t", 3, 5}, {{}, "c", "old", "t", 1, 2}) {}
};
TEST_F(of_other_versions, refuse_and_name_both) {
  send(a, b.id(), 1);
  pass(1s);
  EXPECT_EQ(a_hears.lines,
            (std::vector<std::string>{"told 1 not_handled",
                                      "lost h2/p0.1 version_mismatch: h2/p0.1 refused the session: h1/p0.1 (build new) speaks "
                                      "wire version 3 to 5, and h2/p0.1 (build old) speaks 1 to 2"}));
}

struct of_overlapping_versions : two_procs {
  of_overlapping_versions() : two_procs({{}, "c", "new", "t", 1, 5}, {{}, "c", "old", "t", 1, 2}) {}
};
TEST_F(of_overlapping_versions, agree_on_the_highest_common_one) {
  send(a, b.id(), 1);
  send(b, a.id(), 2);
  pass(1s);
  EXPECT_EQ(b_hears.lines, (std::vector<std::string>{"data 1"}));
  EXPECT_EQ(a_hears.lines, (std::vector<std::string>{"data 2"}));
}

struct of_other_tokens : two_procs {
  of_other_tokens() : two_procs({{}, "c", "one", "x"}, {{}, "c", "one", "t"}) {}
};
TEST_F(of_other_tokens, refuse_the_wrong_token) {
  send(a, b.id(), 1);
  pass(1s);
  EXPECT_EQ(a_hears.lines.back(),
            "lost h2/p0.1 unauthenticated: h2/p0.1 refused the session: h2/p0.1 does not accept the token of h1/p0.1");
}

struct of_other_clusters : two_procs {
  of_other_clusters() : two_procs({{}, "c", "one", "t"}, {{}, "d", "one", "t"}) {}
};
TEST_F(of_other_clusters, refuse_a_stranger) {
  send(a, b.id(), 1);
  pass(1s);
  EXPECT_EQ(a_hears.lines.back(),
            "lost h2/p0.1 unauthenticated: h2/p0.1 refused the session: h1/p0.1 belongs to cluster \"c\", "
            "and h2/p0.1 to \"d\"");
}

}  // namespace
}  // namespace roost::link
