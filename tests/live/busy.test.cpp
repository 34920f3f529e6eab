// Procs whose handlers compute for longer than any bound on silence: nobody takes them for dead.

#include <gtest/gtest.h>

#include <roost/base/plant.hpp>
#include <roost/roost.hpp>
#include <roost/transports/local.hpp>

#include <chrono>
#include <string>

namespace busy {

using namespace std::chrono_literals;

/// Holds the thread, as code does that computes.
void compute_for(std::chrono::milliseconds duration) {
  auto const until = std::chrono::steady_clock::now() + duration;
  while (std::chrono::steady_clock::now() < until) {
  }
}

struct Cruncher : roost::actor {
  int crunch(int milliseconds) {
    compute_for(std::chrono::milliseconds(milliseconds));
    return milliseconds;
  }
  int count() { return ++count_; }

 private:
  int count_ = 0;
};
ROOST_EXPORT(Cruncher, crunch, count)

/// Waits for a busy actor of another proc, and goes on sending to it meanwhile.
struct Client : roost::actor {
  int ask(roost::actor_mesh<Cruncher> whom, int milliseconds) {
    auto answer = whom->crunch.call_one(milliseconds);
    for (int i = 0; i < 5; ++i) {
      whom->count.broadcast();
      roost::sleep(100ms);
    }
    return answer.get();
  }
};
ROOST_EXPORT(Client, ask)

/// Every bound on silence far below what handlers take here.
roost::knob_values impatient() {
  roost::knob_values knobs;
  for (auto const& [name, value] :
       std::initializer_list<std::pair<char const*, std::chrono::nanoseconds>>{{"link.heartbeat_interval", 30ms},
                                                                               {"link.silence_reset", 100ms},
                                                                               {"link.suspect_min", 60ms},
                                                                               {"link.suspect_max", 150ms},
                                                                               {"link.path_bound", 400ms},
                                                                               {"link.resend_max", 100ms},
                                                                               {"actor.lease", 600ms},
                                                                               {"actor.launch_bound", 2s}}) {
    EXPECT_TRUE(knobs.set(*roost::find_knob(name), value.count())) << name;
  }
  return knobs;
}

/// What the program came to: the answers, or how it failed.
std::string outcome() {
  std::string said;
  roost::program what([&](roost::hosts hosts, std::vector<std::string> const&) {
    auto procs = hosts.spawn_procs({{"gpu", 2}});
    auto crunchers = procs.spawn<Cruncher>("cruncher");
    auto client = procs.at(roost::dim("gpu") = 1).spawn<Client>("client");
    auto answer = client->ask.call_one(crunchers.at(roost::dim("gpu") = 0), 1'200);
    compute_for(1'500ms);  // The root itself, whose procs live by its word.
    said = std::to_string(answer.get());
  });
  auto const why = roost::run_local(what, {.transport = roost::local_transport::loopback,
                                           .arguments = {},
                                           .knobs = impatient(),
                                           .catch_signals = false,
                                           .prepare = [](roost::live_options& proc) { proc.least = roost::log_level::failure; }});
  return why ? why.describe() : said;
}

TEST(Busy, AProcThatComputesIsNotTakenForDead) { EXPECT_EQ(outcome(), "1200"); }

#if defined(ROOST_PLANTS) && ROOST_PLANTS
TEST(Busy, WithoutAStandInItIsTakenForDead) {
  roost::find_plant("nobody-stands-in")->arm(true);
  auto const said = outcome();
  roost::find_plant("nobody-stands-in")->arm(false);
  EXPECT_NE(said, "1200") << "the planted bug shows nothing";
}
#endif

}  // namespace busy
