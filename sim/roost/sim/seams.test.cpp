// The seams of simulated procs, one promise at a time, seen from inside.

#include <roost/sim/run.hpp>
#include <roost/sim/sim_knobs.hpp>
#include <roost/sim/toy.test.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

namespace roost::sim {
namespace {

/// A proc made of functions; those left empty do nothing.
struct scripted final : proc_instance, transport_events, launcher_events {
  explicit scripted(platform& p) : seams(p) {}
  void begin() override {
    seams.transport->attach(this);
    seams.launcher->attach(this);
    if (on_begin) on_begin(*this);
  }
  void unwind() override {
    if (on_unwind) on_unwind(*this);
  }
  void connected(channel_id c, proc_id, bool) override {
    open = c;
    if (on_connected) on_connected(*this, c);
  }
  void received(channel_id c, shared_bytes frame) override {
    received_bytes += frame.size();
    ++received_frames;
    if (on_received) on_received(*this, c, frame);
  }
  void writable(channel_id c) override {
    if (on_writable) on_writable(*this, c);
  }
  void closed(channel_id c, error why) override {
    if (on_closed) on_closed(*this, c, why);
    if (!is_root) seams.launcher->finish({});
  }
  void launched(proc_id id) override {
    if (on_launched) on_launched(*this, id);
  }
  void exited(proc_id id, error why) override {
    if (on_exited) on_exited(*this, id, why);
  }
  void send(std::size_t size) { seams.transport->send(open, shared_bytes(std::vector<std::byte>(size))); }

