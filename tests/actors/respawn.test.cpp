// Ranks that are spawned once more: who names the successor, and what becomes of messages for the one before.

#include "stage.test.hpp"

using namespace stage;
using roost::sim::fault_kind;

namespace respawn {

/// Knows what it was spawned with, and fails when told to.
struct Hand : roost::actor {
  Hand(std::string given, int number) : given_(std::move(given)), number_(number) {}
  std::string work() { return given_ + std::to_string(number_); }
  void note(std::string text) { write(text + " at " + to_string(roost::here().self())); }
  void fail() { throw std::runtime_error("fails as it was told"); }

 private:
  std::string given_;
  int number_;
};
ROOST_EXPORT(Hand, work, note, fail)

using hands = roost::actor_mesh<Hand>;

/// Keeps a reference that travelled to it.
struct Patron : roost::actor {
  void meet(hands whom) { whom_ = std::move(whom); }
  std::string ask(std::uint64_t rank) {
    auto const answer = whom_.at_rank(rank)->work.call_one().wait(60s);
    return answer ? *answer : std::string(to_string(answer.failure().code));
  }
  void tell(std::uint64_t rank, std::string text) { whom_.at_rank(rank)->note.broadcast(std::move(text)); }
  roost::actor_id names(std::uint64_t rank) { return whom_.id(rank); }
  std::uint64_t epoch() { return whom_.epoch(); }
  void pass_on(roost::actor_mesh<Patron> to);
  errc seize(std::uint64_t rank) {
    return code_of([&] { whom_.respawn(rank); });
  }
  void undelivered(roost::undelivered const& receipt) override {
    write("back: " + std::string(to_string(receipt.fate)) +
          (mentions(receipt.why, "has taken its place in epoch") ? ", named" : ""));
  }

 private:
  hands whom_;
};
ROOST_EXPORT(Patron, meet, ask, tell, names, epoch, pass_on, seize)

using patrons = roost::actor_mesh<Patron>;
void Patron::pass_on(patrons to) { to->meet.call_one(whom_).get(); }

/// Owns hands, and spawns those that fail once more.
struct Smith : roost::actor {
  void run() { std::exchange(script, nullptr)(*this); }
  bool supervise(roost::failure const& f) override {
    failures.push_back(f);
    if (replaces && f.mesh() == "team") team.respawn(f.rank());
    return true;
  }
  /// Waits until `rank` is somebody else than `before`, and its proc knows.
  void wait_for_successor(std::uint64_t rank, roost::actor_id before) {
    while (team.id(rank) == before) roost::sleep(1ms);
    roost::sleep(1s);
  }
  void lose(std::uint64_t rank) {
    auto const before = team.id(rank);
    team.at_rank(rank)->fail.broadcast();
    wait_for_successor(rank, before);
  }

