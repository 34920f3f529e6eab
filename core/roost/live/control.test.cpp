#include <gtest/gtest.h>

#include <roost/base/plant.hpp>
#include <roost/live/executor.hpp>

#include <atomic>
#include <functional>
#include <string>
#include <thread>

namespace roost {
namespace {

struct noting_timer final : timer {
  explicit noting_timer(std::function<void()> what) : on_expiry(std::move(what)) {}
  void expired() override { on_expiry(); }
  std::function<void()> on_expiry;
};

struct task final : runnable {
  explicit task(std::function<void()> what) : body(std::move(what)) {}
  void run() override { body(); }
  std::function<void()> body;
};

struct noting_log final : log_sink {
  void write(log_level, log_source const& source, std::string_view line, std::span<log_field const> fields) override {
    std::lock_guard const lock(changing);
    text.append(source.name).append(": ").append(line);
    append_text_fields(text, fields);
    text.append("\n");
    lines.fetch_add(1);
  }
  std::mutex changing;
  std::string text;
  std::atomic<int> lines = 0;
};

/// Holds its thread like a handler that computes, until the condition holds; false when that takes too long.
bool compute_until(std::function<bool()> const& holds) {
  instant const patience = live_clock().now() + 10s;
  while (!holds()) {
    if (live_clock().now() > patience) return false;
    std::this_thread::yield();
  }
  return true;
}

/// A loop with a stand-in that looks soon.
struct machine {
  machine() {
    set("live.stand_in_after", 200us);
    set("live.stand_in_look", 100us);
    set("live.stuck_after", 5ms);
    seams.log = &log;
    seams.knobs = &knobs;
  }
  void run(std::function<void()> begin) {
    control.start(seams, {{0}, 7, 1});
    executor.run(seams, {{0}, 7, 1}, std::move(begin));
    control.stop();
  }
  void finish() { executor.finish({}); }
  void set(char const* name, nanoseconds value) { ASSERT_TRUE(knobs.set(*find_knob(name), value.count())); }

