// The agents of procs and hosts as actors: what they say, whom they stop, and what their callers see when they are lost.

#include "stage.test.hpp"

using namespace stage;
using roost::sim::fault_kind;

namespace agents {

struct Porter : roost::actor {
  int work() { return 1; }
  void rest() { roost::sleep(1h); }
  void fail() { throw std::runtime_error("fails as it was told"); }
  void cleanup(roost::error const* why) override { write(why == nullptr ? "stopped" : "ended"); }
};
ROOST_EXPORT(Porter, work, rest, fail)

/// Asks agents from a proc that is not the root's.
struct Registrar : roost::actor {
  std::uint64_t count_procs() {
    std::uint64_t running = 0;
    for (auto const& [at, procs] : roost::all_hosts().agents()->procs.call().get()) {
      for (auto const& each : procs ? *procs : std::vector<roost::host_proc_status>{}) running += each.state == "running";
    }
    return running;
  }
  std::uint64_t count_actors(roost::actor_mesh<roost::proc_agent> of) { return of->status.call_one(100).get().actor_count; }
};
ROOST_EXPORT(Registrar, count_procs, count_actors)

roost::actor_status row_of(roost::proc_status const& said, std::string_view name) {
  auto const at = std::find_if(said.actors.begin(), said.actors.end(), [&](auto const& each) { return each.name == name; });
  return at == said.actors.end() ? roost::actor_status() : *at;
}

/// What the agent of a host says of a proc; nothing where it does not know it.
roost::host_proc_status row_of(std::vector<roost::host_proc_status> const& said, roost::proc_id id) {
  auto const at = std::find_if(said.begin(), said.end(), [&](auto const& each) { return each.id == id; });
  return at == said.end() ? roost::host_proc_status() : *at;
}

ROOST_SIM_TEST(agents, each_proc_has_one_that_tells_of_its_actors, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const procs = hosts.spawn_procs(gpu = 2);
    auto const porters = procs.spawn<Porter>("porters");
    porters->work.call().get();
    for (std::uint64_t rank = 0; rank != porters.size(); ++rank) porters.at_rank(rank)->rest.broadcast();
    porters->work.broadcast();
    roost::sleep(1s);
    auto const agents = procs.agents();
    EXPECT_EQ(agents.extent(), procs.extent());
    for (auto const& [at, said] : agents->status.call(100).get()) {
      ASSERT_TRUE(said.has_value()) << said.failure().describe();
      EXPECT_EQ(said->id, to_string(procs.id(at.rank())));
      auto const porter = row_of(*said, "porters[" + to_string(at) + "]");
      EXPECT_EQ(porter.local, porters.id(at.rank()).local);
      EXPECT_EQ(porter.class_name, "Porter");
      EXPECT_EQ(porter.state, "running");
      EXPECT_EQ(porter.queued, 1U);
      ASSERT_EQ(porter.waits.size(), 1U);
      EXPECT_EQ(porter.waits[0].what, "sleep");
      EXPECT_EQ(row_of(*said, "agent").class_name, "roost.proc_agent");
      EXPECT_EQ(said->actor_count, 2U);
      EXPECT_FALSE(said->sessions.empty());
    }
    porters.kill();
  });
}

ROOST_SIM_TEST(agents, one_that_nobody_has_addressed_is_not_there, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const procs = hosts.spawn_procs(gpu = 1);
    procs.spawn<Porter>("porters")->work.call().get();
    auto const agents = procs.agents();
    auto const said = agents.at_rank(0)->status.call_one(100).get();
    EXPECT_EQ(said.counters.actors_started, 2U);  // The porter, and the agent that says so.
    auto const own = roost::proc_mesh({roost::here().proc()}, roost::region(roost::extent())).agents();
    EXPECT_EQ(own->status.choose(100).get().id, to_string(roost::here().proc()));
    EXPECT_EQ(agents.slice(host = 1)->status.call_one(100).get().counters.actors_started, 2U);
  });
}

ROOST_SIM_TEST(agents, they_tell_of_the_last_failures, roost::sim::calm()) {
  as_keeper([&](Keeper& self) {
    auto const procs = hosts.spawn_procs(gpu = 1);
    auto const porters = procs.spawn<Porter>("porters");
    porters.at_rank(1)->fail.broadcast();
    while (self.failures.empty()) roost::sleep(1ms);
    auto const said = procs.agents().at_rank(1)->status.call_one(100).get();
    ASSERT_EQ(said.failures.size(), 1U);
    EXPECT_EQ(said.failures[0].local, porters.id(1).local);
    EXPECT_NE(said.failures[0].why.find("fails as it was told"), std::string::npos) << said.failures[0].why;
    EXPECT_EQ(said.counters.actors_failed, 1U);
  });
}

