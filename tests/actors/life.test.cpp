// How actors begin and end: stop, kill, cleanup, receipts, watches and links.

#include "stage.test.hpp"

using namespace stage;

namespace life {

/// Writes what it does into the journal; owns another of its kind when asked to.
struct Worker : roost::actor {
  explicit Worker(std::string name) : name_(std::move(name)) {}
  ~Worker() override { write(name_ + " gone"); }
  void hire(std::string name) { helper_ = roost::spawn<Worker>("helper", std::move(name)); }
  int work(std::int64_t milliseconds) {
    roost::sleep(std::chrono::milliseconds(milliseconds));
    write(name_ + " worked");
    return 1;
  }
  void deaf(std::int64_t milliseconds) {
    try {
      roost::sleep(std::chrono::milliseconds(milliseconds));
    } catch (roost::ended const&) {
      write(name_ + " heard");
    }
    roost::sleep(1h);  // Throws again at once.
    write(name_ + " slept on");
  }
  void catch_std() {
    try {
      roost::sleep(1h);
    } catch (std::exception const&) {
      write(name_ + " caught the end as a std::exception");
    }
  }
  void fail() { throw std::runtime_error("broke"); }
  void leave() { roost::stop_self(); }
  void look(roost::actor_id who) { roost::watch(who); }
  void bind(roost::actor_id who) { roost::link_to(who); }
  void end(roost::actor_id who) { roost::kill(who); }
  void cleanup(roost::error const* why) override {
    write(name_ + " cleanup " + std::string(why == nullptr ? "ok" : to_string(why->code)));
  }
  void down(roost::actor_id, roost::error const& why) override { write(name_ + " told " + std::string(to_string(why.code))); }

