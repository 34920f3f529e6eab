// `choose` draws among the ranks that the chooser's proc does not know to be over.

#include "stage.test.hpp"

#include <set>

using namespace stage;

namespace choosing {

struct Candidate : roost::actor {
  std::uint64_t rank() { return roost::here().rank(); }
  void fail() { throw std::runtime_error("asked to"); }
};
ROOST_EXPORT(Candidate, rank, fail)

using candidates = roost::actor_mesh<Candidate>;

/// Asks `team` often, and gives the ranks that answered; -1 where an answer was an error.
std::set<int> ranks_chosen(candidates const& team) {
  std::set<int> seen;
  for (int i = 0; i != 60; ++i) {
    auto const answer = team->rank.choose().wait(20s);
    seen.insert(answer ? static_cast<int>(*answer) : -1);
  }
  return seen;
}

struct Chooser : roost::actor {
  void look(std::vector<roost::actor_id> whom) {
    for (auto const& each : whom) roost::watch(each);
  }
  std::set<int> choose(candidates team) { return ranks_chosen(team); }
};
ROOST_EXPORT(Chooser, look, choose)

ROOST_SIM_TEST(choosing, the_owner_chooses_nobody_of_whose_end_it_was_told, roost::sim::calm()) {
  as_keeper([&](Keeper& self) {
    auto const team = hosts.spawn_procs(gpu = 2).spawn<Candidate>("team");
    EXPECT_EQ(ranks_chosen(team), (std::set<int>{0, 1, 2, 3}));
    team.at_rank(0).stop();
    team.at_rank(1).kill();
    team.at_rank(2)->fail.broadcast();
    roost::sleep(5s);
    EXPECT_EQ(self.failures.size(), 2U);
    EXPECT_EQ(ranks_chosen(team), (std::set<int>{3}));
    team.respawn(1);
    EXPECT_EQ(ranks_chosen(team), (std::set<int>{1, 3}));
    team.at_rank(1).stop();
    team.at_rank(3).stop();
    roost::sleep(5s);
    EXPECT_EQ(code_of([&] { (void)team->rank.choose(); }), errc::unavailable);
  });
}

ROOST_SIM_TEST(choosing, others_of_the_owners_proc_choose_as_it_does, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const team = hosts.spawn_procs(gpu = 2).spawn<Candidate>("team");
    auto const chooser = roost::spawn<Chooser>("chooser");
    team.at_rank(1).stop();
    roost::sleep(5s);
    EXPECT_EQ(chooser->choose.call_one(team).get(), (std::set<int>{0, 2, 3}));
  });
}

ROOST_SIM_TEST(choosing, who_watches_chooses_nobody_of_whose_end_it_was_told, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const procs = hosts.spawn_procs(gpu = 2);
    auto const team = procs.spawn<Candidate>("team");
    auto const chooser = procs.at(host = 1, gpu = 1).spawn<Chooser>("chooser");
    chooser->look.call_one({team.id(0), team.id(1)}).get();
    roost::sleep(5s);
    team.at_rank(0).stop();
    team.at_rank(1).kill();
    team.at_rank(3).stop();  // Of its own proc.
    roost::sleep(5s);
    EXPECT_EQ(chooser->choose.call_one(team).get(), (std::set<int>{2}));
  });
}

ROOST_SIM_TEST(choosing, who_was_told_by_nobody_chooses_a_rank_that_is_over_once, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const procs = hosts.spawn_procs(gpu = 2);
    auto const team = procs.spawn<Candidate>("team");
    auto const chooser = procs.at(host = 1, gpu = 1).spawn<Chooser>("chooser");
    EXPECT_EQ(chooser->choose.call_one(team).get(), (std::set<int>{0, 1, 2, 3}));
    team.at_rank(0).stop();
    roost::sleep(5s);
    EXPECT_EQ(chooser->choose.call_one(team).get(), (std::set<int>{-1, 1, 2, 3}));
    EXPECT_EQ(chooser->choose.call_one(team).get(), (std::set<int>{1, 2, 3}));
  });
}

}  // namespace choosing
