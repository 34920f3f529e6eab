// What procs say of themselves while they run: also one whose handler keeps its loop busy.

#include <gtest/gtest.h>

#include <roost/live/status_server.hpp>
#include <roost/roost.hpp>
#include <roost/transports/local.hpp>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <string>
#include <thread>

namespace looking {

using namespace std::chrono_literals;

std::atomic<bool> go_on = false;

struct Worker : roost::actor {
  void compute() {
    while (!go_on) std::this_thread::yield();
  }
  void fail() { throw std::runtime_error("on purpose"); }
  int idle() { return 1; }
};
ROOST_EXPORT(Worker, compute, fail, idle)

/// Waits for a worker of another proc.
struct Boss : roost::actor {
  void wait_for(roost::actor_mesh<Worker> worker) { worker->compute.call_one().get(); }
};
ROOST_EXPORT(Boss, wait_for)

/// Waits for all ranks of a mesh.
struct Crier : roost::actor {
  void ask(roost::actor_mesh<Worker> workers) { (void)workers->idle.call().get(); }
};
ROOST_EXPORT(Crier, ask)

/// Asks until the answer is as wanted; the last answer.
roost::proc_status ask_until(std::string const& proc, std::string const& run,
                             std::function<bool(roost::proc_status const&)> const& wanted) {
  auto const patience = std::chrono::steady_clock::now() + 20s;
  roost::proc_status last;
  while (std::chrono::steady_clock::now() < patience) {
    if (auto const said = roost::ask_status({run, proc}, 100)) {
      last = *said;
      if (wanted(last)) return last;
    }
    std::this_thread::sleep_for(5ms);
  }
  ADD_FAILURE() << "no such answer of " << proc;
  return last;
}

TEST(Status, ProcsSayWhatTheirActorsDoAlsoWhileOneComputes) {
  go_on = false;
  std::string const run = "test" + std::to_string(::getpid());
  roost::program what([](roost::hosts hosts, std::vector<std::string> const&) {
    auto procs = hosts.spawn_procs({{"gpu", 2}});
    auto workers = procs.spawn<Worker>("worker");
    auto boss = roost::spawn<Boss>("boss");
    auto busy = boss->wait_for.call_one(workers.at(roost::dim("gpu") = 0));
    auto failing = workers.at(roost::dim("gpu") = 1)->idle.call_one();
    failing.get();
    workers.at(roost::dim("gpu") = 0)->idle.broadcast();
    auto asking = roost::spawn<Crier>("crier")->ask.call_one(workers);
    busy.get();
    asking.get();
  });
  roost::proc_status stuck;
  roost::proc_status root;
  roost::proc_status other;
  std::vector<roost::status_address> listening;
  std::thread looker([&] {
    stuck = ask_until("h0/p1.1", run, [](auto const& s) { return s.busy_ns > 30'000'000; });
    root = ask_until("h0/p0.1", run, [](auto const& s) {
      // Of the ranks that the crier asks one answers at once.
      return std::count_if(s.actors.begin(), s.actors.end(), [](auto const& each) {
               return (each.name == "boss" || each.name == "crier") && !each.waits.empty() &&
                      each.waits[0].target.rfind("h0/p1.1/a", 0) == 0 && each.waits[0].target.find(',') == std::string::npos;
             }) == 2;
    });
    other = ask_until("h0/p2.1", run, [](auto const& s) { return s.counters.handlers_started > 1; });
    listening = roost::listening_procs();
    go_on = true;
  });
  auto const why = roost::run_local(what, {.transport = roost::local_transport::loopback,
                                           .arguments = {},
                                           .catch_signals = false,
                                           .prepare = [&](roost::live_options& proc) { proc.run = run; }});
  looker.join();
  EXPECT_FALSE(why) << why.describe();

  EXPECT_EQ(stuck.id, "h0/p1.1");
  EXPECT_NE(stuck.busy_with.find("Worker.compute of h0/p1.1/a"), std::string::npos) << stuck.busy_with;
  EXPECT_FALSE(stuck.sessions.empty());
  EXPECT_EQ(stuck.process, static_cast<std::uint64_t>(::getpid()));

  for (auto const& each : root.actors) {
    if (each.name != "boss") continue;
    EXPECT_EQ(each.class_name, "Boss");
    EXPECT_EQ(each.state, "running");
    EXPECT_EQ(each.handlers, 1U);
    ASSERT_EQ(each.waits.size(), 1U);
    EXPECT_EQ(each.waits[0].what, "reply");
    EXPECT_EQ(each.waits[0].handler, "Boss.wait_for");
    EXPECT_EQ(each.waits[0].target.rfind("h0/p1.1/a", 0), 0U) << each.waits[0].target;
  }
  ASSERT_EQ(other.actors.size(), 1U);
  EXPECT_EQ(other.actors[0].name, "worker[gpu=1/2]");
  EXPECT_EQ(other.actors[0].queued, 0U);
  EXPECT_EQ(other.busy_ns, 0U);
  EXPECT_EQ(std::count_if(listening.begin(), listening.end(), [&](auto const& each) { return each.run == run; }), 3);

  auto const gone = roost::ask_status({run, "h0/p1.1"}, 1);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.failure().code, roost::errc::unavailable);
}

}  // namespace looking
