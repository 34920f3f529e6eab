#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <roost/link/control_lane.hpp>
#include <roost/link/credit.hpp>
#include <roost/link/detector.hpp>
#include <roost/link/flat_table.hpp>
#include <roost/link/handshake.hpp>
#include <roost/link/inbox.hpp>
#include <roost/link/numbered_queue.hpp>
#include <roost/link/report.hpp>

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

namespace roost::link {
namespace {

struct bad_hash {
  std::uint64_t operator()(std::uint8_t k) const noexcept { return k / 16u; }
};

RC_GTEST_PROP(flat_table, agrees_with_a_map, (std::vector<std::pair<std::uint8_t, bool>> const& steps)) {
  flat_table<std::uint8_t, int, bad_hash> table;
  std::map<std::uint8_t, int> model;
  auto value = 0;
  for (auto const& [key, add] : steps) {
    if (add) {
      table.insert(key) = model[key] = ++value;
    } else {
      RC_ASSERT(table.erase(key) == (model.erase(key) != 0));
    }
    RC_ASSERT(table.size() == model.size());
    for (int k = 0; k != 256; ++k) {
      auto const* found = table.find(static_cast<std::uint8_t>(k));
      auto const expected = model.find(static_cast<std::uint8_t>(k));
      RC_ASSERT((found != nullptr) == (expected != model.end()));
      if (found != nullptr) RC_ASSERT(*found == expected->second);
    }
  }
}

struct numbered {
  std::uint64_t number = 0;
};

RC_GTEST_PROP(numbered_queue, agrees_with_a_map_and_stays_small, (std::vector<std::uint8_t> const& steps)) {
  numbered_queue<numbered> queue;
  std::map<std::uint64_t, bool> model;
  std::uint64_t next = 1;
  for (auto const step : steps) {
    if (step % 2 == 0 || model.empty()) {
      next += step / 64u;
      queue.push({next});
      model[next++] = true;
    } else {
      auto at = model.begin();
      std::advance(at, step / 2 % model.size());
      auto* found = queue.find(at->first);
      RC_ASSERT(found != nullptr);
      queue.take(*found);
      RC_ASSERT(queue.find(at->first) == nullptr);
      model.erase(at);
    }
    RC_ASSERT(queue.size() == model.size());
    RC_ASSERT(queue.cells() <= 2 * model.size() + 16);
    if (!model.empty()) RC_ASSERT(queue.front().number == model.begin()->first);
    for (auto const& [number, unused] : model) RC_ASSERT(queue.find(number) != nullptr);
  }
}

RC_GTEST_PROP(report, comes_back_as_it_was, (std::vector<std::pair<std::uint16_t, std::uint8_t>> const& drawn)) {
  std::vector<fate_run> runs;
  std::uint64_t next = 1;
  for (auto const& [gap, count] : drawn) {
    runs.push_back({next + gap, count + std::uint64_t{1}, static_cast<errc>(count % 30)});
    next = runs.back().first + runs.back().count;
  }
  auto const back = decode_runs(encode_runs(runs).view());
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == runs);
}

RC_GTEST_PROP(report, refuses_or_reads_any_bytes, (std::vector<std::uint8_t> const& data)) {
  auto const runs = decode_runs(std::as_bytes(std::span(data)));
  std::uint64_t next = 0;
  for (auto const& run : runs ? *runs : std::vector<fate_run>{}) {
    RC_ASSERT(run.first >= next && run.count != 0);
    next = run.first + run.count;
  }
}

RC_GTEST_PROP(handshake, refuses_or_reads_any_bytes, (std::vector<std::uint8_t> const& data)) {
  static_cast<void>(decode_hello(std::as_bytes(std::span(data))).has_value());
  static_cast<void>(decode_refuse(std::as_bytes(std::span(data))).has_value());
}

TEST(handshake, comes_back_as_it_was) {
  hello_body const sent{1, 3, {{7}, 2, 9}, {{8}, 1, 4}, 5, 6, 7, "build", "cluster", "token"};
  auto const body = encode(sent);
  auto const back = decode_hello(body.view());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->from, sent.from);
  EXPECT_EQ(back->token, "token");
  EXPECT_EQ(back->epoch, 7u);
  for (std::size_t cut = 0; cut != body.size(); ++cut) EXPECT_FALSE(decode_hello(body.view().first(cut)));
}