  knob_values knobs;
  noting_log log;
  platform seams;
  event_loop loop;
  live_clock time;
  live_executor executor{loop, time, knobs};
  live_control& control = executor.control();
};

TEST(LiveControl, SomebodySeesToTimersAndTasksWhileAHandlerComputes) {
  machine m;
  std::atomic<int> ticks = 0;
  std::atomic<bool> posted = false;
  noting_timer heart([&] {
    EXPECT_TRUE(m.control.standing_in());
    if (++ticks < 5) m.control.clock().arm(heart, m.control.clock().now() + 1ms);
  });
  bool beat = false;
  task computes([&] {
    {
      control_hold const hold(&m.control);
      m.control.clock().arm(heart, m.control.clock().now() + 1ms);
    }
    m.loop.post([&] { posted = true; });
    beat = compute_until([&] { return ticks == 5 && posted; });
    m.finish();
  });
  m.run([&] { m.executor.ready(computes, lane::user); });
  EXPECT_TRUE(beat) << "nobody stood in: " << ticks << " of 5 ticks";
}

TEST(LiveControl, WhatTheStandInRunsIsInsideAlready) {
  machine m;
  std::atomic<bool> done = false;
  noting_timer nested([&] {
    EXPECT_TRUE(m.control.standing_in());
    control_hold const hold(&m.control);
    done = true;
  });
  task computes([&] {
    {
      control_hold const hold(&m.control);
      m.control.clock().arm(nested, m.control.clock().now());
    }
    EXPECT_TRUE(compute_until([&] { return done.load(); }));
    control_hold const hold(&m.control);
    m.finish();
  });
  m.run([&] { m.executor.ready(computes, lane::user); });
}

TEST(LiveControl, TheLoopSeesToThingsItselfWhileItsHandlersAreShort) {
  machine m;
  m.set("live.stand_in_after", 1s);
  std::thread::id const loop = std::this_thread::get_id();
  int ticks = 0;
  noting_timer heart([&] {
    EXPECT_EQ(std::this_thread::get_id(), loop);
    EXPECT_FALSE(m.control.standing_in());
    if (++ticks == 20) return m.finish();
    m.control.clock().arm(heart, m.control.clock().now() + 100us);
  });
  task again([&] { m.executor.ready(again, lane::user); });
  m.run([&] {
    {
      control_hold const hold(&m.control);
      m.control.clock().arm(heart, m.control.clock().now());
    }
    m.executor.ready(again, lane::user);
  });
  m.executor.withdraw(again);
  EXPECT_EQ(ticks, 20);
}

/// What a loop heard of its stand-in, which told a, b, c, d and e while a handler ran, and after it of a timer that was due then.
std::string heard_of_a_stand_in() {
  machine m;
  std::string order;
  std::atomic<int> told = 0;
  auto const say = [&](char what) {
    auto write = [&order, what] { order += what; };
    if (m.control.standing_in()) {
      m.control.post(write);
    } else {
      write();
    }
  };
  noting_timer news([&] {
    say(static_cast<char>('a' + told));
    if (++told < 5) m.control.clock().arm(news, m.control.clock().now());
  });
  noting_timer last([&] {
    say('.');
    m.finish();
  });
  task computes([&] {
    {
      control_hold const hold(&m.control);
      m.control.clock().arm(news, m.control.clock().now());
    }
    EXPECT_TRUE(compute_until([&] { return told == 5; }));
    control_hold const hold(&m.control);
    EXPECT_EQ(order, "") << "told while a handler ran";
    m.control.clock().arm(last, m.control.clock().now());
  });
  m.run([&] { m.executor.ready(computes, lane::user); });
  m.control.told().run();
  return order;
}

TEST(LiveControl, WhatTheStandInTellsComesFirstAndInOrder) { EXPECT_EQ(heard_of_a_stand_in(), "abcde."); }

TEST(LiveControl, AHandlerThatRunsForLongIsNamedOnce) {
  machine m;
  std::string_view const class_name = "Cruncher";
  std::string_view const endpoint = "crunch";
  bool named = false;
  task computes([&] {
    m.control.progress().set(5, &class_name, &endpoint);
    named = compute_until([&] { return m.log.lines > 0; });
    instant const later = live_clock().now() + 20ms;
    compute_until([&] { return live_clock().now() > later; });
    m.finish();
  });
  m.run([&] { m.executor.ready(computes, lane::user); });
  EXPECT_TRUE(named);
  EXPECT_EQ(m.log.lines, 1);
  EXPECT_NE(m.log.text.find("Cruncher.crunch of h0/p7.1/a5 has run for"), std::string::npos) << m.log.text;
}

TEST(LiveControl, TheStandInIsBackWhenAHandlerComesAfterALongSleep) {
  machine m;
  m.set("live.spin", 0s);
  std::atomic<int> ticks = 0;
  noting_timer heart([&] { ++ticks; });
  int rounds = 0;
  noting_timer alarm([] {});
  task computes([&] {
    {
      control_hold const hold(&m.control);
      m.control.clock().arm(heart, m.control.clock().now());
    }
    int const before = ticks;
    EXPECT_TRUE(compute_until([&] { return ticks > before; }));
    if (++rounds == 5) return m.finish();
    m.time.arm(alarm, m.time.now() + 5ms);  // Longer than the stand-in stays up.
  });
  alarm.on_expiry = [&] { m.executor.ready(computes, lane::user); };
  m.run([&] { m.time.arm(alarm, m.time.now()); });
  EXPECT_EQ(rounds, 5);
}

TEST(Inbox, ATaskOfAnotherThreadWakesASleepingLoop) {
  machine m;
  m.set("live.spin", 0s);
  constexpr int rounds = 2'000;
  std::atomic<int> ran = 0;
  std::atomic<bool> late = false;
  std::thread other([&] {
    // One at a time, so that the loop falls asleep around each.
    for (int i = 0; i < rounds && !late; ++i) {
      m.control.told().push([&] { ++ran; });
      late = !compute_until([&] { return ran > i; });
    }
    m.finish();
  });
  m.run([] {});
  other.join();
  EXPECT_FALSE(late) << "a loop slept on with a task in its inbox, in round " << ran;
}

/// Whether a loop that is about to sleep, and has looked for work, wakes for what another thread does then.
bool wakes_for(std::function<void(machine&)> const& what) {
  machine m;
  m.set("live.spin", 0s);
  bool late = false;
  struct late_source final : poll_source {
    bool poll() override { return false; }
    bool arm() override {
      if (task) std::thread([this] { std::exchange(task, {})(); }).join();
      return true;
    }
    void disarm() override {}
    std::function<void()> task;
  } source;
  noting_timer patience([&] {
    late = true;
    m.finish();
  });
  source.task = [&] { what(m); };
  m.loop.add(source);
  m.run([&] { m.time.arm(patience, m.time.now() + 2s); });
  m.loop.remove(source);
  m.time.disarm(patience);
  return !late;
}

void push_the_end(machine& m) {
  m.control.told().push([&m] { m.finish(); });
}

TEST(Inbox, ATaskThatComesBetweenTheLastLookAndTheSleepWakesTheLoop) { EXPECT_TRUE(wakes_for(push_the_end)); }

#if defined(ROOST_PLANTS) && ROOST_PLANTS
TEST(PlantedBugs, NobodyStandsIn) {
  find_plant("nobody-stands-in")->arm(true);
  machine m;
  int ticks = 0;
  noting_timer heart([&] { ++ticks; });
  int seen = 0;
  task computes([&] {
    {
      control_hold const hold(&m.control);
      m.control.clock().arm(heart, m.control.clock().now());
    }
    instant const later = live_clock().now() + 50ms;
    compute_until([&] { return live_clock().now() > later; });
    control_hold const hold(&m.control);
    seen = ticks;
    m.finish();
  });
  m.run([&] { m.executor.ready(computes, lane::user); });
  find_plant("nobody-stands-in")->arm(false);
  EXPECT_EQ(seen, 0) << "SomebodySeesToTimersAndTasksWhileAHandlerComputes waits for five of them";
}

TEST(PlantedBugs, ToldBackwards) {
  find_plant("told-backwards")->arm(true);
  EXPECT_EQ(heard_of_a_stand_in(), "edcba.");
  find_plant("told-backwards")->arm(false);
}

TEST(PlantedBugs, WakeUpLost) {
  find_plant("wake-up-lost")->arm(true);
  EXPECT_FALSE(wakes_for(push_the_end));
  find_plant("wake-up-lost")->arm(false);
}
#endif

}  // namespace
}  // namespace roost