ROOST_SIM_TEST(agents, they_stop_actors_by_id_and_by_name_which_drain, roost::sim::calm()) {
  as_keeper([&](Keeper& self) {
    auto const procs = hosts.spawn_procs(gpu = 1);
    auto const first = procs.spawn<Porter>("first");
    auto const second = procs.spawn<Porter>("second");
    auto const agent = procs.agents().at_rank(0);
    EXPECT_EQ(agent->stop_actors.call_one("nobody").get(), 0U);
    EXPECT_EQ(agent->stop_actors.call_one(to_string(first.id(1))).get(), 0U);  // Of another proc.
    EXPECT_EQ(agent->stop_actors.call_one("agent").get(), 0U);                 // Itself is none of them.
    EXPECT_EQ(agent->stop_actors.call_one(to_string(first.id(0))).get(), 1U);
    EXPECT_EQ(end_of(first.id(0)).code, errc::actor_stopped);
    EXPECT_EQ(agent->stop_actors.call_one("second").get(), 1U);
    EXPECT_EQ(end_of(second.id(0)).code, errc::actor_stopped);
    EXPECT_EQ(lines("stopped"), 2U);
    EXPECT_EQ(first.at_rank(1)->work.call_one().get(), 1);
    EXPECT_TRUE(self.failures.empty());
  });
}

ROOST_SIM_TEST(agents, nobody_ends_them_or_is_linked_to_them, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const procs = hosts.spawn_procs(gpu = 1);
    auto const agents = procs.agents();
    EXPECT_EQ(code_of([&] { agents.stop(); }), errc::bad_argument);
    EXPECT_EQ(code_of([&] { agents.kill(); }), errc::bad_argument);
    EXPECT_EQ(code_of([&] { roost::link_to(agents.id(0)); }), errc::bad_argument);
    EXPECT_EQ(code_of([&] { agents.respawn(0); }), errc::bad_argument);
    EXPECT_EQ(code_of([&] { hosts.agents().kill(); }), errc::bad_argument);
    for (auto const& [at, said] : agents->status.call(0).get()) EXPECT_TRUE(said.has_value());
  });
}

ROOST_SIM_TEST(agents, references_to_them_travel_and_name_the_same_ones, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const procs = hosts.spawn_procs(gpu = 1);
    auto const registrars = procs.spawn<Registrar>("registrars");
    (void)registrars->count_procs.call().get();  // All of them are there.
    EXPECT_EQ(registrars.at_rank(0)->count_actors.call_one(procs.agents().at_rank(1)).get(), 2U);
    EXPECT_EQ(registrars.at_rank(1)->count_actors.call_one(procs.agents().at_rank(1)).get(), 2U);  // From its own proc.
  });
}

/// Nothing else goes wrong, and silence says something soon.
roost::sim::scenario proc_dies() {
  auto s = stage::with_fault(fault_kind::crash_proc, 5s, "host1/p1");
  s.knobs["link.path_bound"] = 1'000'000'000;
  return s;
}

ROOST_SIM_TEST(agents, callers_of_the_agent_of_a_killed_proc_are_told_which, proc_dies()) {
  as_keeper([&](Keeper&) {
    auto const procs = hosts.spawn_procs(gpu = 1);
    auto const agents = procs.agents();
    while (agents.at_rank(1)->status.call_one(100).wait()) roost::sleep(10ms);
    auto const lost = agents.at_rank(1)->status.call_one(100).wait();
    ASSERT_FALSE(lost.has_value());
    EXPECT_TRUE(mentions(lost.failure(), errc::proc_failed)) << lost.failure().describe();
    EXPECT_TRUE(mentions(lost.failure(), "h1/p1.1")) << lost.failure().describe();
    EXPECT_TRUE(agents.at_rank(0)->status.call_one(100).wait().has_value());
  });
}

ROOST_SIM_TEST(agents, a_wait_for_the_end_of_one_ends_with_its_proc, proc_dies()) {
  as_keeper([&](Keeper&) {
    auto const procs = hosts.spawn_procs(gpu = 1);
    auto const start = roost::now();
    auto const why = end_of(procs.agents().id(1));
    EXPECT_TRUE(mentions(why, errc::proc_failed)) << why.describe();
    EXPECT_GE(roost::now() - start, 4s);  // It was there until then, though nobody had addressed it.
  });
}

