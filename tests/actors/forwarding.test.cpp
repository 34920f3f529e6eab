// Reply ports that go from actor to actor: whoever holds one last answers, and its caller never waits for nobody.

#include "stage.test.hpp"

#include <map>

using namespace stage;
using roost::sim::fault_kind;

namespace forwarding {

struct order {
  int number = 0;
  roost::reply_port<int> answer;
};
/// Reply ports inside containers of a message.
struct batch {
  std::vector<order> orders;
  std::map<int, roost::reply_port<int>> by_number;
  std::optional<roost::reply_port<int>> one;
};

struct Cook;
using cooks = std::vector<roost::actor_mesh<Cook>>;

/// Passes orders on along `path`; the last of it cooks.
struct Cook : roost::actor {
  void ask(roost::reply_port<int> answer, int number, cooks path, std::int64_t milliseconds);
  void take(order o, cooks path, std::int64_t milliseconds);
  void keep(order o) { kept_.push_back(std::move(o)); }
  void keep_all(batch b);
  void ask_to_keep(roost::reply_port<int> answer, int number, roost::actor_mesh<Cook> keeper);
  void ask_in_batch(roost::reply_port<int> answer, roost::actor_mesh<Cook> keeper);
  void serve(int result);
  void forget() { kept_.clear(); }
  std::uint64_t kept() { return kept_.size(); }
  int confirm(int number, roost::reply_port<int> answer);
  void ask_and_confirm(roost::reply_port<int> answer, int number, roost::actor_mesh<Cook> other);
  void ask_and_call_back(roost::reply_port<int> answer, roost::actor_mesh<Cook> keeper, roost::actor_mesh<Cook> caller);
  int start(roost::actor_mesh<Cook> first, roost::actor_mesh<Cook> keeper, roost::actor_mesh<Cook> self);
  int called_back() { return called_back_; }
  void to_many(roost::reply_port<int> answer, roost::actor_mesh<Cook> all);
  void fill(std::string) {}
  void flood_and_pass(roost::reply_port<int> answer, roost::actor_mesh<Cook> full);
  void nap(std::int64_t milliseconds) { roost::sleep(std::chrono::milliseconds(milliseconds)); }