 private:
  std::string name_;
  roost::actor_mesh<Worker> helper_;
};
ROOST_EXPORT(Worker, hire, work, deaf, catch_std, fail, leave, look, bind, end)

std::vector<std::string> const& settle() {
  roost::sleep(20s);
  return journal;
}

roost::proc_mesh two(roost::hosts const& hosts) { return hosts.spawn_procs(gpu = 1); }

ROOST_SIM_TEST(life, stop_drains_what_was_sent_before, roost::sim::calm()) {
  as_keeper([&](Keeper& self) {
    auto const w = two(hosts).spawn<Worker>("w", std::string("w")).at_rank(1);
    std::vector<roost::future<int>> work;
    for (int i = 0; i != 5; ++i) work.push_back(w->work.call_one(10));
    w.stop();
    for (auto const& one : work) EXPECT_EQ(one.get(), 1);
    EXPECT_EQ(end_of(w.id()).code, errc::actor_stopped);
    EXPECT_EQ(lines("w worked"), 5U);
    EXPECT_EQ(journal.back(), "w gone");
    EXPECT_EQ(journal[5], "w cleanup ok");
    EXPECT_TRUE(self.failures.empty());
  });
}

ROOST_SIM_TEST(life, kill_does_not_drain_and_its_owner_is_told, stage::with_knob("link.credit_messages", 64)) {
  as_keeper([&](Keeper& self) {
    auto const w = two(hosts).spawn<Worker>("w", std::string("w")).at_rank(1);
    std::vector<roost::future<int>> work;
    for (int i = 0; i != 5; ++i) work.push_back(w->work.call_one(30'000));
    roost::sleep(5s);
    w.kill();
    EXPECT_EQ(end_of(w.id()).code, errc::actor_killed);
    EXPECT_EQ(lines("w worked"), 0U);
    for (std::size_t i = 1; i != 5; ++i) EXPECT_EQ(work[i].wait().failure().code, errc::not_handled);
    EXPECT_TRUE(mentions(work[0].wait().failure(), errc::actor_killed));
    settle();
    ASSERT_EQ(self.failures.size(), 1U);
    EXPECT_EQ(self.failures[0].why().code, errc::actor_killed);
  });
}

ROOST_SIM_TEST(life, kill_reaches_an_actor_that_was_just_spawned, roost::sim::calm()) {
  as_keeper([&](Keeper& self) {
    auto const w = two(hosts).spawn<Worker>("w", std::string("w"));
    w.kill();
    EXPECT_EQ(end_of(w.id(0)).code, errc::actor_killed);
    EXPECT_EQ(end_of(w.id(1)).code, errc::actor_killed);
    settle();
    EXPECT_EQ(self.failures.size(), 2U);
    EXPECT_EQ(code_of([&] { w.at_rank(1)->work.call_one(0).get(); }), errc::not_handled);
  });
}

ROOST_SIM_TEST(life, what_is_not_handled_comes_back_exactly_once, stage::with_knob("link.credit_messages", 64)) {
  as_keeper([&](Keeper& self) {
    auto const w = two(hosts).spawn<Worker>("w", std::string("w"));
    for (int i = 0; i != 5; ++i) w->work.broadcast(30'000);
    roost::sleep(5s);
    w.kill();
    roost::after(10s, [&self] {
      EXPECT_EQ(self.receipts.size(), 8U);  // One of five is being handled on each rank.
      for (auto const& r : self.receipts) {
        EXPECT_EQ(r.fate, errc::not_handled);
        EXPECT_EQ(r.endpoint, "Worker.work");
      }
      write("checked");
    });
  });
  roost::sleep(15s);
  EXPECT_EQ(lines("checked"), 1U);
}

ROOST_SIM_TEST(life, a_send_to_an_actor_that_has_ended_comes_back, roost::sim::calm()) {
  as_keeper([&](Keeper& self) {
    auto const w = two(hosts).spawn<Worker>("w", std::string("w"));
    w.stop();
    for (std::uint64_t rank = 0; rank != 2; ++rank) EXPECT_EQ(end_of(w.id(rank)).code, errc::actor_stopped);
    for (auto const& [at, result] : w->work.call(0).get()) {
      EXPECT_EQ(result.failure().code, errc::not_handled);
      EXPECT_TRUE(mentions(result.failure(), errc::actor_stopped));
    }
    w->work.broadcast(0);
    roost::after(20s, [&self] { write("receipts " + std::to_string(self.receipts.size())); });
  });
  roost::sleep(30s);
  EXPECT_EQ(journal.back(), "receipts 2");
}

ROOST_SIM_TEST(life, an_actor_can_stop_itself, roost::sim::calm()) {
  as_keeper([&](Keeper& self) {
    auto const w = two(hosts).spawn<Worker>("w", std::string("w")).at_rank(1);
    w->leave.call_one().get();
    EXPECT_EQ(end_of(w.id()).code, errc::actor_stopped);
    EXPECT_TRUE(self.failures.empty());
  });
}

ROOST_SIM_TEST(life, owned_actors_are_cleaned_up_before_their_owner, stage::with_knob("actor.cleanup_bound", 3'000'000'000)) {
  as_keeper([&](Keeper&) {
    auto const w = two(hosts).spawn<Worker>("w", std::string("owner")).at_rank(1);
    w->hire.call_one("helper").get();
    w.stop();
    EXPECT_EQ(end_of(w.id()).code, errc::actor_stopped);
    EXPECT_EQ(journal, (std::vector<std::string>{"helper cleanup ok", "helper gone", "owner cleanup ok", "owner gone"}));
  });
}

ROOST_SIM_TEST(life, the_cleanup_of_a_killed_actor_gets_the_reason_and_its_children_are_killed,
               stage::with_knob("actor.cleanup_bound", 3'000'000'000)) {
  as_keeper([&](Keeper&) {
    auto const w = two(hosts).spawn<Worker>("w", std::string("owner")).at_rank(1);
    w->hire.call_one("helper").get();
    w.kill();
    (void)end_of(w.id());
    EXPECT_EQ(journal, (std::vector<std::string>{"helper cleanup actor_killed", "helper gone", "owner cleanup actor_killed",
                                                 "owner gone"}));
  });
}

struct Slowpoke : roost::actor {
  int ready() { return 1; }
  void cleanup(roost::error const*) override {
    roost::sleep(1h);
    write("slept through");
  }
};
ROOST_EXPORT(Slowpoke, ready)

ROOST_SIM_TEST(life, cleanup_is_bounded_in_time, stage::with_knob("actor.cleanup_bound", 500'000'000)) {
  as_keeper([&](Keeper&) {
    auto const s = two(hosts).spawn<Slowpoke>("s").at_rank(1);
    s->ready.call_one().get();
    auto const start = roost::now();
    s.stop();
    (void)end_of(s.id());
    EXPECT_GE(roost::now() - start, 500ms);
    EXPECT_LT(roost::now() - start, 3s);
    EXPECT_EQ(lines("slept through"), 0U);
  });
}

ROOST_SIM_TEST(life, a_waiting_handler_of_a_killed_actor_ends_and_cannot_swallow_it, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const w = two(hosts).spawn<Worker>("w", std::string("w")).at_rank(1);
    w->deaf.broadcast(3'600'000);
    roost::sleep(5s);
    w.kill();
    EXPECT_EQ(end_of(w.id()).code, errc::actor_killed);
    EXPECT_EQ(journal, (std::vector<std::string>{"w heard", "w cleanup actor_killed", "w gone"}));
  });
}

ROOST_SIM_TEST(life, the_end_is_no_std_exception, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const w = two(hosts).spawn<Worker>("w", std::string("w")).at_rank(1);
    w->catch_std.broadcast();
    roost::sleep(5s);
    w.kill();
    EXPECT_EQ(end_of(w.id()).code, errc::actor_killed);
    EXPECT_EQ(journal.front(), "w cleanup actor_killed");
  });
}

ROOST_SIM_TEST(life, a_watcher_gets_one_notice_of_a_stop_a_failure_and_a_kill, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const procs = two(hosts);
    auto const watcher = procs.spawn<Worker>("watcher", std::string("watcher")).at_rank(0);
    auto const ws = procs.spawn<Worker>("w", std::string("w"));
    auto const v = procs.at(host = 1).spawn<Worker>("v", std::string("v"));
    for (auto const id : {ws.id(0), ws.id(1), v.id()}) watcher->look.call_one(id).get();
    roost::sleep(5s);
    ws.at_rank(0).stop();
    ws.at_rank(1)->fail.broadcast();
    v.kill();
    settle();
    EXPECT_EQ(lines("watcher told actor_stopped"), 1U);
    EXPECT_EQ(lines("watcher told actor_failed"), 1U);
    EXPECT_EQ(lines("watcher told actor_killed"), 1U);
  });
}

