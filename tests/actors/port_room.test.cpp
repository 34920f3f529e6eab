// Room at ports: a receiver that does not receive holds its senders back, and nobody waits for it for ever.

#include "stage.test.hpp"

using namespace stage;

namespace port_room {

struct Well : roost::actor {
  int pour(roost::port<int> into, int count);
  int try_pour(roost::port<int> into, int count);
  int poured() { return poured_; }
  int pour_own(int count);
  void take(roost::port<int>) {}

 private:
  int poured_ = 0;
};
ROOST_CONCURRENT(Well, poured, 1)
ROOST_EXPORT(Well, pour, try_pour, poured, pour_own, take)

int Well::pour(roost::port<int> into, int count) {
  for (int i = 0; i != count; ++i) {
    into.send(i);
    ++poured_;
  }
  return poured_;
}
int Well::try_pour(roost::port<int> into, int count) {
  while (poured_ != count && into.try_send(poured_)) ++poured_;
  return poured_;
}
int Well::pour_own(int count) {
  auto [port, receiver] = roost::channel<int>();
  return pour(port, count);
}

using wells = std::vector<roost::actor_mesh<Well>>;
wells near_and_far(roost::hosts const& hosts) {
  return {roost::spawn<Well>("near"), hosts.spawn_procs(gpu = 1).at(host = 1).spawn<Well>("far")};
}

ROOST_SIM_TEST(port_room, a_sender_waits_while_nobody_receives_and_nothing_is_lost, stage::with_knob("link.credit_messages", 3)) {
  for (auto const& well : near_and_far(hosts)) {
    auto [port, receiver] = roost::channel<int>();
    auto const done = well->pour.call_one(port, 10);
    EXPECT_EQ(code_of([&] { (void)done.get(5s); }), errc::timeout);
    for (int i = 0; i != 10; ++i) EXPECT_EQ(receiver.recv(20s), i);
    EXPECT_EQ(done.get(20s), 10);
  }
}

ROOST_SIM_TEST(port_room, large_values_are_held_back_by_their_bytes, stage::with_knob("link.credit_bytes", 256)) {
  auto [port, receiver] = roost::channel<std::string>();
  EXPECT_TRUE(port.try_send(std::string(200, 'a')));
  EXPECT_FALSE(port.try_send(std::string(200, 'b')));
  EXPECT_EQ(receiver.recv(1s).size(), 200U);
  EXPECT_TRUE(port.try_send(std::string(2000, 'c')));  // Alone, it has room.
}

ROOST_SIM_TEST(port_room, try_send_gives_false_where_there_is_no_room, stage::with_knob("link.credit_messages", 4)) {
  for (auto const& well : near_and_far(hosts)) {
    auto [port, receiver] = roost::channel<int>();
    EXPECT_EQ(well->try_pour.call_one(port, 100).get(), 4);
    for (int i = 0; i != 4; ++i) EXPECT_EQ(receiver.recv(20s), i);
    roost::sleep(5s);
    EXPECT_EQ(well->try_pour.call_one(port, 100).get(), 8);
  }
}

ROOST_SIM_TEST(port_room, a_port_that_closes_frees_who_waits_for_room, stage::with_knob("link.credit_messages", 2)) {
  for (auto const& well : near_and_far(hosts)) {
    roost::future<int> done;
    {
      auto [port, receiver] = roost::channel<int>();
      done = well->pour.call_one(port, 9);
      EXPECT_EQ(code_of([&] { (void)done.get(5s); }), errc::timeout);
    }
    EXPECT_EQ(done.get(20s), 9);
  }
}

ROOST_SIM_TEST(port_room, a_receiver_that_another_is_moved_over_closes_its_port, stage::with_knob("link.credit_messages", 2)) {
  for (auto const& well : near_and_far(hosts)) {
    auto [port, receiver] = roost::channel<int>();
    auto const done = well->pour.call_one(port, 9);
    EXPECT_EQ(code_of([&] { (void)done.get(5s); }), errc::timeout);
    auto [next_port, next] = roost::channel<int>();
    receiver = std::move(next);
    EXPECT_EQ(done.get(20s), 9);
    EXPECT_EQ(well->pour.call_one(next_port, 1).get(), 10);
    EXPECT_EQ(receiver.recv(20s), 0);
  }
}

struct Basin : roost::actor {
  int take() { return receiver_->recv(100s); }
  void give_up() { *receiver_ = roost::channel<int>().second; }
  int give_away() {
    auto const kept = std::make_unique<roost::receiver<int>>(std::move(*receiver_));
    roost::sleep(10s);
    return kept->empty() ? 0 : 1;
  }

 private:
  std::unique_ptr<roost::receiver<int>> receiver_ = std::make_unique<roost::receiver<int>>(roost::channel<int>().second);
};
ROOST_CONCURRENT(Basin, take, 2)
ROOST_CONCURRENT(Basin, give_up, 2)
ROOST_CONCURRENT(Basin, give_away, 2)
ROOST_EXPORT(Basin, take, give_up, give_away)

ROOST_SIM_TEST(port_room, a_receiver_that_closes_ends_the_waits_of_other_handlers, roost::sim::calm()) {
  auto const basin = roost::spawn<Basin>("basin");
  auto waits = basin->take.call_one();
  roost::sleep(1s);
  basin->give_up.call_one().get();
  EXPECT_EQ(code_of([&] { (void)waits.get(1s); }), errc::unavailable);
  waits = basin->take.call_one();
  roost::sleep(1s);
  EXPECT_EQ(basin->give_away.call_one().get(), 0);
  EXPECT_EQ(code_of([&] { (void)waits.get(1s); }), errc::unavailable);
}

ROOST_SIM_TEST(port_room, the_wait_for_room_ends_at_the_deadline, stage::with_knob("link.credit_messages", 2)) {
  for (auto const& well : near_and_far(hosts)) {
    auto [port, receiver] = roost::channel<int>();
    EXPECT_EQ(code_of([&] { (void)well->pour.with(5s).call_one(port, 9).get(); }), errc::timeout);
    roost::sleep(5s);
    EXPECT_EQ(well->poured.call_one().get(), 2);
  }
}

ROOST_SIM_TEST(port_room, who_fills_its_own_port_is_a_deadlock, stage::with_knob("link.credit_messages", 2)) {
  for (auto const& well : near_and_far(hosts))
    EXPECT_EQ(code_of([&] { (void)well->pour_own.call_one(3).get(); }), errc::deadlock);
}

ROOST_SIM_TEST(port_room, a_cycle_through_a_port_is_a_deadlock, stage::with_knob("link.credit_messages", 1)) {
  as_keeper([&](Keeper& self) {
    for (auto const& well : near_and_far(hosts)) {
      self.failures.clear();
      auto [port, receiver] = roost::channel<int>();
      well->pour.broadcast(port, 9);  // Suspends with one value under way: nobody receives.
      roost::sleep(2s);
      auto const refused = code_of([&] {
        for (int i = 0; i != 3; ++i) well->take.broadcast(port);  // Suspends: the well handles nothing.
      });
      // Either of the two is refused; then the other goes on.
      roost::sleep(5s);
      EXPECT_TRUE(refused == errc::deadlock || (self.failures.size() == 1 && mentions(self.failures[0].why(), errc::deadlock)));
    }
  });
}

}  // namespace port_room