 private:
  std::vector<order> kept_;
  int called_back_ = 0;
};
ROOST_EXPORT(Cook, ask, take, keep, keep_all, ask_to_keep, ask_in_batch, serve, forget, kept, confirm, ask_and_confirm,
             ask_and_call_back, start, called_back, to_many, fill, flood_and_pass, nap)

void Cook::ask(roost::reply_port<int> answer, int number, cooks path, std::int64_t milliseconds) {
  take({number, std::move(answer)}, std::move(path), milliseconds);
}
void Cook::take(order o, cooks path, std::int64_t milliseconds) {
  if (path.empty()) {
    roost::sleep(std::chrono::milliseconds(milliseconds));
    o.answer.send(o.number * 2);
    return;
  }
  auto const next = path.front();
  path.erase(path.begin());
  next->take.broadcast(std::move(o), std::move(path), milliseconds);
}
void Cook::keep_all(batch b) {
  for (auto& o : b.orders) kept_.push_back(std::move(o));
  for (auto& [number, port] : b.by_number) kept_.push_back({number, std::move(port)});
  if (b.one) kept_.push_back({0, std::move(*b.one)});
}
void Cook::ask_to_keep(roost::reply_port<int> answer, int number, roost::actor_mesh<Cook> keeper) {
  keeper->keep.broadcast(order{number, std::move(answer)});
}
void Cook::ask_in_batch(roost::reply_port<int> answer, roost::actor_mesh<Cook> keeper) {
  batch b;
  b.orders.push_back({7, std::move(answer)});
  b.by_number[3];  // A port without a request travels as one.
  keeper->keep_all.broadcast(std::move(b));
}
void Cook::serve(int result) {
  for (auto& o : kept_) {
    if (o.answer.open()) o.answer.send(result);
  }
  kept_.clear();
}
int Cook::confirm(int number, roost::reply_port<int> answer) {
  answer.send(number + 1);
  return number;
}
void Cook::ask_and_confirm(roost::reply_port<int> answer, int number, roost::actor_mesh<Cook> other) {
  write("confirmed " + std::to_string(other->confirm.call_one(number, std::move(answer)).get()));
}
void Cook::ask_and_call_back(roost::reply_port<int> answer, roost::actor_mesh<Cook> keeper, roost::actor_mesh<Cook> caller) {
  keeper->keep.broadcast(order{1, std::move(answer)});
  called_back_ = caller->called_back.call_one().get() + 1;  // Its caller waits for the keeper, and no more for this actor.
}
int Cook::start(roost::actor_mesh<Cook> first, roost::actor_mesh<Cook> keeper, roost::actor_mesh<Cook> self) {
  called_back_ = 5;
  return first->ask_and_call_back.call_one(keeper, self).get();
}
void Cook::to_many(roost::reply_port<int> answer, roost::actor_mesh<Cook> all) {
  all->keep.broadcast(order{1, std::move(answer)});
}
void Cook::flood_and_pass(roost::reply_port<int> answer, roost::actor_mesh<Cook> full) {
  full->fill.broadcast("x");
  full->fill.broadcast("x");
  full->keep.with(1s).broadcast(order{1, std::move(answer)});
}

/// One cook on each of three procs (the third on the first's host), and one more on the first.
struct kitchen {
  roost::proc_mesh procs;
  cooks all;
};
kitchen open(roost::hosts const& hosts) {
  kitchen k;
  k.procs = hosts.spawn_procs(gpu = 2);
  for (int const rank : {0, 2, 1, 0}) {
    k.all.push_back(k.procs.at(host = rank / 2, gpu = rank % 2).spawn<Cook>("cook" + std::to_string(k.all.size())));
  }
  return k;
}
/// Waits until `keeper` holds a port.
void wait_for_port(roost::actor_mesh<Cook> const& keeper) {
  while (keeper->kept.call_one().get() == 0) roost::sleep(10ms);
}

ROOST_SIM_TEST(forwarding, a_third_actor_answers, roost::sim::calm()) {
  auto const k = open(hosts);
  EXPECT_EQ(k.all[0]->ask.call_one(4, {k.all[3]}, 1).get(), 8);                      // In one proc.
  EXPECT_EQ(k.all[0]->ask.call_one(4, {k.all[1]}, 1).get(), 8);                      // On another host.
  EXPECT_EQ(k.all[0]->ask.call_one(4, {k.all[1], k.all[2], k.all[3]}, 1).get(), 8);  // And back.
  EXPECT_EQ(k.all[1]->ask.call_one(4, {k.all[1], k.all[2], k.all[2], k.all[0]}, 1).get(), 8);
  auto const near = roost::spawn<Cook>("near");
  EXPECT_EQ(near->ask.call_one(4, {k.all[1], near}, 1).get(), 8);
}

ROOST_SIM_TEST(forwarding, ports_travel_inside_containers, roost::sim::calm()) {
  auto const k = open(hosts);
  for (auto const& keeper : {k.all[1], k.all[3]}) {
    auto const answer = k.all[0]->ask_in_batch.call_one(keeper);
    while (keeper->kept.call_one().get() != 2) roost::sleep(10ms);
    keeper->serve.broadcast(9);
    EXPECT_EQ(answer.get(), 9);
  }
}

ROOST_SIM_TEST(forwarding, the_caller_waits_on_when_the_one_it_asked_has_ended, roost::sim::calm()) {
  auto const k = open(hosts);
  auto const answer = k.all[0]->ask_to_keep.call_one(1, k.all[1]);
  wait_for_port(k.all[1]);
  k.all[0].stop();
  EXPECT_EQ(end_of(k.all[0].id()).code, errc::actor_stopped);
  EXPECT_EQ(code_of([&] { answer.get(20s); }), errc::timeout);
  k.all[1]->serve.broadcast(6);
  EXPECT_EQ(answer.get(), 6);
}

ROOST_SIM_TEST(forwarding, a_port_destroyed_anywhere_is_no_reply, roost::sim::calm()) {
  auto const k = open(hosts);
  for (auto const& keeper : {k.all[1], k.all[3]}) {
    auto const answer = k.all[0]->ask_to_keep.call_one(1, keeper);
    wait_for_port(keeper);
    keeper->forget.broadcast();
    EXPECT_EQ(code_of([&] { answer.get(); }), errc::no_reply);
  }
}

ROOST_SIM_TEST(forwarding, the_end_of_its_holder_is_no_reply, roost::sim::calm()) {
  auto const k = open(hosts);
  for (auto const& keeper : {k.all[1], k.all[3]}) {
    auto const answer = k.all[0]->ask_to_keep.call_one(1, keeper);
    wait_for_port(keeper);
    keeper.stop();
    EXPECT_EQ(code_of([&] { answer.get(); }), errc::no_reply);
    // And of a holder that has ended before the message with the port came.
    EXPECT_EQ(end_of(keeper.id()).code, errc::actor_stopped);
    EXPECT_EQ(code_of([&] { k.all[0]->ask_to_keep.call_one(1, keeper).get(); }), errc::no_reply);
  }
}

ROOST_SIM_TEST(forwarding, a_request_may_carry_the_port_of_another, roost::sim::calm()) {
  journal.clear();
  auto const k = open(hosts);
  EXPECT_EQ(k.all[0]->ask_and_confirm.call_one(3, k.all[1]).get(), 4);
  EXPECT_EQ(k.all[0]->ask_and_confirm.call_one(3, k.all[3]).get(), 4);
  EXPECT_EQ(k.all[0]->kept.call_one().get(), 0U);
  EXPECT_EQ(lines("confirmed 3"), 2U);
}

ROOST_SIM_TEST(forwarding, passing_a_request_on_cuts_the_chain_of_callers, roost::sim::calm()) {
  auto const k = open(hosts);
  for (auto const& keeper : {k.all[2], k.all[3]}) {
    auto const caller = k.all[1];
    auto const started = caller->start.call_one(k.all[0], keeper, caller);
    wait_for_port(keeper);
    roost::sleep(2s);  // The first has called back by now, and was not refused.
    keeper->serve.broadcast(11);
    EXPECT_EQ(started.get(), 11);
    EXPECT_EQ(k.all[0]->called_back.call_one().get(), 6);
  }
}

ROOST_SIM_TEST(forwarding, a_message_with_a_port_goes_to_exactly_one, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const procs = hosts.spawn_procs(gpu = 1);
    auto const all = procs.spawn<Cook>("all");
    auto const cook = roost::spawn<Cook>("cook");
    EXPECT_EQ(code_of([&] { cook->to_many.call_one(all).get(); }), errc::no_reply);
    EXPECT_TRUE(mentions(end_of(cook.id()), errc::not_one_rank));
    EXPECT_EQ(all->kept.call().get().at(0).value(), 0U);
  });
}