  static inline std::function<void(Smith&)> script;
  hands team;
  std::vector<roost::failure> failures;
  bool replaces = true;
};
ROOST_EXPORT(Smith, run)

/// A foreman with one worker on every host, and a customer on the last host that has a reference to all of them.
void at_work(roost::hosts const& hosts, std::function<void(Smith&, patrons const&)> const& script) {
  journal.clear();
  Smith::script = [hosts, script](Smith& self) {
    auto const procs = hosts.spawn_procs(gpu = 1);
    std::vector<int> numbers(procs.size());
    for (std::size_t i = 0; i != numbers.size(); ++i) numbers[i] = static_cast<int>(i);
    self.team = procs.spawn<Hand>("team", "w", roost::value_mesh<int>(procs.extent(), numbers));
    auto const customer = procs.at(host = procs.size() - 1).spawn<Patron>("customer");
    (void)customer->meet.call_one(self.team).wait();  // In a storm the customer may be gone.
    script(self, customer);
  };
  roost::spawn<Smith>("foreman")->run.call_one().get();
}

roost::sim::scenario three_hosts() {
  auto s = roost::sim::calm();
  s.hosts = 3;
  return s;
}

ROOST_SIM_TEST(respawn, a_rank_comes_back_with_its_arguments_where_it_was_and_the_epoch_rises, three_hosts()) {
  at_work(hosts, [](Smith& self, patrons const&) {
    auto const before = self.team.id(1);
    auto const epoch = self.team.epoch();
    self.lose(1);
    EXPECT_EQ(self.team.id(1).proc, before.proc);
    EXPECT_GT(self.team.epoch(), epoch);
    EXPECT_EQ(self.team.at_rank(1)->work.call_one().get(), "w1");
    EXPECT_EQ(self.team.slice(host = roost::range(1, 3)).id(0), self.team.id(1));  // Slices and copies name it too.
    ASSERT_EQ(self.failures.size(), 1U);
    EXPECT_EQ(self.failures[0].actor(), before);
    self.lose(1);
    self.lose(1);
    EXPECT_EQ(self.team.at_rank(1)->work.call_one().get(), "w1");
    auto const all = self.team->work.call().get();
    for (auto const& [at, answer] : all) EXPECT_TRUE(answer.has_value()) << to_string(at);
  });
}

ROOST_SIM_TEST(respawn, a_message_for_the_one_before_comes_back_stale_and_the_reference_names_the_successor, three_hosts()) {
  at_work(hosts, [](Smith& self, patrons const& customer) {
    self.lose(1);
    auto const epoch = customer->epoch.call_one().get();
    EXPECT_EQ(customer->ask.call_one(1).get(), "stale");
    EXPECT_EQ(customer->names.call_one(1).get(), self.team.id(1));
    EXPECT_EQ(customer->epoch.call_one().get(), self.team.epoch());
    EXPECT_GT(self.team.epoch(), epoch);
    EXPECT_EQ(customer->ask.call_one(1).get(), "w1");
    EXPECT_EQ(customer->ask.call_one(2).get(), "w2");
  });
}

ROOST_SIM_TEST(respawn, what_was_sent_without_a_reply_comes_back_stale_and_is_not_sent_again, three_hosts()) {
  at_work(hosts, [](Smith& self, patrons const& customer) {
    self.lose(1);
    customer->tell.call_one(1, "first").get();
    roost::sleep(1s);
    EXPECT_EQ(journal, (std::vector<std::string>{"back: stale, named"}));
    customer->tell.call_one(1, "second").get();
    roost::sleep(1s);
    EXPECT_EQ(journal.back(), "second at " + to_string(self.team.id(1)));
    EXPECT_EQ(journal.size(), 2U);
  });
}

ROOST_SIM_TEST(respawn, a_reference_that_is_passed_on_names_the_successors_that_its_sender_knows, three_hosts()) {
  at_work(hosts, [](Smith& self, patrons const& customer) {
    self.lose(0);
    self.lose(1);
    EXPECT_EQ(customer->ask.call_one(1).get(), "stale");
    auto const friends = self.team.id(1).proc;
    auto const other = roost::proc_mesh({friends}, roost::region(roost::extent())).spawn<Patron>("friend");
    customer->pass_on.call_one(other).get();
    EXPECT_EQ(other->ask.call_one(1).get(), "w1");
    EXPECT_EQ(other->ask.call_one(0).get(), "stale");  // Nobody had told the customer's proc.
    EXPECT_EQ(other->ask.call_one(0).get(), "w0");
  });
}

ROOST_SIM_TEST(respawn, only_the_owner_respawns_and_only_what_has_ended, three_hosts()) {
  at_work(hosts, [](Smith& self, patrons const& customer) {
    self.replaces = false;
    EXPECT_EQ(code_of([&] { self.team.respawn(1); }), errc::bad_argument);
    EXPECT_EQ(code_of([&] { self.team.respawn(3); }), errc::bad_argument);
    EXPECT_EQ(code_of([&] { hands().respawn(0); }), errc::bad_argument);
    EXPECT_EQ(customer->seize.call_one(1).get(), errc::bad_argument);
    auto const before = self.team.id(1);
    self.team.at_rank(1).stop();
    (void)end_of(before);
    roost::sleep(1s);
    EXPECT_EQ(customer->ask.call_one(1).get(), "not_handled");  // It has no successor yet.
    self.team.respawn(1);
    EXPECT_EQ(code_of([&] { self.team.respawn(1); }), errc::bad_argument);
    roost::sleep(1s);
    EXPECT_EQ(customer->ask.call_one(1).get(), "stale");
    EXPECT_EQ(customer->ask.call_one(1).get(), "w1");
    auto const alone = roost::spawn<Hand>("alone", "a", 7);
    alone.kill();
    while (self.failures.empty()) roost::sleep(1ms);
    alone.respawn(0);
    EXPECT_EQ(alone->work.call_one().get(), "a7");
  });
}

ROOST_SIM_TEST(respawn, what_lived_in_a_failed_proc_lives_on_in_a_new_one_of_its_host, [] {
  auto s = stage::with_fault(fault_kind::crash_proc, 10s, "host1/p1");
  s.hosts = 3;
  return s;
}()) {
  at_work(hosts, [](Smith& self, patrons const& customer) {
    auto const before = self.team.id(1);
    self.wait_for_successor(1, before);
    EXPECT_EQ(self.team.id(1).proc.host, before.proc.host);
    EXPECT_NE(self.team.id(1).proc, before.proc);
    EXPECT_EQ(self.team.at_rank(1)->work.call_one().get(), "w1");
    // The customer's proc cannot ask the dead one; the owner's tells it.
    int refusals = 0;
    while (customer->ask.call_one(1).get() != "w1" && refusals != 5) ++refusals;
    EXPECT_LE(refusals, 1);
    EXPECT_EQ(customer->names.call_one(1).get(), self.team.id(1));
  });
}

/// Every frame takes 50 ms, and a proc dies.
roost::sim::scenario far_and_mortal() {
  auto s = stage::with_fault(fault_kind::crash_proc, 10s, "host1/p1");
  s.hosts = 3;
  s.net = {};
  s.net.latency = {roost::sim::latency_model::shape::constant, 50ms, 50ms};
  s.draw_knobs = false;
  return s;
}

ROOST_SIM_TEST_SEEDS(respawn, what_comes_back_from_a_proc_that_dies_before_it_names_the_successor_is_not_called_stale,
                     far_and_mortal(), 1, 10) {
  auto const began = roost::now();
  at_work(hosts, [began](Smith& self, patrons const& customer) {
    EXPECT_EQ(customer->ask.call_one(1).get(), "w1");  // Their procs have met.
    self.lose(1);
    auto const second = self.team.id(1);
    roost::sleep(began + 9'890ms - roost::now());
    // Sent at 9.94 s, host1/p1 gives it back at 9.99 s, and is dead when it is asked who is meant now.
    customer->tell.call_one(1, "never noted").get();
    roost::sleep(400ms);
    EXPECT_EQ(journal, (std::vector<std::string>{"back: not_handled"}));
    self.wait_for_successor(1, second);
    int refusals = 0;
    while (customer->ask.call_one(1).get() != "w1" && refusals != 5) ++refusals;
    EXPECT_LE(refusals, 1);
    EXPECT_EQ(customer->names.call_one(1).get(), self.team.id(1));
  });
}

ROOST_SIM_TEST(respawn, whoever_asked_before_there_was_a_successor_is_told_of_it, [] {
  auto s = stage::with_fault(fault_kind::crash_proc, 10s, "host1/p1");
  s.hosts = 3;
  return s;
}()) {
  at_work(hosts, [](Smith& self, patrons const& customer) {
    self.replaces = false;
    while (self.failures.empty()) roost::sleep(10ms);
    EXPECT_EQ(customer->ask.call_one(1).get(), "not_handled");
    roost::sleep(5s);
    EXPECT_EQ(customer->ask.call_one(1).get(), "not_handled");
    self.team.respawn(1);
    roost::sleep(1s);
    EXPECT_EQ(customer->ask.call_one(1).get(), "w1");
  });
}

ROOST_SIM_TEST(respawn, a_message_that_comes_before_the_successor_is_known_is_not_handled_and_the_next_ones_ask, three_hosts()) {
  at_work(hosts, [](Smith& self, patrons const& customer) {
    auto const before = self.team.id(1);
    self.team.at_rank(1)->fail.broadcast();
    std::string answer;
    for (int times = 0; times != 100 && answer != "w1"; ++times) {
      answer = customer->ask.call_one(1).get();
      EXPECT_TRUE(answer == "w1" || answer == "stale" || answer == "not_handled" || answer == "actor_failed") << answer;
      roost::sleep(1ms);
    }
    EXPECT_EQ(answer, "w1");
    EXPECT_NE(self.team.id(1), before);
  });
}

ROOST_SIM_TEST(respawn, references_stay_good_beyond_the_successions_that_are_remembered, [] {
  auto s = three_hosts();
  s.knobs["actor.tombstones"] = 16;
  s.knobs["actor.unknown_hold"] = 1'000'000'000;  // Of actors that are forgotten a proc cannot say that they have ended.
  return s;
}()) {
  at_work(hosts, [](Smith& self, patrons const& customer) {
    for (int times = 0; times != 40; ++times) self.lose(1);
    EXPECT_EQ(self.team.at_rank(1)->work.call_one().get(), "w1");
    // What the customer's reference names may be forgotten by now; it is never taken for somebody else.
    auto const answer = customer->ask.call_one(1).get();
    EXPECT_TRUE(answer == "stale" || answer == "not_handled") << answer;
    customer->meet.call_one(self.team).get();
    EXPECT_EQ(customer->ask.call_one(1).get(), "w1");
    EXPECT_EQ(customer->ask.call_one(2).get(), "w2");
  });
}

/// Faults anywhere, and hands that are told to fail now and then: once all is quiet, every rank is served.
roost::sim::scenario storm() {
  auto s = roost::sim::stormy();
  s.hosts = 3;
  s.procs_per_host = 1;
  s.knobs["actor.launch_bound"] = 2'000'000'000;
  return s;
}

ROOST_SIM_TEST_SEEDS(respawn, every_rank_is_served_once_all_is_quiet, storm(), 1, 300) {
  at_work(hosts, [](Smith& self, patrons const& customer) {
    for (int times = 0; times != 10; ++times) {
      try {
        self.team.at_rank(roost::random_below(3))->fail.with(1s).broadcast();
        (void)customer->ask.call_one(roost::random_below(3)).wait(100ms);
      } catch (roost::exception const&) {
        roost::sometimes(true, "respawn: a send has no room or no path");
      }
      roost::sleep(20ms);
    }
    auto const quiet = roost::now() + 60s;
    for (std::uint64_t rank = 0; rank != 3; ++rank) {
      bool served = false;
      while (!served && roost::now() < quiet) {
        auto const answer = self.team.at_rank(rank)->work.call_one().wait(5s);
        served = answer.has_value();
        if (!served) roost::sleep(100ms);
      }
      roost::always(served, "a rank that is respawned whenever it fails is served in the end");
    }
  });
}

}  // namespace respawn