TEST(credit, forgets_a_pair_that_is_idle_and_full) {
  credit_table credit(2, 100);
  EXPECT_TRUE(credit.take(1, 2, 60));
  EXPECT_FALSE(credit.take(1, 2, 60));
  EXPECT_TRUE(credit.take(1, 2, 40));
  EXPECT_FALSE(credit.take(1, 2, 0));
  EXPECT_TRUE(credit.give_back(1, 2, 40)) << "the smallest refused one has room";
  EXPECT_FALSE(credit.give_back(1, 2, 60));
  EXPECT_EQ(credit.pairs(), 0u);
}

RC_GTEST_PROP(credit, of_a_pair_is_the_same_whichever_was_used_last, ()) {
  struct pair {
    std::vector<std::uint64_t> open;
    bool waits = false;
    std::uint64_t wanted = 0;
  };
  std::map<std::pair<std::uint64_t, std::uint64_t>, pair> naive;
  credit_table credit(3, 100);
  auto const fits = [](pair const& p, std::uint64_t size) {
    return p.open.empty() || (p.open.size() < 3 && std::accumulate(p.open.begin(), p.open.end(), size) <= 100);
  };
  for (int step = 0; step != 200; ++step) {
    auto const sender = *rc::gen::inRange<std::uint64_t>(1, 4), receiver = *rc::gen::inRange<std::uint64_t>(1, 4);
    auto& p = naive[{sender, receiver}];
    auto const size = *rc::gen::inRange<std::uint64_t>(0, 80);
    RC_ASSERT(credit.has_room(sender, receiver, size) == fits(p, size));
    if (*rc::gen::arbitrary<bool>()) {
      bool const taken = fits(p, size);
      RC_ASSERT(credit.take(sender, receiver, size) == taken);
      if (taken) {
        p.open.push_back(size);
      } else {
        p.wanted = p.waits ? std::min(p.wanted, size) : size;
        p.waits = true;
      }
    } else if (!p.open.empty()) {
      auto const back = p.open.back();
      p.open.pop_back();
      bool const room = p.waits && fits(p, p.wanted);
      p.waits = p.waits && !room;
      RC_ASSERT(credit.give_back(sender, receiver, back) == room);
    }
    RC_ASSERT(credit.open(sender, receiver) == p.open.size());
    auto const busy = [](auto const& each) { return !each.second.open.empty(); };
    RC_ASSERT(credit.pairs() == static_cast<std::size_t>(std::count_if(naive.begin(), naive.end(), busy)));
  }
}

TEST(control_lane, hands_up_each_message_once_and_in_order) {
  control_in lane(10);
  std::uint64_t number = 0;
  EXPECT_TRUE(lane.take(2, {}));
  EXPECT_FALSE(lane.next(number));
  EXPECT_TRUE(lane.take(1, {}));
  EXPECT_FALSE(lane.take(2, {}));
  EXPECT_TRUE(lane.next(number));
  EXPECT_TRUE(lane.next(number));
  EXPECT_EQ(number, 2u);
  EXPECT_FALSE(lane.take(1, {}));
  EXPECT_EQ(lane.open_to(), 0u);
  lane.handed_up(1);
  EXPECT_EQ(lane.open_to(), 1u);
  lane.handed_up(2);
  EXPECT_EQ(lane.open_to(), 2u);
  EXPECT_FALSE(lane.take(13, {})) << "too far ahead";
}

TEST(inbox, holds_the_cumulative_number_until_a_return_is_confirmed) {
  inbox box(10);
  for (std::uint64_t n = 1; n <= 3; ++n) box.accept(n, false);
  EXPECT_TRUE(box.returned(1, errc::actor_stopped));
  EXPECT_TRUE(box.handled(2));
  EXPECT_FALSE(box.handled(1)) << "it was returned";
  EXPECT_EQ(box.handled_below(), 1u);
  auto const runs = decode_runs(box.make_report(5)->view());
  EXPECT_EQ(*runs, (std::vector<fate_run>{{1, 1, errc::actor_stopped}, {2, 1, errc::ok}}));
  box.confirmed(5);
  EXPECT_EQ(box.handled_below(), 1u);
  box.confirmed(6);
  EXPECT_EQ(box.handled_below(), 3u);
}

TEST(detector, waits_longer_for_a_path_that_answers_late) {
  knob_values const knobs;
  tuning const limits(knobs);
  detector d(limits);
  EXPECT_EQ(d.resend_after(), 50ms);
  for (int i = 0; i != 50; ++i) d.round_trip(20ms);
  EXPECT_GE(d.resend_after(), 20ms);
  EXPECT_LT(d.resend_after(), 25ms);
  d.lost_patience();
  EXPECT_GE(d.resend_after(), 40ms);
}

}  // namespace
}  // namespace roost::link