ROOST_SIM_TEST(life, a_watch_of_an_actor_that_has_ended_tells_at_once, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const ws = two(hosts).spawn<Worker>("w", std::string("w"));
    ws->fail.broadcast();
    for (std::uint64_t rank = 0; rank != 2; ++rank) (void)end_of(ws.id(rank));
    auto const watcher = two(hosts).spawn<Worker>("watcher", std::string("watcher")).at_rank(0);
    watcher->look.call_one(ws.id(0)).get();
    watcher->look.call_one(ws.id(1)).get();
    settle();
    EXPECT_EQ(lines("watcher told actor_failed"), 2U);
  });
}

ROOST_SIM_TEST(life, a_link_makes_either_fail_with_the_other, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const procs = two(hosts);
    auto const near = procs.at(host = 0).spawn<Worker>("near", std::string("near"));
    for (int linker_fails = 0; linker_fails != 2; ++linker_fails) {
      auto const linker = procs.at(host = 0).spawn<Worker>("l", std::string("l"));
      auto const other = procs.at(host = 0).spawn<Worker>("o", std::string("o"));
      linker->bind.call_one(other.id()).get();
      (linker_fails != 0 ? linker : other)->fail.broadcast();
      EXPECT_EQ(end_of(other.id()).code, errc::actor_failed);
      EXPECT_EQ(end_of(linker.id()).code, errc::actor_failed);
    }
    EXPECT_EQ(near->work.call_one(0).get(), 1);
  });
}

ROOST_SIM_TEST(life, a_link_between_procs_works_both_ways, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const procs = two(hosts);
    for (int linker_fails = 0; linker_fails != 2; ++linker_fails) {
      auto const linker = procs.at(host = 0).spawn<Worker>("l", std::string("l"));
      auto const other = procs.at(host = 1).spawn<Worker>("o", std::string("o"));
      linker->bind.call_one(other.id()).get();
      roost::sleep(5s);
      (linker_fails != 0 ? linker : other)->fail.broadcast();
      settle();
      EXPECT_EQ(code_of([&] { (void)other->work.with(5s).call_one(0).get(5s); }), errc::not_handled) << linker_fails;
      EXPECT_EQ(code_of([&] { (void)linker->work.with(5s).call_one(0).get(5s); }), errc::not_handled) << linker_fails;
    }
  });
}

ROOST_SIM_TEST(life, a_clean_stop_of_one_end_of_a_link_only_tells, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const ws = two(hosts).spawn<Worker>("w", std::string("w"));
    ws.at_rank(0)->bind.call_one(ws.id(1)).get();
    roost::sleep(5s);
    ws.at_rank(1).stop();
    settle();
    EXPECT_EQ(ws.at_rank(0)->work.call_one(0).get(), 1);
    EXPECT_EQ(lines("w told actor_stopped"), 1U);
  });
}

ROOST_SIM_TEST(life, anyone_may_kill_and_the_owner_is_told, roost::sim::calm()) {
  as_keeper([&](Keeper& self) {
    auto const ws = two(hosts).spawn<Worker>("w", std::string("w"));
    ws.at_rank(0)->end.call_one(ws.id(1)).get();
    settle();
    ASSERT_EQ(self.failures.size(), 1U);
    EXPECT_EQ(self.failures[0].rank(), 1U);
    EXPECT_EQ(self.failures[0].actor(), ws.id(1));
    EXPECT_EQ(self.failures[0].why().code, errc::actor_killed);
  });
}

