// Several threads that run the handlers of one proc: its workers, and those of dedicated actors.

#include <gtest/gtest.h>

#include <roost/base/plant.hpp>
#include <roost/roost.hpp>
#include <roost/transports/local.hpp>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

namespace working {

using namespace std::chrono_literals;

inline constexpr roost::dim gpu{"gpu"};

std::atomic<int> meeting = 0;
std::atomic<int> unwound = 0;

/// Holds its thread until so many do at the same time; false when that takes too long.
bool meet(int others) {
  ++meeting;
  auto const patience = std::chrono::steady_clock::now() + 20s;
  while (meeting.load() < others) {
    if (std::chrono::steady_clock::now() > patience) return false;
    std::this_thread::yield();
  }
  return true;
}

std::size_t threads_now() {
  std::size_t count = 0;
  for ([[maybe_unused]] auto const& each : std::filesystem::directory_iterator("/proc/self/task")) ++count;
  return count;
}

struct Computer : roost::actor {
  bool together(int others) { return meet(others); }
  std::uint64_t thread() { return std::hash<std::thread::id>()(std::this_thread::get_id()); }
  std::uint64_t add(std::uint64_t x) { return sum_ += x; }
  void fail() { throw std::runtime_error("as asked"); }

 private:
  std::uint64_t sum_ = 0;
};
ROOST_EXPORT(Computer, together, thread, add, fail)

struct Hermit : roost::actor {
  static constexpr bool dedicated = true;
  bool together(int others) { return meet(others); }
  std::uint64_t thread() { return std::hash<std::thread::id>()(std::this_thread::get_id()); }
  std::uint64_t echo(std::uint64_t x) { return x; }
};
ROOST_EXPORT(Hermit, together, thread, echo)

/// Awaits as if the answer had come on another worker, right after the coroutine was told that it has to wait.
struct told_to_wait {
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> who) { return answer.await_suspend(who); }
  std::uint64_t await_resume() { return answer.await_resume(); }
  roost::future_awaiter<std::uint64_t> answer;
};

/// Asks others, and is asked, so that its handlers park on the worker where it is.
struct Asker : roost::actor {
  std::uint64_t ask(roost::actor_mesh<Computer> whom, std::uint64_t times) {
    std::uint64_t last = 0;
    for (std::uint64_t i = 0; i != times; ++i) last = whom->add.call_one(1).get();
    return last;
  }
  roost::task<std::uint64_t> await(roost::actor_mesh<Hermit> whom, std::uint64_t times) {
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i != times; ++i) sum += co_await whom->echo.call_one(1);
    co_return sum;
  }
  roost::task<std::uint64_t> await_late(roost::actor_mesh<Hermit> whom) {
    auto const answer = whom->echo.call_one(1);
    (void)answer.get();
    co_return co_await told_to_wait{roost::future_awaiter(answer)};
  }
  void wait_for_ever() {
    ++meeting;
    struct leaver {
      ~leaver() { ++unwound; }
    } const leaves;
    roost::sleep(1h);
  }
};
ROOST_EXPORT(Asker, ask, await, await_late, wait_for_ever)

struct Guard : roost::actor {
  roost::actor_mesh<Computer> watched;
  void hire() { watched = roost::spawn<Computer>("hired"); }
  std::uint64_t use() {
    watched->fail.broadcast();
    return 0;
  }
  std::uint64_t seen() { return seen_; }
  bool supervise(roost::failure const&) override {
    ++seen_;
    watched.respawn(0);
    return true;
  }

 private:
  std::uint64_t seen_ = 0;
};
ROOST_EXPORT(Guard, hire, use, seen)

std::string run(std::uint64_t workers, roost::controller controller) {
  meeting = 0;
  unwound = 0;
  roost::program what(std::move(controller));
  auto const why = roost::run_local(
      what, {.transport = roost::local_transport::loopback,
             .arguments = {},
             .catch_signals = false,
             .prepare = [workers](roost::live_options& proc) {
               proc.least = roost::log_level::failure;
               EXPECT_TRUE(proc.knobs.set(*roost::find_knob("live.workers"), static_cast<std::int64_t>(workers)));
             }});
  return why ? why.describe() : "";
}

using arguments = std::vector<std::string>;