  platform& seams;
  bool is_root = false;  ///< Others end with their connection.
  channel_id open = 0;
  std::size_t received_bytes = 0;
  std::size_t received_frames = 0;
  std::function<void(scripted&)> on_begin, on_unwind;
  std::function<void(scripted&, channel_id)> on_connected, on_writable;
  std::function<void(scripted&, channel_id, shared_bytes)> on_received;
  std::function<void(scripted&, channel_id, error const&)> on_closed;
  std::function<void(scripted&, proc_id)> on_launched;
  std::function<void(scripted&, proc_id, error const&)> on_exited;
};

/// A timer that calls a function.
struct alarm_clock final : timer {
  alarm_clock(platform& p, std::function<void()> what) : seams(p), action(std::move(what)) {}
  ~alarm_clock() {
    if (armed()) seams.clock->disarm(*this);
  }
  void in(nanoseconds delay) { seams.clock->arm(*this, seams.clock->now() + delay); }
  void expired() override { action(); }
  platform& seams;
  std::function<void()> action;
};

/// A step of the user lane that calls a function.
struct job final : runnable {
  explicit job(std::function<void()> what) : action(std::move(what)) {}
  void run() override { action(); }
  std::function<void()> action;
};

/// The root is host 0's; all others are launched by it at once: one more proc on each other host.
struct scripted_program final : proc_program {
  std::function<void(scripted&)> root;
  std::function<void(scripted&)> other;
  std::unique_ptr<proc_instance> make(platform& seams, proc_id self, shared_bytes) override {
    auto made = std::make_unique<scripted>(seams);
    if (self.ordinal == 0) {
      made->is_root = true;
      root(*made);
    } else if (other) {
      other(*made);
    }
    return made;
  }
};

constexpr proc_id there{{1}, 1, 1};

run_result run_script(scenario const& s, scripted_program& p, fault_plan plan = {}) {
  run_options options;
  options.plan = std::move(plan);
  return run(s, options, p);
}

scenario constant_latency(nanoseconds latency) {
  scenario s = toy::quiet();
  s.net.latency = {latency_model::shape::constant, latency, latency};
  return s;
}

fault_operation at(nanoseconds when, fault_kind kind, std::vector<target_name> targets, nanoseconds duration = {}) {
  fault_operation op;
  op.kind = kind;
  op.at = instant(when);
  op.group_a = std::move(targets);
  op.duration = duration;
  return op;
}

TEST(seams, a_connection_takes_two_latencies_and_a_frame_one) {
  scripted_program p;
  std::vector<nanoseconds> times;
  instant start;
  p.root = [&](scripted& r) {
    r.on_begin = [](scripted& self) { self.seams.launcher->launch({there, "other", toy::pack({})}); };
    r.on_launched = [&](scripted& self, proc_id) {
      start = self.seams.clock->now();
      self.seams.transport->connect(there);
    };
    r.on_connected = [&](scripted& self, channel_id) {
      times.push_back(self.seams.clock->now() - start);
      self.send(8);
    };
    r.on_received = [&](scripted& self, channel_id, shared_bytes const&) {
      times.push_back(self.seams.clock->now() - start);
      self.seams.launcher->finish({});
    };
  };
  p.other = [](scripted& o) { o.on_received = [](scripted& self, channel_id, shared_bytes const&) { self.send(8); }; };
  auto s = constant_latency(10us);
  s.net.bits_per_second = 0;
  EXPECT_EQ(run_script(s, p).outcome, verdict::held);
  EXPECT_EQ(times, (std::vector<nanoseconds>{20us, 40us}));
}

TEST(seams, bandwidth_delays_what_is_sent_at_once) {
  scripted_program p;
  nanoseconds took{};
  p.root = [&](scripted& r) {
    r.on_begin = [](scripted& self) { self.seams.launcher->launch({there, "other", toy::pack({})}); };
    r.on_launched = [](scripted& self, proc_id) { self.seams.transport->connect(there); };
    r.on_connected = [](scripted& self, channel_id) {
      for (int i = 0; i != 100; ++i) self.send(10'000);
    };
    r.on_received = [](scripted& self, channel_id, shared_bytes const&) { self.seams.launcher->finish({}); };
  };
  p.other = [&](scripted& o) {
    o.on_received = [&, start = instant{}](scripted& self, channel_id, shared_bytes const&) mutable {
      if (self.received_frames == 1) start = self.seams.clock->now();
      if (self.received_frames != 100) return;
      took = self.seams.clock->now() - start;
      self.send(1);
    };
  };
  auto s = constant_latency(10us);
  s.net.bits_per_second = 1'000'000'000;
  EXPECT_EQ(run_script(s, p).outcome, verdict::held);
  EXPECT_EQ(took, 99 * 80us);
}

TEST(seams, a_full_connection_says_so_and_later_has_room) {
  scripted_program p;
  int full = 0;
  int rooms = 0;
  p.root = [&](scripted& r) {
    r.on_begin = [](scripted& self) { self.seams.launcher->launch({there, "other", toy::pack({})}); };
    r.on_launched = [](scripted& self, proc_id) { self.seams.transport->connect(there); };
    auto const fill = [&](scripted& self, channel_id c) {
      while (self.seams.transport->send(c, shared_bytes(std::vector<std::byte>(50'000))) == send_status::sent) {
      }
      ++full;
    };
    r.on_connected = fill;
    r.on_writable = [&, fill](scripted& self, channel_id c) {
      if (++rooms == 5) return self.seams.launcher->finish({});
      fill(self, c);
    };
  };
  auto s = toy::quiet();
  s.knobs["sim.in_flight_bytes"] = 200'000;
  EXPECT_EQ(run_script(s, p).outcome, verdict::held);
  EXPECT_EQ(full, 5);
}

TEST(seams, who_sends_before_the_connection_is_open_hears_of_room_when_it_is) {
  scripted_program p;
  p.root = [](scripted& r) {
    r.on_begin = [](scripted& self) { self.seams.launcher->launch({there, "other", toy::pack({})}); };
    r.on_launched = [](scripted& self, proc_id) {
      auto const c = self.seams.transport->connect(there);
      EXPECT_EQ(self.seams.transport->send(c, toy::pack({})), send_status::full);
    };
    r.on_writable = [](scripted& self, channel_id c) {
      if (self.open == c) self.seams.launcher->finish({});
    };
  };
  EXPECT_EQ(run_script(toy::quiet(), p).outcome, verdict::held);
}

TEST(seams, a_frame_over_the_limit_ends_the_connection_and_names_the_limit) {
  scripted_program p;
  std::string here, peer;
  p.root = [&](scripted& r) {
    r.on_begin = [](scripted& self) { self.seams.launcher->launch({there, "other", toy::pack({})}); };
    r.on_launched = [](scripted& self, proc_id) { self.seams.transport->connect(there); };
    r.on_connected = [](scripted& self, channel_id c) {
      EXPECT_EQ(self.seams.transport->send(c, shared_bytes(std::vector<std::byte>(4096))), send_status::sent);
      EXPECT_EQ(self.seams.transport->send(c, shared_bytes(std::vector<std::byte>(4097))), send_status::closed);
    };
    r.on_closed = [&](scripted&, channel_id, error const& why) { here = why.describe(); };
    r.on_exited = [](scripted& self, proc_id, error const&) { self.seams.launcher->finish({}); };
  };
  p.other = [&](scripted& o) { o.on_closed = [&](scripted&, channel_id, error const& why) { peer = why.describe(); }; };
  scenario s = toy::quiet();
  s.max_frame = {4096};
  EXPECT_EQ(run_script(s, p).outcome, verdict::held);
  EXPECT_EQ(here, "a frame is over the limit of 4KiB [too_large] at h1/p1.1");
  EXPECT_EQ(peer, "the peer closed the connection [unavailable] at h0/p0.1");
}

/// The root sends a frame each millisecond for 100 ms; tells what arrived, and whether either end was closed.
struct stream_result {
  std::size_t arrived = 0;
  int closed_here = 0;
  int closed_there = 0;
  run_result run;
};

stream_result stream(fault_plan plan, scenario s = constant_latency(10us)) {
  stream_result result;
  scripted_program p;
  bool over = false;
  std::unique_ptr<alarm_clock> tick;
  p.root = [&](scripted& r) {
    r.on_begin = [](scripted& self) { self.seams.launcher->launch({there, "other", toy::pack({})}); };
    r.on_launched = [](scripted& self, proc_id) { self.seams.transport->connect(there); };
    r.on_closed = [&](scripted&, channel_id, error const&) { ++result.closed_here; };
    r.on_connected = [&](scripted& self, channel_id) {
      tick = std::make_unique<alarm_clock>(self.seams, [&self, &tick, &over, left = 100]() mutable {
        if (left-- == 0) {
          over = true;
          return self.seams.launcher->finish({});
        }
        self.send(8);
        tick->in(1ms);
      });
      tick->in(1ms);
    };
    r.on_unwind = [&](scripted&) { tick.reset(); };
  };
  p.other = [&](scripted& o) {
    o.on_received = [&](scripted&, channel_id, shared_bytes const&) { ++result.arrived; };
    o.on_closed = [&](scripted&, channel_id, error const&) { result.closed_there += over ? 0 : 1; };
  };
  result.run = run_script(s, p, std::move(plan));
  return result;
}

TEST(seams, a_quiet_network_brings_every_frame) {
  auto const r = stream({});
  EXPECT_EQ(r.arrived, 100U);
  EXPECT_EQ(r.closed_here + r.closed_there, 0);
}

TEST(seams, a_partition_drops_frames_without_a_word_until_it_ends) {
  auto const r = stream({at(50ms, fault_kind::partition, {"host1"}, 20ms)});
  EXPECT_EQ(r.arrived, 80U);
  EXPECT_EQ(r.closed_here + r.closed_there, 0);
}

TEST(seams, a_one_way_partition_cuts_one_way) {
  EXPECT_EQ(stream({at(50ms, fault_kind::partition_one_way, {"host1"}, 20ms)}).arrived, 100U);
  EXPECT_EQ(stream({at(50ms, fault_kind::partition_one_way, {"host0"}, 20ms)}).arrived, 80U);
}

TEST(seams, heal_ends_a_partition) {
  EXPECT_EQ(stream({at(50ms, fault_kind::partition, {"host1"}), at(60ms, fault_kind::heal, {})}).arrived, 90U);
}

TEST(seams, a_reset_closes_both_ends) {
  auto const r = stream({at(50ms, fault_kind::reset, {"*"})});
  EXPECT_EQ(r.closed_here, 1);
  EXPECT_EQ(r.closed_there, 1);
  EXPECT_LT(r.arrived, 60U);
  EXPECT_EQ(r.run.faults_hitting_sessions, 1U);
}

TEST(seams, a_half_open_connection_is_known_to_one_end) {
  auto const r = stream({at(50ms, fault_kind::half_open, {"host0"})});
  EXPECT_EQ(r.closed_here, 0);
  EXPECT_EQ(r.closed_there, 1);
}

TEST(seams, a_crashed_peer_closes_the_channel_and_a_crashed_host_does_not) {
  EXPECT_EQ(stream({at(50ms, fault_kind::crash_proc, {"host1/p1"})}).closed_here, 1);
  EXPECT_EQ(stream({at(50ms, fault_kind::crash_host, {"host1"}, 1h)}).closed_here, 0);
}

TEST(seams, a_rebooted_host_refuses_what_comes_for_its_dead) {
  EXPECT_EQ(stream({at(50ms, fault_kind::crash_host, {"host1"}, 10ms)}).closed_here, 1);
}

TEST(seams, loss_and_duplication_come_in_their_shares) {
  auto s = constant_latency(10us);
  s.net.loss_ppm = 1'000'000;
  EXPECT_EQ(stream({}, s).arrived, 0U);
  s.net.loss_ppm = 0;
  s.net.duplicate_ppm = 1'000'000;
  EXPECT_EQ(stream({}, s).arrived, 200U);
}

TEST(seams, a_paused_proc_goes_on_where_it_stood) {
  auto const r = stream({at(50ms, fault_kind::pause_proc, {"host1/p1"}, 20ms)});
  EXPECT_EQ(r.arrived, 100U);
}

TEST(seams, a_corrupted_frame_differs_in_one_bit) {
  scripted_program p;
  int ones = 0;
  p.root = [&](scripted& r) {
    r.on_begin = [](scripted& self) { self.seams.launcher->launch({there, "other", toy::pack({})}); };
    r.on_launched = [](scripted& self, proc_id) { self.seams.transport->connect(there); };
    r.on_connected = [](scripted& self, channel_id) { self.send(100); };
    r.on_received = [](scripted& self, channel_id, shared_bytes const&) { self.seams.launcher->finish({}); };
  };
  p.other = [&](scripted& o) {
    o.on_received = [&](scripted& self, channel_id, shared_bytes const& frame) {
      for (std::byte b : frame.view()) ones += std::popcount(static_cast<unsigned>(b));
      self.send(1);
    };
  };
  auto s = toy::quiet();
  s.net.corrupt_ppm = 1'000'000;
  EXPECT_EQ(run_script(s, p).outcome, verdict::held);
  EXPECT_EQ(ones, 1);
}

TEST(seams, nobody_hears_a_crashed_proc_that_still_acts) {
  struct loud_at_the_end {
    explicit loud_at_the_end(scripted& s) : self(s) {}
    ~loud_at_the_end() {
      self.send(8);
      self.seams.launcher->launch({{{1}, 2, 1}, "late", toy::pack({})});
      self.seams.observer->actor_ended({{}, 7}, errc::ok);
      self.seams.log->write(log_level::failure, {.name = "late"}, "words", {});
      self.seams.probes->always(false, "never said", {});
      draws = self.seams.entropy->draw({1});
      alarm_clock late(self.seams, [] { FAIL(); });
      late.in(1ms);
    }
    scripted& self;
    std::uint64_t draws = 1;
  };
  for (bool const loud : {false, true}) {
    static hash128 quiet_digest;
    scripted_program p;
    std::unique_ptr<loud_at_the_end> last_words;
    std::size_t heard = 0;
    p.root = [&](scripted& r) {
      r.on_begin = [](scripted& self) { self.seams.launcher->launch({there, "other", toy::pack({})}); };
      r.on_received = [&](scripted&, channel_id, shared_bytes const&) { ++heard; };
      r.on_exited = [](scripted& self, proc_id, error const& why) {
        EXPECT_EQ(why.code, errc::proc_failed);
        EXPECT_TRUE(why.simulated);
        self.seams.launcher->finish({});
      };
    };
    p.other = [&](scripted& o) {
      o.on_begin = [&, loud](scripted& self) {
        if (loud) last_words = std::make_unique<loud_at_the_end>(self);
        self.seams.transport->connect({{0}, 0, 1});
      };
      o.on_connected = [](scripted& self, channel_id) { self.send(8); };
      o.on_unwind = [&](scripted&) { last_words.reset(); };
    };
    auto const result = run_script(toy::quiet(), p, {at(50ms, fault_kind::crash_proc, {"host1/p1"})});
    EXPECT_EQ(result.outcome, verdict::held);
    EXPECT_EQ(heard, 1U);
    if (loud) {
      EXPECT_EQ(result.digest, quiet_digest);
    }
    quiet_digest = result.digest;
  }
}

TEST(seams, a_parked_handler_is_unwound_when_its_proc_crashes) {
  scripted_program p;
  parked place;
  bool crashing = false;
  std::vector<std::string> order;
  job handler([&] {
    struct guard {
      std::vector<std::string>& order;
      ~guard() { order.push_back("destroyed"); }
    };
    guard const g{order};
    order.push_back("parks");
    current_platform()->executor->fibers().park(place);
    order.push_back(crashing ? "unwinds" : "goes on");
  });
  p.root = [&](scripted& r) {
    r.on_begin = [](scripted& self) { self.seams.launcher->launch({there, "other", toy::pack({})}); };
    r.on_exited = [](scripted& self, proc_id, error const&) { self.seams.launcher->finish({}); };
  };
  p.other = [&](scripted& o) {
    o.on_begin = [&](scripted& self) { self.seams.executor->ready(handler, lane::user); };
    o.on_unwind = [&](scripted& self) {
      crashing = true;
      self.seams.executor->fibers().unwind(place);
    };
  };
  EXPECT_EQ(run_script(toy::quiet(), p, {at(50ms, fault_kind::crash_proc, {"host1/p1"})}).outcome, verdict::held);
  EXPECT_EQ(order, (std::vector<std::string>{"parks", "unwinds", "destroyed"}));
}

TEST(seams, a_parked_handler_goes_on_when_it_is_resumed) {
  scripted_program p;
  parked place;
  std::vector<std::string> order;
  std::unique_ptr<alarm_clock> wake;
  job* resumer = nullptr;
  p.root = [&](scripted& r) {
    r.on_begin = [&](scripted& self) {
      static job handler([] {});
      handler.action = [&] {
        order.push_back("parks");
        self.seams.executor->fibers().park(place);
        order.push_back("goes on");
        EXPECT_EQ(current_platform(), &self.seams);
        self.seams.launcher->finish({});
      };
      static job resume([] {});
      resume.action = [&] { self.seams.executor->fibers().resume(place); };
      resumer = &resume;
      self.seams.executor->ready(handler, lane::user);
      wake = std::make_unique<alarm_clock>(self.seams, [&] { self.seams.executor->ready(*resumer, lane::user); });
      wake->in(1ms);
    };
    r.on_unwind = [&](scripted&) { wake.reset(); };
  };
  EXPECT_EQ(run_script(toy::quiet(), p).outcome, verdict::held);
  EXPECT_EQ(order, (std::vector<std::string>{"parks", "goes on"}));
}

TEST(seams, a_step_that_spends_time_delays_the_next_of_its_lane_only) {
  scripted_program p;
  instant start;
  std::vector<nanoseconds> user;
  nanoseconds control{};
  p.root = [&](scripted& r) {
    r.on_begin = [&](scripted& self) {
      static job slow([] {});
      static job next([] {});
      static job other([] {});
      start = self.seams.clock->now();
      slow.action = [&] { self.seams.executor->spend(5ms); };
      next.action = [&] {
        user.push_back(self.seams.clock->now() - start);
        self.seams.launcher->finish({});
      };
      other.action = [&] { control = self.seams.clock->now() - start; };
      self.seams.executor->ready(slow, lane::user);
      self.seams.executor->ready(next, lane::user);
      self.seams.executor->ready(other, lane::control);
    };
  };
  EXPECT_EQ(run_script(toy::quiet(), p).outcome, verdict::held);
  ASSERT_EQ(user.size(), 1U);
  EXPECT_GE(user.front(), 5ms);
  EXPECT_LT(control, 10us);
}

TEST(seams, a_timer_runs_once_at_its_time_and_not_after_it_was_disarmed) {
  scripted_program p;
  int wrong = 0;
  std::vector<nanoseconds> times;
  std::unique_ptr<alarm_clock> moved, dropped, last;
  p.root = [&](scripted& r) {
    r.on_begin = [&](scripted& self) {
      auto const start = self.seams.clock->now();
      moved = std::make_unique<alarm_clock>(self.seams, [&, start] { times.push_back(self.seams.clock->now() - start); });
      dropped = std::make_unique<alarm_clock>(self.seams, [&] { ++wrong; });
      last = std::make_unique<alarm_clock>(self.seams, [&] { self.seams.launcher->finish({}); });
      moved->in(1ms);
      moved->in(3ms);
      dropped->in(2ms);
      self.seams.clock->disarm(*dropped);
      last->in(10ms);
    };
    r.on_unwind = [&](scripted&) {
      moved.reset();
      dropped.reset();
      last.reset();
    };
  };
  auto s = toy::quiet();
  s.faults.clock_drift_ppm = 500;
  EXPECT_EQ(run_script(s, p).outcome, verdict::held);
  EXPECT_EQ(wrong, 0);
  ASSERT_EQ(times.size(), 1U);
  EXPECT_GE(times.front(), 3ms);
  EXPECT_LT(times.front(), 3ms + 10ns);
}

TEST(seams, a_launch_of_the_impossible_is_told) {
  scripted_program p;
  std::vector<errc> codes;
  p.root = [&](scripted& r) {
    r.on_begin = [](scripted& self) {
      self.seams.launcher->launch({{{99}, 1, 1}, "nowhere", toy::pack({})});
      self.seams.launcher->launch({{{0}, 0, 1}, "again", toy::pack({})});
    };
    r.on_exited = [&](scripted& self, proc_id, error const& why) {
      codes.push_back(why.code);
      if (codes.size() == 2) self.seams.launcher->finish({});
    };
  };
  EXPECT_EQ(run_script(toy::quiet(), p).outcome, verdict::held);
  EXPECT_EQ(codes, (std::vector<errc>{errc::launch_failed, errc::launch_failed}));
}

TEST(seams, a_killed_proc_exits) {
  scripted_program p;
  errc code = errc::ok;
  p.root = [&](scripted& r) {
    r.on_begin = [](scripted& self) { self.seams.launcher->launch({there, "other", toy::pack({})}); };
    r.on_launched = [](scripted& self, proc_id id) { self.seams.launcher->kill(id); };
    r.on_exited = [&](scripted& self, proc_id, error const& why) {
      code = why.code;
      self.seams.launcher->finish({});
    };
  };
  EXPECT_EQ(run_script(toy::quiet(), p).outcome, verdict::held);
  EXPECT_EQ(code, errc::proc_failed);
}

TEST(run_verdict, a_root_that_never_finishes_breaks_G4) {
  scripted_program p;
  p.root = [](scripted&) {};
  auto const result = run_script(toy::quiet(), p);
  EXPECT_EQ(result.outcome, verdict::violated);
  EXPECT_EQ(result.violations.at(0).promise, "G4");
}

TEST(run_verdict, a_program_that_is_busy_beyond_the_time_limit_breaks_G4) {
  scripted_program p;
  std::unique_ptr<alarm_clock> again;
  p.root = [&](scripted& r) {
    r.on_begin = [&](scripted& self) {
      again = std::make_unique<alarm_clock>(self.seams, [&] { again->in(0ns); });
      again->in(0ns);
    };
    r.on_unwind = [&](scripted&) { again.reset(); };
  };
  auto s = toy::quiet();
  s.time_limit = 1ms;
  auto const result = run_script(s, p);
  EXPECT_EQ(result.outcome, verdict::violated);
  EXPECT_EQ(result.violations.at(0).promise, "G4");
}

TEST(run_verdict, a_failed_root_is_a_failed_program_unless_expected) {
  scripted_program p;
  p.root = [](scripted& r) {
    r.on_begin = [](scripted& self) { self.seams.launcher->finish(error(errc::unsupervised, "it broke")); };
  };
  auto s = toy::quiet();
  EXPECT_EQ(run_script(s, p).outcome, verdict::program_failed);
  s.expect_fault_at_root = true;
  EXPECT_EQ(run_script(s, p).outcome, verdict::held);
}

TEST(run_verdict, an_always_that_does_not_hold_is_a_violation) {
  scripted_program p;
  p.root = [](scripted& r) {
    r.on_begin = [](scripted& self) {
      always(false, "sums match");
      sometimes(true, "seen");
      self.seams.launcher->finish({});
    };
  };
  auto const result = run_script(toy::quiet(), p);
  EXPECT_EQ(result.outcome, verdict::violated);
  EXPECT_EQ(result.violations.at(0).promise, "sums match");
  EXPECT_EQ(result.sometimes.at("seen"), 1U);
}

}  // namespace
}  // namespace roost::sim
