// The end of actors: its bound, those who own very many, and what is spawned on the way.

#include "stage.test.hpp"

#include <vector>

using namespace stage;

namespace ends {

struct Leaf : roost::actor {
  int ping() { return 1; }
};
ROOST_EXPORT(Leaf, ping)

/// Owns as many actors of one other proc as it is told to.
struct Crowd : roost::actor {
  void gather(roost::proc_mesh where, std::uint32_t many) {
    for (std::uint32_t i = 0; i != many; ++i) leaves_.push_back(where.spawn<Leaf>("leaf"));
    std::vector<roost::future<int>> there;
    for (auto const& one : leaves_) there.push_back(one->ping.call_one());
    roost::wait_all(there);
  }
  std::vector<roost::actor_mesh<Leaf>> leaves() { return leaves_; }

 private:
  std::vector<roost::actor_mesh<Leaf>> leaves_;
};
ROOST_EXPORT(Crowd, gather, leaves)

/// Cleans up for as long as it is told to.
struct Slow : roost::actor {
  Slow(std::string name, std::uint32_t seconds) : name_(std::move(name)), seconds_(seconds) {}
  void own(std::uint32_t seconds);
  int idle() { return 1; }
  void cleanup(roost::error const*) override {
    write(name_ + " begins");
    try {
      roost::sleep(std::chrono::seconds(seconds_));
      write(name_ + " is done");
    } catch (roost::ended const&) {
      write(name_ + " is cut");
      throw;
    }
  }

 private:
  std::string name_;
  std::uint32_t seconds_;
};
ROOST_EXPORT(Slow, own, idle)

void Slow::own(std::uint32_t seconds) { (void)roost::spawn<Slow>("inner", "inner", seconds)->idle.call_one().get(); }

/// Beats until it ends.
struct Beater : roost::actor {
  void beat() {
    roost::every(100ms, [] { write("beat"); });
  }
};
ROOST_EXPORT(Beater, beat)

/// Spawns when it is too late: in its cleanup, or in its destructor.
struct Late : roost::actor {
  explicit Late(bool in_destructor) : in_destructor_(in_destructor) {}
  ~Late() override {
    if (in_destructor_) bear();
  }
  int ping() { return 1; }
  void cleanup(roost::error const*) override {
    if (!in_destructor_) bear();
  }

 private:
  static void bear() { roost::spawn<Beater>("late")->beat.broadcast(); }
  bool in_destructor_;
};
ROOST_EXPORT(Late, ping)

ROOST_SIM_TEST(ends, an_owner_of_more_than_the_control_lane_holds_is_killed_with_all_of_them,
               with_knob("link.control_messages", 256)) {
  as_keeper([&](Keeper&) {
    auto const procs = hosts.spawn_procs(gpu = 1);
    auto const crowd = procs.at(host = 0).spawn<Crowd>("crowd");
    crowd->gather.call_one(procs.at(host = 1), 400).get();
    auto const leaves = crowd->leaves.call_one().get();
    crowd.kill();
    roost::sleep(10s);
    // Of whom its proc has forgotten, where few are remembered, nobody says so at once.
    std::vector<roost::future<int>> asked;
    for (auto const& one : leaves) asked.push_back(one->ping.call_one());
    for (auto const& each : asked) EXPECT_FALSE(each.wait());
  });
}

ROOST_SIM_TEST(ends, cleanup_is_cut_where_owned_actors_have_used_up_its_bound, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const outer = roost::spawn<Slow>("outer", "outer", 100U);
    outer->own.call_one(100).get();
    outer.kill();
    roost::sleep(20s);
    EXPECT_EQ(lines("inner begins"), 1U);
    EXPECT_EQ(lines("inner is cut"), 1U);
    EXPECT_EQ(lines("outer begins"), 1U);
    EXPECT_EQ(lines("outer is cut"), 1U);
  });
}

ROOST_SIM_TEST(ends, what_is_spawned_in_cleanup_or_a_destructor_ends_with_its_owner, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    for (bool const in_destructor : {false, true}) {
      auto const late = roost::spawn<Late>("late-owner", in_destructor);
      EXPECT_EQ(late->ping.call_one().get(), 1);
      late.stop();
    }
    roost::sleep(5s);
    auto const beats = lines("beat");
    roost::sleep(5s);
    EXPECT_EQ(lines("beat"), beats);
  });
}

}  // namespace ends