TEST(Workers, HandlersOfOneProcComputeAtTheSameTime) {
  bool all = true;
  EXPECT_EQ(run(3,
                [&](roost::hosts, arguments const&) {
                  std::vector<roost::actor_mesh<Computer>> computers;
                  std::vector<roost::future<bool>> answers;
                  for (int i = 0; i != 3; ++i) {
                    computers.push_back(roost::spawn<Computer>("computer"));
                    answers.push_back(computers.back()->together.call_one(3));
                  }
                  for (auto const& each : answers) all = all && each.get();
                }),
            "");
  EXPECT_TRUE(all);
}

TEST(Workers, ActorsBehindOneThatComputesAreTakenByAWorkerThatSleeps) {
  bool all = true;
  EXPECT_EQ(run(2,
                [&](roost::hosts, arguments const&) {
                  // By turns they are placed: half of them where the first computes until the last does.
                  std::vector<roost::actor_mesh<Computer>> computers;
                  for (int i = 0; i != 9; ++i) computers.push_back(roost::spawn<Computer>("computer"));
                  std::vector<roost::future<bool>> answers;
                  for (auto const& each : computers) {
                    each->add.broadcast(1);
                    if (each.id() == computers.front().id() || each.id() == computers.back().id())
                      answers.push_back(each->together.call_one(2));
                  }
                  for (auto const& each : answers) all = all && each.get();
                }),
            "");
  EXPECT_TRUE(all);
}

TEST(Workers, ADedicatedActorComputesAndKeepsNobodyWaiting) {
  bool met = false;
  std::set<std::uint64_t> where;
  EXPECT_EQ(run(1,
                [&](roost::hosts, arguments const&) {
                  auto hermit = roost::spawn<Hermit>("hermit");
                  auto other = roost::spawn<Hermit>("other");
                  auto computer = roost::spawn<Computer>("computer");
                  where = {hermit->thread.call_one().get(), other->thread.call_one().get(), computer->thread.call_one().get(),
                           std::hash<std::thread::id>()(std::this_thread::get_id())};
                  auto const both = hermit->together.call_one(3);
                  auto const more = other->together.call_one(3);
                  EXPECT_EQ(computer->add.call_one(5).get(10s), 5u);
                  met = computer->together.call_one(3).get() && both.get() && more.get();
                }),
            "");
  EXPECT_TRUE(met);
  EXPECT_EQ(where.size(), 3u);
}

#if ROOST_PLANTS
TEST(Workers, AWorkerThatIsNotWokenIsSeen) {
  roost::errc asleep{};
  roost::errc awake{};
  EXPECT_EQ(run(1,
                [&](roost::hosts, arguments const&) {
                  auto hermit = roost::spawn<Hermit>("hermit");
                  auto const ask = [&](roost::nanoseconds patience) {
                    auto const answer = hermit->thread.call_one().wait(patience);
                    return answer ? roost::errc::ok : answer.failure().code;
                  };
                  (void)ask(10s);
                  roost::sleep(20ms);
                  roost::find_plant("worker-sleeps-on")->arm(true);
                  asleep = ask(100ms);
                  roost::find_plant("worker-sleeps-on")->arm(false);
                  awake = ask(10s);
                }),
            "");
  EXPECT_EQ(asleep, roost::errc::timeout) << "the planted bug shows nothing";
  EXPECT_EQ(awake, roost::errc::ok);
}
#endif

// Answers that come while a coroutine begins to wait for them are not lost: one in some ten thousand does.
TEST(Workers, ACoroutineThatAwaitsAnotherWorkerGoesOnEachTime) {
  constexpr std::uint64_t times = 50'000;
  for (std::uint64_t const workers : {1, 3}) {
    std::uint64_t sum = 0;
    EXPECT_EQ(run(workers,
                  [&](roost::hosts, arguments const&) {
                    auto const hermit = roost::spawn<Hermit>("hermit");
                    sum = roost::spawn<Asker>("asker")->await.call_one(hermit, times).get(240s);
                  }),
              "");
    EXPECT_EQ(sum, times);
  }
}

