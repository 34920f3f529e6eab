// How endpoints of meshes are invoked, and what they give back.

#include "stage.test.hpp"

#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <variant>

using namespace stage;

namespace adverbs {

struct Player : roost::actor {
  explicit Player(int number = 0, std::string team = "none") : number_(number), team_(std::move(team)) {}
  int add(int x) { return sum_ = number_ + x; }
  int sum() const { return sum_; }
  std::string team() { return team_; }
  std::uint64_t rank() { return roost::here().rank(); }
  std::uint64_t message_rank() { return roost::here().message_rank(); }
  void fail(std::uint64_t rank) {
    if (roost::here().rank() == rank) throw std::runtime_error("asked to");
  }
  void sleep() { roost::sleep(20s); }
  std::uint64_t rank_0_late() {
    if (roost::here().rank() == 0) roost::sleep(20s);
    return roost::here().rank();
  }

 private:
  int number_;
  std::string team_;
  int sum_ = -1;
};
ROOST_EXPORT(Player, add, sum, team, rank, message_rank, fail, sleep, rank_0_late)

/// References and ports in every kind of container.
struct bundle {
  std::vector<roost::port<int>> ports;
  std::optional<roost::actor_mesh<Player>> players;
  std::map<std::string, roost::once_port<int>> by_name;
  std::variant<int, roost::proc_mesh> where;
};

struct Table : roost::actor {
  int use(bundle b) {
    for (auto const& p : b.ports) p.send(b.players->at_rank(1)->add.call_one(1).get());
    for (auto const& [name, p] : b.by_name) p.send(static_cast<int>(name.size()));
    return static_cast<int>(std::get<roost::proc_mesh>(b.where).size());
  }
  void chained() {
    throw roost::exception(roost::error(errc::unavailable, "no flour").caused_by({errc::path_lost, "the mill is cut off"}));
  }
  void ask_chained(roost::actor_mesh<Table> other);
  int read(roost::value_mesh<int> values) { return values.at(2); }
  int ask(roost::actor_mesh<Player> players) { return players.at_rank(1)->add.call_one(30).get(); }
  int through(roost::port<int> p, roost::once_port<std::string> o) {
    p.send(1);
    p.send(2);
    o.send("once");
    o.send("twice");
    return 3;
  }
  std::uint64_t place(roost::proc_mesh procs) { return procs.spawn<Player>("guests")->rank.call().get().at(3).value(); }
};
ROOST_EXPORT(Table, read, ask, through, place, use, chained, ask_chained)
void Table::ask_chained(roost::actor_mesh<Table> other) { other->chained.call_one().get(); }

roost::actor_mesh<Player> four(roost::hosts const& hosts) { return hosts.spawn_procs(gpu = 2).spawn<Player>("team", 7, "red"); }

ROOST_SIM_TEST(adverbs, call_gives_one_result_per_rank_and_keeps_the_shape, roost::sim::calm()) {
  auto const team = four(hosts);
  auto const results = team->rank.call().get();
  EXPECT_EQ(results.extent(), roost::extent({"host", "gpu"}, {2, 2}));
  for (std::uint64_t rank = 0; rank != 4; ++rank) EXPECT_EQ(results.at(rank).value(), rank);
}

ROOST_SIM_TEST(adverbs, call_one_gives_the_result_of_the_only_rank, roost::sim::calm()) {
  auto const team = four(hosts);
  EXPECT_EQ(team.at(host = 1, gpu = 0)->rank.call_one().get(), 2U);
  EXPECT_EQ(team.at_rank(3)->add.call_one(1).get(), 8);
}

ROOST_SIM_TEST(adverbs, call_one_refuses_a_mesh_of_several_ranks_at_once, roost::sim::calm()) {
  auto const team = four(hosts);
  auto const before = roost::now();
  EXPECT_EQ(code_of([&] { (void)team->rank.call_one(); }), errc::not_one_rank);
  EXPECT_EQ(code_of([&] { (void)team.slice(gpu = 0)->rank.call_one(); }), errc::not_one_rank);
  EXPECT_EQ(roost::now(), before);
}

ROOST_SIM_TEST(adverbs, an_empty_reference_is_refused, roost::sim::calm()) {
  roost::actor_mesh<Player> nothing;
  EXPECT_EQ(code_of([&] { (void)nothing->rank.call(); }), errc::bad_argument);
  EXPECT_EQ(code_of([&] { nothing->rank.broadcast(); }), errc::bad_argument);
  EXPECT_EQ(code_of([&] { (void)nothing.slice("gpu", 0); }), errc::bad_argument);
  EXPECT_EQ(code_of([&] { (void)nothing.split(); }), errc::bad_argument);
  EXPECT_EQ(code_of([&] { (void)nothing.rename(); }), errc::bad_argument);
  EXPECT_EQ(code_of([&] { (void)nothing.flatten("gpu"); }), errc::bad_argument);
  EXPECT_EQ(code_of([&] { nothing.stop(); }), errc::bad_argument);
  EXPECT_EQ(code_of([&] { nothing.kill(); }), errc::bad_argument);
}

ROOST_SIM_TEST(adverbs, choose_asks_one_rank_and_spreads_over_all, roost::sim::calm()) {
  auto const team = four(hosts);
  std::set<std::uint64_t> seen;
  for (int i = 0; i != 60; ++i) seen.insert(team->rank.choose().get());
  EXPECT_EQ(seen, (std::set<std::uint64_t>{0, 1, 2, 3}));
}

ROOST_SIM_TEST(adverbs, broadcast_reaches_every_rank, roost::sim::calm()) {
  auto const team = four(hosts);
  team->add.broadcast(5);
  for (auto const& [at, sum] : team->sum.call().get()) EXPECT_EQ(sum.value(), 12);
}

ROOST_SIM_TEST(adverbs, a_broadcast_to_a_slice_reaches_nobody_else, roost::sim::calm()) {
  auto const team = four(hosts);
  team.slice(gpu = 1)->add.broadcast(5);
  auto const sums = team->sum.call().get();
  EXPECT_EQ(sums.at(0).value(), -1);
  EXPECT_EQ(sums.at(1).value(), 12);
  EXPECT_EQ(sums.at(2).value(), -1);
  EXPECT_EQ(sums.at(3).value(), 12);
}

ROOST_SIM_TEST(adverbs, stream_gives_results_as_they_arrive, roost::sim::calm()) {
  auto const team = four(hosts);
  auto const start = roost::now();
  auto results = team->rank_0_late.stream();
  std::vector<std::uint64_t> order;
  while (auto next = results.next()) {
    order.push_back(next->second.value());
    if (order.size() == 3) {
      EXPECT_LT(roost::now() - start, 20s);
    }
  }
  ASSERT_EQ(order.size(), 4U);
  EXPECT_EQ(order.back(), 0U);
}

ROOST_SIM_TEST(adverbs, the_wait_for_a_stream_ends_at_its_deadline_and_goes_on_later, roost::sim::calm()) {
  auto results = four(hosts).at_rank(0)->rank_0_late.stream();
  EXPECT_EQ(code_of([&] { (void)results.next(1s); }), errc::timeout);
  EXPECT_EQ(results.next()->second.value(), 0U);
  EXPECT_FALSE(results.next().has_value());
}

ROOST_SIM_TEST(adverbs, one_rank_that_throws_spoils_no_other_result, roost::sim::calm()) {
  auto const team = four(hosts);
  auto const results = team->fail.call(2).get();
  for (std::uint64_t rank = 0; rank != 4; ++rank) EXPECT_EQ(results.at(rank).has_value(), rank != 2);
  EXPECT_EQ(results.at(2).failure().code, errc::handler_threw);
  EXPECT_TRUE(mentions(results.at(2).failure(), "asked to"));
  EXPECT_TRUE(mentions(results.at(2).failure(), "Player.fail"));
}

ROOST_SIM_TEST(adverbs, an_actor_lives_on_after_its_handler_threw_to_a_caller, roost::sim::calm()) {
  auto const one = four(hosts).at_rank(2);
  EXPECT_EQ(code_of([&] { one->fail.call_one(2).get(); }), errc::handler_threw);
  EXPECT_EQ(one->add.call_one(2).get(), 9);
}

ROOST_SIM_TEST(adverbs, constructor_arguments_travel, roost::sim::calm()) {
  EXPECT_EQ(four(hosts).at_rank(3)->team.call_one().get(), "red");
  EXPECT_EQ(roost::spawn<Player>("here", 3, std::string("blue"))->team.call_one().get(), "blue");
  EXPECT_EQ(roost::spawn<Player>("bare")->team.call_one().get(), "none");
}

ROOST_SIM_TEST(adverbs, a_value_mesh_argument_of_spawn_is_scattered, roost::sim::calm()) {
  auto const procs = hosts.spawn_procs(gpu = 2);
  auto const team = procs.spawn<Player>("team", roost::value_mesh<int>(procs.extent(), {10, 20, 30, 40}), std::string("red"));
  for (auto const& [at, sum] : team->add.call(1).get()) EXPECT_EQ(sum.value(), static_cast<int>(at.rank() + 1) * 10 + 1);
}

ROOST_SIM_TEST(adverbs, scatter_gives_each_rank_of_a_call_its_own_value, roost::sim::calm()) {
  auto const part = four(hosts).slice(host = 1);
  auto const sums = part->add.call(roost::scatter(roost::value_mesh<int>(part.extent(), {100, 200}))).get();
  EXPECT_EQ(sums.at(0).value(), 107);
  EXPECT_EQ(sums.at(1).value(), 207);
}

ROOST_SIM_TEST(adverbs, scattered_values_of_another_extent_are_refused_before_anything_is_sent, roost::sim::calm()) {
  auto const team = four(hosts).slice(gpu = roost::range(0, 1));
  using extents = std::vector<roost::extent>;
  for (auto const& shape : extents{{{"host", 1}, {"gpu", 1}},
                                   {{"host", 3}, {"gpu", 3}},
                                   {{"host", 2}, {"core", 1}},
                                   {{"gpu", 1}, {"host", 2}},
                                   {{"host", 1}, {"gpu", 2}},
                                   {{"host", 2}}}) {
    roost::value_mesh<int> const values(shape, std::vector<int>(shape.size()));
    try {
      (void)team->add.call(roost::scatter(values));
      ADD_FAILURE() << to_string(shape);
    } catch (roost::exception const& e) {
      EXPECT_EQ(e.code(), errc::bad_argument);
      EXPECT_EQ(e.why().what, "a value_mesh of " + to_string(shape) + " has not one value for each rank of host=2,gpu=1");
      EXPECT_EQ(e.why().where, "Player.add");
    }
  }
  for (auto const& [at, sum] : team->sum.call().get()) EXPECT_EQ(sum.value(), -1);
}

/// A mesh of four with a rank 1 that handles nothing for 20 s and has no room either.
roost::actor_mesh<Player> four_with_a_full_one(roost::hosts const& hosts) {
  auto const team = four(hosts);
  for (auto const& [at, rank] : team->rank.call().get()) EXPECT_TRUE(rank);
  team.at_rank(1)->sleep.broadcast();
  roost::sleep(2s);
  team.at_rank(1)->rank.broadcast();
  return team;
}

ROOST_SIM_TEST(adverbs, a_rank_without_room_until_the_deadline_spoils_no_other_result,
               stage::with_knob("link.credit_messages", 1)) {
  auto const team = four_with_a_full_one(hosts);
  auto const results = team->rank.with(5s).call().get();
  for (std::uint64_t rank = 0; rank != 4; ++rank) EXPECT_EQ(results.at(rank).has_value(), rank != 1);
  EXPECT_EQ(results.at(1).failure().code, errc::timeout);
  EXPECT_TRUE(mentions(results.at(1).failure(), "waiting for credit"));
}

ROOST_SIM_TEST(adverbs, a_stream_gives_the_timeout_of_a_rank_without_room_and_all_else,
               stage::with_knob("link.credit_messages", 1)) {
  auto const team = four_with_a_full_one(hosts);
  auto results = team->rank.with(5s).stream();
  std::map<std::uint64_t, errc> came;
  while (auto const next = results.next()) came[next->first.rank()] = next->second ? errc::ok : next->second.failure().code;
  EXPECT_EQ(came, (std::map<std::uint64_t, errc>{{0, errc::ok}, {1, errc::timeout}, {2, errc::ok}, {3, errc::ok}}));
}

ROOST_SIM_TEST(adverbs, a_broadcast_names_the_ranks_without_room_once_all_others_have_it,
               stage::with_knob("link.credit_messages", 1)) {
  auto const team = four_with_a_full_one(hosts);
  try {
    team->add.with(5s).broadcast(5);
    ADD_FAILURE();
  } catch (roost::exception const& e) {
    EXPECT_EQ(e.code(), errc::timeout);
    EXPECT_EQ(e.why().what, "the broadcast was not sent to 1 of 4 ranks: team[host=0/2,gpu=1/2]");
    EXPECT_TRUE(mentions(e.why(), "waiting for credit"));
  }
  roost::sleep(30s);
  auto const sums = team->sum.call().get();
  for (std::uint64_t rank = 0; rank != 4; ++rank) EXPECT_EQ(sums.at(rank).value(), rank == 1 ? -1 : 12);
}

ROOST_SIM_TEST(adverbs, a_call_waits_for_room_where_it_comes_before_the_deadline, stage::with_knob("link.credit_messages", 1)) {
  auto const team = four_with_a_full_one(hosts);
  for (auto const& [at, rank] : team->rank.with(60s).call().get()) EXPECT_EQ(rank.value(), at.rank());
}

ROOST_SIM_TEST(adverbs, a_value_mesh_argument_of_a_call_arrives_whole, roost::sim::calm()) {
  auto const table = hosts.spawn_procs(gpu = 1).spawn<Table>("table");
  EXPECT_EQ(table.at_rank(1)->read.call_one(roost::value_mesh<int>(roost::extent({"x"}, {4}), {5, 6, 7, 8})).get(), 7);
}

ROOST_SIM_TEST(adverbs, a_mesh_reference_arrives_as_one, roost::sim::calm()) {
  auto const procs = hosts.spawn_procs(gpu = 2);
  auto const team = procs.spawn<Player>("team", 7);
  auto const table = procs.spawn<Table>("table").at_rank(3);
  EXPECT_EQ(table->ask.call_one(team.slice(gpu = 0)).get(), 37);
  EXPECT_EQ(team->sum.call().get().at(2).value(), 37);  // Rank 1 of the slice is rank 2 of the mesh.
}

ROOST_SIM_TEST(adverbs, a_proc_mesh_reference_can_be_spawned_on_elsewhere, roost::sim::calm()) {
  auto const procs = hosts.spawn_procs(gpu = 2);
  EXPECT_EQ(procs.spawn<Table>("table").at_rank(2)->place.call_one(procs).get(), 3U);
}

ROOST_SIM_TEST(adverbs, ports_travel_as_arguments_and_once_ports_take_one_value, roost::sim::calm()) {
  auto const table = hosts.spawn_procs(gpu = 1).spawn<Table>("table").at_rank(1);
  auto [p, values] = roost::channel<int>();
  auto [o, text] = roost::once_channel<std::string>();
  EXPECT_EQ(table->through.call_one(p, o).get(), 3);
  EXPECT_EQ(values.recv(5s), 1);
  EXPECT_EQ(values.recv(5s), 2);
  EXPECT_EQ(text.recv(5s), "once");
  EXPECT_EQ(code_of([&, &t = text] { (void)t.recv(1s); }), errc::timeout);
}

ROOST_SIM_TEST(adverbs, references_and_ports_travel_inside_containers, roost::sim::calm()) {
  auto const procs = hosts.spawn_procs(gpu = 1);
  auto const table = procs.spawn<Table>("table").at_rank(1);
  auto [a, first] = roost::channel<int>();
  auto [b, second] = roost::channel<int>();
  auto [o, once] = roost::once_channel<int>();
  EXPECT_EQ(table->use.call_one({{a, b}, procs.spawn<Player>("team", 7), {{"seven", o}}, procs}).get(), 2);
  EXPECT_EQ(first.recv(20s), 8);
  EXPECT_EQ(second.recv(20s), 8);
  EXPECT_EQ(once.recv(20s), 5);
}

ROOST_SIM_TEST(adverbs, what_a_handler_throws_keeps_its_text_and_its_causes_through_every_caller, roost::sim::calm()) {
  auto const tables = hosts.spawn_procs(gpu = 1).spawn<Table>("table");
  for (std::uint64_t asked = 0; asked != 2; ++asked) {
    auto const why = tables.at_rank(0)->ask_chained.call_one(tables.at_rank(1)).wait().failure();
    EXPECT_EQ(why.code, errc::unavailable);
    EXPECT_EQ(why.what, "no flour");
    EXPECT_TRUE(mentions(why, "Table.chained")) << why.describe();
    EXPECT_TRUE(mentions(why, errc::path_lost));
    EXPECT_TRUE(mentions(why, "the mill is cut off"));
  }
}

ROOST_SIM_TEST(adverbs, a_handler_knows_its_rank_in_the_mesh_and_in_the_slice, roost::sim::calm()) {
  auto const part = four(hosts).slice(gpu = 1);
  auto const own = part->rank.call().get();
  auto const cast = part->message_rank.call().get();
  EXPECT_EQ(own.at(0).value(), 1U);
  EXPECT_EQ(own.at(1).value(), 3U);
  EXPECT_EQ(cast.at(0).value(), 0U);
  EXPECT_EQ(cast.at(1).value(), 1U);
}

ROOST_SIM_TEST(adverbs, a_result_keeps_its_rank_when_another_actor_took_its_time, roost::sim::calm()) {
  auto const ranks = four(hosts)->rank_0_late.call().get();
  for (std::uint64_t rank = 0; rank != 4; ++rank) EXPECT_EQ(ranks.at(rank).value(), rank);
}

}  // namespace adverbs