ROOST_SIM_TEST(agents, each_host_has_one_that_tells_of_its_procs, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const procs = hosts.spawn_procs(gpu = 2);
    procs.spawn<Porter>("porters")->work.call().get();
    auto const agents = hosts.agents();
    ASSERT_EQ(agents.size(), 2U);
    EXPECT_EQ(agents.extent(), roost::extent({"host"}, {2}));
    auto const all = agents->procs.call().get();
    for (std::uint64_t rank = 0; rank != procs.size(); ++rank) {
      auto const& said = all.at(rank / 2);
      ASSERT_TRUE(said.has_value()) << said.failure().describe();
      auto const row = row_of(*said, procs.id(rank));
      EXPECT_EQ(row.state, "running");
      EXPECT_EQ(row.name, "procs/" + std::to_string(rank));
      EXPECT_EQ(row.process, 0U);
      EXPECT_EQ(row.end, "");
    }
    EXPECT_EQ(all.at(0)->size(), 2U);
    EXPECT_EQ(all.at(1)->size(), 3U);  // The agent's own is one of them.
    EXPECT_EQ(row_of(*all.at(1), {hosts.id(1), 0, 1}).name, "agent");
  });
}

ROOST_SIM_TEST(agents, every_proc_means_the_same_one_of_a_host, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const procs = hosts.spawn_procs(gpu = 1);
    auto const registrars = procs.spawn<Registrar>("registrars");
    EXPECT_EQ(hosts.agents().id(0).proc, (roost::proc_id{hosts.id(0), 0, 1}));
    (void)registrars->count_procs.call().get();  // All of them run.
    for (auto const& [at, counted] : registrars->count_procs.call().get()) {
      ASSERT_TRUE(counted.has_value()) << counted.failure().describe();
      EXPECT_EQ(*counted, 3U);
    }
    EXPECT_EQ(registrars.at_rank(1)->count_procs.call_one().get(), 3U);
  });
}

ROOST_SIM_TEST(agents, the_agent_of_a_host_knows_how_its_procs_ended, proc_dies()) {
  as_keeper([&](Keeper&) {
    auto const procs = hosts.spawn_procs(gpu = 1);
    procs.spawn<Porter>("porters")->work.call().get();
    auto const agent = hosts.slice(1, 2).agents();
    EXPECT_EQ(row_of(agent->procs.call_one().get(), procs.id(1)).state, "running");
    while (procs.agents().at_rank(1)->status.call_one(0).wait()) roost::sleep(100ms);
    auto const row = row_of(agent->procs.call_one().get(), procs.id(1));
    EXPECT_EQ(row.state, "ended");
    EXPECT_NE(row.end.find("killed by a fault"), std::string::npos) << row.end;
  });
}

ROOST_SIM_TEST(agents, callers_of_the_agent_of_a_killed_host_are_told_which, [] {
  auto s = stage::with_fault(fault_kind::crash_host, 5s, "host1", 1h);
  s.knobs["link.path_bound"] = 1'000'000'000;
  return s;
}()) {
  as_keeper([&](Keeper&) {
    auto const agents = hosts.agents();
    EXPECT_TRUE(agents.at_rank(1)->procs.call_one().wait().has_value());
    auto lost = agents.at_rank(1)->procs.call_one().wait();
    while (lost) {
      roost::sleep(10ms);
      lost = agents.at_rank(1)->procs.call_one().wait();
    }
    EXPECT_TRUE(mentions(lost.failure(), "h1/p0.1")) << lost.failure().describe();
    lost = agents.at_rank(1)->procs.call_one().wait();
    EXPECT_TRUE(!lost && mentions(lost.failure(), errc::proc_failed)) << lost.failure().describe();
    EXPECT_TRUE(agents.at_rank(0)->procs.call_one().wait().has_value());
  });
}

/// Keeps asking all agents, and everyone else's agents too, whatever breaks meanwhile.
ROOST_SIM_TEST_SEEDS(agents, every_question_is_answered_or_fails_in_a_storm, roost::sim::stormy(), 1, 200) {
  as_keeper([&](Keeper&) {
    auto const procs = hosts.spawn_procs(gpu = 2);
    auto const registrars = procs.spawn<Registrar>("registrars");
    for (int round = 0; round != 20; ++round) {
      auto counted = registrars->count_procs.call();
      auto said = procs.agents()->status.call(10);
      auto known = hosts.agents()->procs.call();
      (void)registrars.at_rank(0)->count_actors.call_one(procs.agents().at_rank(3)).wait();
      procs.agents()->stop_actors.broadcast("nobody");
      (void)counted.wait();
      (void)known.wait();
      auto const answers = said.wait();
      for (auto const& [at, each] : *answers) {
        EXPECT_TRUE(!each || each->id == to_string(procs.id(at.rank())));
      }
      roost::sleep(10ms);
    }
  });
}

}  // namespace agents