#if ROOST_PLANTS
TEST(Workers, ACoroutineThatIsNotAskedAgainBeforeItWaitsIsSeen) {
  auto& bug = *roost::find_plant("await-not-asked-again");
  for (bool const planted : {true, false}) {
    auto outcome = roost::errc::ok;
    EXPECT_EQ(run(1,
                  [&](roost::hosts, arguments const&) {
                    bug.arm(planted);
                    auto const asker = roost::spawn<Asker>("asker");
                    auto const answer = asker->await_late.call_one(roost::spawn<Hermit>("hermit")).wait(1s);
                    outcome = answer ? roost::errc::ok : answer.failure().code;
                    bug.arm(false);
                  }),
              "");
    EXPECT_EQ(outcome, planted ? roost::errc::timeout : roost::errc::ok);
  }
}
#endif

TEST(Workers, MessagesOfManyActorsOnSeveralWorkersComeOnceAndInOrder) {
  constexpr std::uint64_t askers = 24;
  constexpr std::uint64_t times = 300;
  std::uint64_t total = 0;
  EXPECT_EQ(run(3,
                [&](roost::hosts, arguments const&) {
                  auto shared = roost::spawn<Computer>("shared");
                  std::vector<roost::actor_mesh<Asker>> all;
                  for (std::uint64_t i = 0; i != askers; ++i) all.push_back(roost::spawn<Asker>("asker"));
                  std::vector<roost::future<std::uint64_t>> answers;
                  for (auto const& each : all) answers.push_back(each->ask.call_one(shared, times));
                  roost::wait_all(answers);
                  total = shared->add.call_one(0).get();
                }),
            "");
  EXPECT_EQ(total, askers * times);
}

TEST(Workers, FailuresAreSupervisedAndRanksRespawnedOnAnyWorker) {
  constexpr std::uint64_t rounds = 40;
  EXPECT_EQ(run(3,
                [&](roost::hosts, arguments const&) {
                  std::vector<roost::actor_mesh<Guard>> guards;
                  for (int i = 0; i != 6; ++i) guards.push_back(roost::spawn<Guard>("guard"));
                  for (auto const& each : guards) each->hire.call_one().get();
                  for (std::uint64_t round = 1; round <= rounds; ++round) {
                    for (auto const& each : guards) each->use.call_one().get();
                    for (auto const& each : guards)
                      while (each->seen.call_one().get() < round) roost::sleep(100us);
                  }
                }),
            "");
}

TEST(Workers, HandlersThatWaitOnSeveralWorkersUnwindAtTheEnd) {
  constexpr int waiting = 12;
  EXPECT_NE(run(3,
                [&](roost::hosts, arguments const&) {
                  std::vector<roost::actor_mesh<Asker>> all;
                  for (int i = 0; i != waiting; ++i) {
                    all.push_back(roost::spawn<Asker>("asker"));
                    all.back()->wait_for_ever.broadcast();
                  }
                  while (meeting.load() != waiting) roost::sleep(1ms);
                  throw std::runtime_error("enough");
                })
                .find("enough"),
            std::string::npos);
  EXPECT_EQ(unwound.load(), waiting);
}

TEST(Workers, ThreadsOfDedicatedActorsEndWithThem) {
  std::size_t most = 0;
  std::size_t const before = threads_now();
  EXPECT_EQ(run(2,
                [&](roost::hosts, arguments const&) {
                  for (int i = 0; i != 100; ++i) {
                    auto hermit = roost::spawn<Hermit>("hermit");
                    (void)hermit->thread.call_one().get();
                    hermit.stop();
                    roost::sleep(500us);
                    most = std::max(most, threads_now());
                  }
                }),
            "");
  EXPECT_LT(most, before + 20);
  EXPECT_EQ(threads_now(), before);
}

TEST(Workers, ProcsWithSeveralWorkersTalkToEachOther) {
  std::uint64_t total = 0;
  EXPECT_EQ(run(2,
                [&](roost::hosts hosts, arguments const&) {
                  auto procs = hosts.spawn_procs(gpu = 2);
                  auto computers = procs.spawn<Computer>("computer");
                  std::vector<roost::actor_mesh<Asker>> askers;
                  std::vector<roost::future<std::uint64_t>> answers;
                  for (int i = 0; i != 6; ++i) {
                    askers.push_back(roost::spawn<Asker>("asker"));
                    answers.push_back(askers.back()->ask.call_one(computers.at_rank(static_cast<std::uint64_t>(i) % 2), 100));
                  }
                  roost::wait_all(answers);
                  auto const sums = computers->add.call(0).get();
                  for (auto const& [at, sum] : sums) total += sum.value();
                }),
            "");
  EXPECT_EQ(total, 600u);
}

}  // namespace working