/// Is never idle: each callback takes longer than the time to the next.
struct Metronome : roost::actor {
  void start() {
    roost::every(50us, [this] {
      ++ticks_;
      roost::sleep(100us);
    });
    roost::after(2s, [] { write("after the stop"); });
  }
  int ticks() { return ticks_; }

 private:
  int ticks_ = 0;
};
ROOST_EXPORT(Metronome, start, ticks)

ROOST_SIM_TEST(life, a_stop_ends_an_actor_whose_periodic_messages_never_end, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const ticker = roost::spawn<Metronome>("ticker");
    ticker->start.call_one().get();
    roost::sleep(1s);
    EXPECT_GT(ticker->ticks.call_one().get(), 10);
    ticker.stop();
    auto const stopped = roost::now();
    EXPECT_EQ(end_of(ticker.id()).code, errc::actor_stopped);
    EXPECT_LT(roost::now() - stopped, 1s);
    roost::sleep(3s);
    EXPECT_TRUE(journal.empty());
  });
}

ROOST_SIM_TEST(life, an_unknown_actor_is_no_such_actor, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const procs = two(hosts);
    EXPECT_EQ(end_of({procs.id(1), 4711}).code, errc::no_such_actor);
    EXPECT_EQ(end_of({roost::here().proc(), 4711}).code, errc::no_such_actor);
    auto record = std::make_shared<roost::detail::mesh_record>();
    record->name = "nobody";
    record->members = {{procs.id(1), 4711}};
    roost::actor_mesh<Worker> const nobody({record, roost::region(roost::extent())});
    auto const answer = nobody->work.call_one(0).wait(30s);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.failure().code, errc::not_handled);
    EXPECT_TRUE(mentions(answer.failure(), errc::no_such_actor));
  });
}

ROOST_SIM_TEST(life, ends_are_remembered_up_to_a_limit_and_then_are_of_nobody, stage::with_knob("actor.tombstones", 16)) {
  as_keeper([&](Keeper& self) {
    std::vector<roost::actor_id> gone;
    for (int i = 0; i != 20; ++i) {
      auto const one = roost::spawn<Keeper>("one");
      gone.push_back(one.id());
      one.stop();
      (void)end_of(one.id());
    }
    roost::watch(gone.front());
    roost::watch(gone.back());
    EXPECT_EQ(end_of(gone.front()).code, errc::no_such_actor);
    EXPECT_EQ(end_of(gone.back()).code, errc::actor_stopped);
    roost::after(1s, [&self, gone] {
      write(std::to_string(self.downs.size()) + " " + std::string(to_string(self.downs.at(0).second.code)) + " " +
            std::string(to_string(self.downs.at(1).second.code)));
    });
  });
  roost::sleep(5s);
  EXPECT_EQ(journal, (std::vector<std::string>{"2 no_such_actor actor_stopped"}));
}

ROOST_SIM_TEST(life, who_watches_an_actor_several_times_is_told_of_its_end_once, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const procs = two(hosts);
    auto const others = procs.spawn<Worker>("others", std::string("other"));
    auto const watcher = procs.at(host = 0).spawn<Worker>("watcher", std::string("watcher"));
    for (int i = 0; i != 4; ++i) {
      for (std::uint64_t rank = 0; rank != 2; ++rank) watcher->look.call_one(others.id(rank)).get();
      roost::sleep(1s);
    }
    others.at_rank(0).stop();
    others.at_rank(1).kill();
    settle();
    EXPECT_EQ(lines("watcher told actor_stopped"), 1U);
    EXPECT_EQ(lines("watcher told actor_killed"), 1U);
    watcher->look.call_one(others.id(0)).get();
    settle();
    EXPECT_EQ(lines("watcher told actor_stopped"), 2U);
  });
}

ROOST_SIM_TEST(life, a_link_beside_a_watch_tells_once_and_fails_the_other, roost::sim::calm()) {
  as_keeper([&](Keeper&) {
    auto const procs = two(hosts);
    for (std::uint64_t rank = 0; rank != 2; ++rank) {
      for (bool const from_there : {false, true}) {
        journal.clear();
        auto const one = procs.at(host = 0).spawn<Worker>("one", std::string("one"));
        auto const other = procs.spawn<Worker>("other", std::string("other")).at_rank(rank);
        one->look.call_one(other.id()).get();
        if (from_there) {
          other->bind.call_one(one.id()).get();
        } else {
          one->bind.call_one(other.id()).get();
        }
        one->look.call_one(other.id()).get();
        roost::sleep(1s);
        other->fail.broadcast();
        settle();
        EXPECT_EQ(lines("one told actor_failed"), 1U) << rank << from_there;
        EXPECT_EQ(lines("one cleanup actor_failed"), 1U) << rank << from_there;
      }
    }
  });
}

}  // namespace life