ROOST_SIM_TEST(forwarding, a_port_that_found_no_room_in_time_is_no_reply, stage::with_knob("link.credit_messages", 2)) {
  as_keeper([&](Keeper&) {
    auto const k = open(hosts);
    for (auto const& full : {k.all[1], k.all[3]}) {
      auto const cook = k.procs.at(host = 0, gpu = 0).spawn<Cook>("eager");
      full->nap.broadcast(20'000);
      roost::sleep(5s);
      EXPECT_EQ(code_of([&] { cook->flood_and_pass.call_one(full).get(); }), errc::no_reply);
      EXPECT_EQ(full->kept.call_one().get(), 0U);
    }
  });
}

ROOST_SIM_TEST(forwarding, the_loss_of_its_holders_proc_is_an_error, stage::with_fault(fault_kind::crash_proc, 20s, "host1/p1")) {
  as_keeper([&](Keeper&) {
    auto const procs = hosts.spawn_procs(gpu = 1);
    auto const first = procs.at(host = 0).spawn<Cook>("first");
    auto const holder = procs.at(host = 1).spawn<Cook>("holder");
    auto const answer = first->ask_to_keep.call_one(1, holder);
    auto const start = roost::now();
    EXPECT_EQ(code_of([&] { answer.get(); }), errc::proc_failed);
    EXPECT_LT(roost::now() - start, 45s);
    EXPECT_EQ(code_of([&] { first->ask_to_keep.call_one(1, holder).get(); }), errc::no_reply);
  });
}

ROOST_SIM_TEST(forwarding, the_loss_of_a_proc_on_the_way_is_an_error,
               stage::with_fault(fault_kind::crash_proc, 20s, "host0/p1")) {
  as_keeper([&](Keeper&) {
    auto const procs = hosts.spawn_procs(gpu = 1);
    auto const first = procs.at(host = 0).spawn<Cook>("first");
    auto const holder = procs.at(host = 1).spawn<Cook>("holder");
    auto const answer = first->ask_to_keep.call_one(1, holder);
    EXPECT_EQ(code_of([&] { answer.get(); }), errc::proc_failed);
    holder->serve.broadcast(1);  // Nobody is left to hear it.
    EXPECT_EQ(holder->kept.call_one().get(), 0U);
  });
}

ROOST_SIM_TEST_SEEDS(forwarding, every_forwarded_call_ends_in_a_storm, roost::sim::stormy(), 1, 60) {
  as_keeper([&](Keeper&) {
    auto const k = open(hosts);
    for (int round = 0; round != 20; ++round) {
      std::vector<roost::future<int>> answers;
      for (std::size_t i = 0; i != k.all.size(); ++i) {
        cooks path;
        for (auto hops = roost::random_below(4); hops != 0; --hops) path.push_back(k.all[roost::random_below(k.all.size())]);
        answers.push_back(k.all[i]->ask.call_one(round, path, 1));
      }
      for (auto const& answer : answers) {
        auto const got = answer.wait();
        roost::always(!got || *got == 2 * round, "a forwarded request has its own answer");
      }
    }
  });
}

}  // namespace forwarding
