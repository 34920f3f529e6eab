// Threads that run no handlers, and what they ask of the runtime.

#include <gtest/gtest.h>

#include <roost/base/plant.hpp>
#include <roost/roost.hpp>
#include <roost/transports/local.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

namespace foreign {

using namespace std::chrono_literals;

struct Teller : roost::actor {
  int twice(int x) { return 2 * x; }
  int fail() { throw std::runtime_error("no such account"); }
};
ROOST_EXPORT(Teller, twice, fail)

std::string run(roost::controller controller, std::int64_t workers = 1) {
  roost::program what(std::move(controller));
  auto const why = roost::run_local(what, {.transport = roost::local_transport::loopback,
                                           .arguments = {},
                                           .catch_signals = false,
                                           .prepare = [workers](roost::live_options& proc) {
                                             proc.least = roost::log_level::failure;
                                             EXPECT_TRUE(proc.knobs.set(*roost::find_knob("live.workers"), workers));
                                           }});
  return why ? why.describe() : "";
}

using arguments = std::vector<std::string>;

template <class F>
roost::errc code_of(F f) {
  try {
    f();
  } catch (roost::exception const& e) {
    return e.why().code;
  }
  return roost::errc::ok;
}

/// Does what a foreign thread does that wants all that it has to say said: it comes back while it has too much under way.
template <class F>
void insist(F f) {
  while (code_of(f) == roost::errc::would_block) std::this_thread::sleep_for(100us);
}

TEST(Foreign, EachThreadsValuesComeInItsOrderAndNoneIsLost) {
  constexpr int threads = 4;
  constexpr int values = 2'000;
  std::vector<std::vector<int>> came(threads);
  EXPECT_EQ(run(
                [&](roost::hosts, arguments const&) {
                  auto [port, arriving] = roost::channel<std::pair<int, int>>();
                  auto const access = roost::open_to_threads();
                  std::vector<std::thread> all;
                  for (int i = 0; i != threads; ++i) {
                    all.emplace_back([=] {
                      roost::foreign_thread const me(access);
                      for (int v = 0; v != values; ++v) insist([&] { port.send({i, v}); });
                    });
                  }
                  for (int left = threads * values; left != 0; --left) {
                    auto const [from, value] = arriving.recv(20s);
                    came[static_cast<std::size_t>(from)].push_back(value);
                  }
                  for (auto& each : all) each.join();
                },
                2),
            "");
  for (auto const& each : came) {
    ASSERT_EQ(each.size(), static_cast<std::size_t>(values));
    for (int v = 0; v != values; ++v) ASSERT_EQ(each[static_cast<std::size_t>(v)], v);
  }
}

/// The numbers of what one thread posts, in the order in which it is done.
std::vector<int> done_in_order(int requests) {
  std::vector<int> done;
  EXPECT_EQ(run([&](roost::hosts, arguments const&) {
              auto const access = roost::open_to_threads();
              roost::offload(1ms, [&] {
                roost::foreign_thread me(access);
                for (int i = 0; i != requests; ++i) insist([&] { me.post([&done, i] { done.push_back(i); }); });
                me.blocking_get([] {});
              });
            }),
            "");
  return done;
}

TEST(Foreign, RequestsThatOvertakeEachOtherAreSeen) {
  auto const in_order = [](std::vector<int> const& all) { return std::is_sorted(all.begin(), all.end()); };
  EXPECT_TRUE(in_order(done_in_order(200)));
#if ROOST_PLANTS
  roost::find_plant("foreign-overtakes")->arm(true);
  bool seen = false;
  for (int tries = 0; tries != 20 && !seen; ++tries) seen = !in_order(done_in_order(200));
  roost::find_plant("foreign-overtakes")->arm(false);
  EXPECT_TRUE(seen) << "the planted bug shows nothing";
#endif
}

TEST(Foreign, AThreadBlocksForWhatAHandlerWouldWaitFor) {
  int direct = 0;
  int through_future = 0;
  roost::errc failed{};
  roost::errc late{};
  EXPECT_EQ(run([&](roost::hosts, arguments const&) {
              auto teller = roost::spawn<Teller>("teller");
              auto const access = roost::open_to_threads("bank");
              auto [done, over] = roost::once_channel<int>();
              std::thread customer([&, teller, access, tell = done] {
                roost::foreign_thread me(access);
                direct = me.blocking_get([&] { return teller->twice.call_one(20).get(); });
                through_future = me.blocking_get([&] { return teller->twice.call_one(21); });
                failed = code_of([&] { me.blocking_get([&] { return teller->fail.call_one(); }); });
                late = code_of([&] { me.blocking_get([] { roost::sleep(50ms); }, 1ms); });
                me.post([] { EXPECT_EQ(roost::here().name(), "bank"); });
                tell.send(1);
              });
              over.recv(20s);
              customer.join();
            }),
            "");
  EXPECT_EQ(direct, 40);
  EXPECT_EQ(through_future, 42);
  EXPECT_EQ(failed, roost::errc::handler_threw);
  EXPECT_EQ(late, roost::errc::timeout);
}

TEST(Foreign, WhoHasTooManyRequestsOpenIsToldAtOnceAndWaitsWhereItBlocksAnyway) {
  int posted = 0;
  roost::errc sent{};
  roost::errc late{};
  std::atomic<int> answer = 0;
  std::string said;
  EXPECT_EQ(run([&](roost::hosts, arguments const&) {
              auto [port, arriving] = roost::channel<int>();
              auto const access = roost::open_to_threads();
              std::atomic<bool> go = false;
              std::atomic<bool> full = false;
              std::thread hasty([&, access, tell = port] {
                roost::foreign_thread me(access);
                me.post([&] {
                  while (!go) roost::sleep(1ms);
                });
                try {
                  for (posted = 1; posted != 200; ++posted) me.post([] {});
                } catch (roost::exception const& e) {
                  said = e.why().describe();
                }
                sent = code_of([&] { tell.send(1); });
                late = code_of([&] { me.blocking_get([] {}, 10ms); });
                full = true;
                answer = me.blocking_get([] { return 5; }, 20s);
              });
              while (!full) roost::sleep(1ms);
              go = true;
              while (answer != 5) roost::sleep(1ms);
              hasty.join();
            }),
            "");
  EXPECT_EQ(posted, 64);
  EXPECT_NE(said.find("64 requests open, as many as link.credit_messages says [would_block]"), std::string::npos) << said;
  EXPECT_EQ(sent, roost::errc::would_block);
  EXPECT_EQ(late, roost::errc::timeout);
  EXPECT_EQ(answer, 5);
}

TEST(Foreign, WhatComesAfterTheActorOrTheProcHasEndedIsRefused) {
  std::optional<roost::foreign_access> access;
  std::thread left;
  std::atomic<bool> waits = false;
  roost::errc outcome{};
  EXPECT_EQ(run([&](roost::hosts, arguments const&) {
              access = roost::open_to_threads();
              left = std::thread([&] {
                roost::foreign_thread me(*access);
                outcome = code_of([&] {
                  me.blocking_get([&] {
                    waits = true;
                    roost::sleep(1h);
                  });
                });
              });
              while (!waits) roost::sleep(1ms);
            }),
            "");
  left.join();
  EXPECT_TRUE(outcome == roost::errc::unavailable || outcome == roost::errc::ended || outcome == roost::errc::actor_killed ||
              outcome == roost::errc::timeout)
      << static_cast<int>(outcome);
  EXPECT_EQ(code_of([&] { roost::foreign_thread const late(*access); }), roost::errc::unavailable);
  EXPECT_EQ(code_of([&] { roost::foreign_thread const nobody(roost::foreign_access{}); }), roost::errc::bad_argument);
}

TEST(Foreign, AHandlerIsNoForeignThreadAndAThreadIsOneOnce) {
  roost::errc in_handler{};
  roost::errc twice{};
  roost::errc fine{};
  EXPECT_EQ(run([&](roost::hosts, arguments const&) {
              auto const access = roost::open_to_threads();
              in_handler = code_of([&] { roost::foreign_thread const me(access); });
              std::thread([&, access] {
                fine = code_of([&] {
                  roost::foreign_thread const me(access);
                  twice = code_of([&] { roost::foreign_thread const again(access); });
                });
              }).join();
            }),
            "");
  EXPECT_EQ(in_handler, roost::errc::bad_argument);
  EXPECT_EQ(twice, roost::errc::bad_argument);
  EXPECT_EQ(fine, roost::errc::ok);
}

TEST(Foreign, OffloadedCodeTellsOfItsProgress) {
  std::vector<int> told;
  EXPECT_EQ(run([&](roost::hosts, arguments const&) {
              auto [port, arriving] = roost::channel<int>();
              auto const access = roost::open_to_threads();
              roost::offload(1ms, [&, tell = port] {
                roost::foreign_thread const me(access);
                for (int i = 0; i != 10; ++i) tell.send(i);
              });
              for (int i = 0; i != 10; ++i) told.push_back(arriving.recv(20s));
            }),
            "");
  EXPECT_EQ(told, (std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(Foreign, WhatAThreadPostsFailsItsActorAndTheOwnerSupervises) {
  std::string why;
  why = run([&](roost::hosts, arguments const&) {
    auto const access = roost::open_to_threads("scanner");
    std::thread([access] {
      roost::foreign_thread me(access);
      me.post([] { throw std::runtime_error("no paper"); });
    }).join();
    roost::sleep(20s);
  });
  EXPECT_NE(why.find("no paper"), std::string::npos) << why;
  EXPECT_NE(why.find("scanner"), std::string::npos) << why;
}

}  // namespace foreign
