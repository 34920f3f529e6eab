// A fault, or a host that no mesh includes, leaves the decisions of those that it has no causal path to byte for byte as they were.

#include "stage.test.hpp"

#include <roost/sim/fault_text.hpp>

using namespace stage;

namespace unrelated {

/// Plays rounds with a partner, each after a drawn pause.
struct Duelist : roost::actor {
  std::uint64_t hit(std::uint64_t ball) { return ball + roost::random_below(3); }
  std::uint64_t play(roost::actor_mesh<Duelist> partner, std::uint64_t rounds);
};
ROOST_EXPORT(Duelist, hit, play)
std::uint64_t Duelist::play(roost::actor_mesh<Duelist> partner, std::uint64_t rounds) {
  std::uint64_t ball = 0;
  for (std::uint64_t i = 0; i != rounds; ++i) {
    roost::sleep(std::chrono::microseconds(roost::random_below(300)));
    ball = partner->hit.call_one(ball).get();
  }
  return ball;
}

/// Two pairs, on hosts 1 and 2 and on hosts 3 and 4; the root on host 0 has started both, and is asked by neither.
void two_pairs(roost::hosts hosts, std::vector<std::string> const&) {
  auto const players = hosts.slice(1, 5).spawn_procs().spawn<Duelist>("players");
  roost::sleep(2s);  // By then all procs run, whatever launch times the seed draws.
  auto const near = players.at_rank(0)->play.call_one(players.at_rank(1), std::uint64_t{400});
  auto const far = players.at_rank(2)->play.call_one(players.at_rank(3), std::uint64_t{400});
  static_cast<void>(near.get());
  static_cast<void>(far.get());
}

roost::sim::scenario five_hosts() {
  auto s = roost::sim::calm();
  s.hosts = 5;
  s.net.bits_per_second = 0;  // A busy port relates all procs of its host.
  return s;
}

roost::sim::fault_plan plan_of(std::vector<std::string> const& lines) {
  roost::sim::fault_plan plan;
  for (auto const& line : lines) plan.push_back(*roost::sim::parse_fault(line));
  return plan;
}

using lines_of_trace = std::vector<std::string>;

/// The trace of one run; or, of its lines, those of the procs of one pair, until the player named first has answered the root.
lines_of_trace decisions(roost::sim::scenario const& what, std::uint64_t seed, roost::sim::fault_plan plan,
                         std::vector<std::string> const& pair = {}) {
  roost::program program(two_pairs);
  lines_of_trace lines;
  bool over = false;
  roost::sim::run_options options;
  options.seed = seed;
  options.plan = std::move(plan);
  options.trace = [&](roost::sim::trace_event const& event) {
    auto const begins = [&](std::string const& name) { return event.text.starts_with(name); };
    if (over || !(pair.empty() || std::ranges::any_of(pair, begins))) return;
    lines.push_back(to_string(event.at) + " " + event.text);
    over = !pair.empty() && begins(pair[0]) && event.text.find(" replied ") != std::string::npos;
  };
  auto const done = roost::sim::run(what, options, program);
  EXPECT_EQ(done.outcome, roost::sim::verdict::held) << done.program_error.describe();
  return lines;
}

TEST(unrelated, actors_decide_the_same_when_a_fault_of_others_is_taken_away) {
  std::vector<std::string> const near{"h1/p1.1", "h2/p1.1"};
  std::vector<std::string> const far{"h3/p1.1", "h4/p1.1"};
  std::vector<std::string> const all{"reset host1 at 2015ms",
                                     "slow_host host3 at 2003ms for 5ms factor 700%",
                                     "pause_proc host4/p1 at 2010ms for 4ms",
                                     "noise host3 at 2020ms for 9ms loss 300000ppm",
                                     "reset host4 at 2035ms",
                                     "partition host3 | host4 at 2045ms for 5ms"};
  auto const s = five_hosts();
  std::vector<int> felt(all.size());  // Seeds in which a fault changed what it struck.
  for (std::uint64_t seed = 1; seed != 6; ++seed) {
    auto const with = decisions(s, seed, plan_of(all), near);
    ASSERT_GT(with.size(), 1'000U) << "seed " << seed;
    auto const struck = decisions(s, seed, plan_of(all), far);
    for (std::size_t away = 1; away != all.size(); ++away) {
      auto fewer = all;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(away));
      ASSERT_EQ(with, decisions(s, seed, plan_of(fewer), near)) << "seed " << seed << " without " << all[away];
      felt[away] += struck == decisions(s, seed, plan_of(fewer), far) ? 0 : 1;
    }
  }
  for (std::size_t i = 1; i != all.size(); ++i) EXPECT_GT(felt[i], 0) << all[i];
}

TEST(unrelated, actors_decide_the_same_beside_an_idle_host) {
  auto wider = five_hosts();
  ++wider.hosts;
  for (std::uint64_t seed = 1; seed != 11; ++seed) {
    auto const plan = plan_of({"reset host1 at 2015ms", "partition host3 | host4 at 2016ms for 5ms"});
    auto const narrow = decisions(five_hosts(), seed, plan);
    ASSERT_GT(narrow.size(), 2'000U);
    ASSERT_EQ(narrow, decisions(wider, seed, plan)) << "seed " << seed;
  }
}

}  // namespace unrelated
