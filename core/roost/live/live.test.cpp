#include <gtest/gtest.h>

#include <roost/live/clock.hpp>
#include <roost/live/executor.hpp>
#include <roost/live/log.hpp>
#include <roost/live/store.hpp>
#include <roost/live/thread_launcher.hpp>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

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

struct machine {
  knob_values knobs;
  event_loop loop;
  live_clock time;
  live_executor executor{loop, time, knobs};
  platform seams;
  error run(std::function<void()> begin) { return executor.run(seams, {}, std::move(begin)); }
  void finish() { executor.finish({}); }
};

TEST(LiveClock, TimersRunInOrderOfTimeThenOfArming) {
  live_clock time;
  std::string order;
  noting_timer a([&] { order += 'a'; });
  noting_timer b([&] { order += 'b'; });
  noting_timer c([&] { order += 'c'; });
  noting_timer d([&] { order += 'd'; });
  instant const past = time.now() - 1s;
  time.arm(c, past + 2ns);
  time.arm(a, past);
  time.arm(b, past);
  time.arm(d, time.now() + 1h);
  time.arm(a, past + 1ns);
  EXPECT_TRUE(time.run_due(10));
  EXPECT_EQ(order, "bac");
  EXPECT_FALSE(a.armed());
  EXPECT_TRUE(d.armed());
  time.disarm(d);
  EXPECT_EQ(time.next_due(), never);
}

TEST(LiveClock, DisarmedTimersDoNotRunWhereverTheyStood) {
  live_clock time;
  int ran = 0;
  std::vector<std::unique_ptr<noting_timer>> timers;
  instant const past = time.now() - 1s;
  for (int i = 0; i < 100; ++i) {
    timers.push_back(std::make_unique<noting_timer>([&] { ++ran; }));
    time.arm(*timers.back(), past + nanoseconds(i * 37 % 100));
  }
  for (std::size_t i = 0; i < 100; i += 3) time.disarm(*timers[i]);
  while (time.run_due(7)) {
  }
  EXPECT_EQ(ran, 66);
}

TEST(LiveExecutor, RunsUntilFinishedAndReturnsTheReason) {
  machine m;
  task never_run([] { ADD_FAILURE() << "ran after finish"; });
  error const why = m.run([&] {
    m.executor.ready(never_run, lane::control);
    m.executor.finish({errc::timeout, "first"});
    m.executor.finish({errc::unknown, "second"});
  });
  EXPECT_EQ(why.what, "first");
  m.executor.withdraw(never_run);
  EXPECT_FALSE(never_run.queued);
}

TEST(LiveExecutor, ControlGoesFirstButNotForever) {
  machine m;
  int control_before_user = 0;
  task user([&] { m.finish(); });
  task control([&] {
    ++control_before_user;
    m.executor.ready(control, lane::control);
  });
  m.run([&] {
    m.executor.ready(user, lane::user);
    m.executor.ready(control, lane::control);
  });
  EXPECT_EQ(control_before_user, 32);
  m.executor.withdraw(control);
}

TEST(LiveExecutor, WithdrawnRunnablesAreNotRunAndTheRestKeepTheirOrder) {
  machine m;
  std::string order;
  task a([&] { order += 'a'; });
  task b([&] { order += 'b'; });
  task c([&] {
    order += 'c';
    m.finish();
  });
  m.run([&] {
    for (task* each : {&a, &b, &c}) m.executor.ready(*each, lane::user);
    m.executor.ready(a, lane::user);
    m.executor.withdraw(b);
    m.executor.withdraw(b);
  });
  EXPECT_EQ(order, "ac");
}

TEST(LiveExecutor, AHandlerThatParksIsResumedByATimer) {
  machine m;
  parked place;
  std::string order;
  task go_on([&] { m.executor.fibers().resume(place); });
  noting_timer wake([&] {
    order += "timer ";
    m.executor.ready(go_on, lane::user);
  });
  task sleeper([&] {
    m.time.arm(wake, m.time.now() + 1ms);
    m.executor.fibers().park(place);
    order += "awake";
    m.finish();
  });
  task other([&] { order += "other "; });
  m.run([&] {
    m.executor.ready(sleeper, lane::user);
    m.executor.ready(other, lane::user);
  });
  EXPECT_EQ(order, "other timer awake");
}

TEST(LiveExecutor, ParkedHandlersAreUnwoundAfterTheLoop) {
  machine m;
  parked place;
  bool unwound = false;
  task waits([&] {
    m.executor.fibers().park(place);
    unwound = true;
  });
  task ends([&] { m.finish(); });
  m.run([&] {
    m.executor.ready(waits, lane::user);
    m.executor.ready(ends, lane::user);
  });
  m.executor.run_alone([&] { m.executor.fibers().unwind(place); });
  EXPECT_TRUE(unwound);
}

TEST(EventLoop, AnotherThreadsTaskWakesASleepingLoop) {
  machine m;
  int count = 0;
  std::thread other([&] {
    for (int i = 0; i < 200; ++i) {
      std::this_thread::yield();
      m.loop.post([&] {
        if (++count == 200) m.finish();
      });
    }
  });
  m.run([] {});
  other.join();
  EXPECT_EQ(count, 200);
}

TEST(EventLoop, AWatchIsToldWhileItLivesAndMayEndItself) {
  machine m;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  descriptor const read_end(ends[0]);
  descriptor write_end(ends[1]);
  int told = 0;
  fd_watch w = m.loop.add(read_end.get(), EPOLLIN, [&](std::uint32_t) {
    ++told;
    w.reset();
    m.finish();
  });
  m.run([&] { EXPECT_EQ(::write(write_end.get(), "x", 1), 1); });
  EXPECT_FALSE(m.loop.poll_descriptors());
  EXPECT_EQ(told, 1);
}

TEST(LineForwarding, CutsLinesAt64KiBWhateverPiecesTheyComeIn) {
  for (std::size_t const piece : {1'000UL, 16'384UL, 1UL << 20}) {
    forwarded_lines lines({"h0", "h0/p1.1"}, "stdout");
    std::string const long_line(200'000, 'x');
    std::string const exact(64 << 10, 'y');
    std::string const all = long_line + "\n" + exact + "\nend\n";
    std::string got;
    for (std::size_t at = 0; at < all.size(); at += piece) got += lines.feed(std::string_view(all).substr(at, piece));
    std::vector<std::size_t> lengths;
    for (std::size_t at = 0; at < got.size(); at = got.find('\n', at) + 1)
      lengths.push_back(got.find('\n', at) - at - std::string_view("[h0/p1.1] ").size());
    EXPECT_EQ(lengths, (std::vector<std::size_t>{65'536, 65'536, 65'536, 200'000 - 3 * 65'536, 65'536, 3})) << piece;
  }
}

TEST(LineForwarding, PassesWholeLinesOnWithAPrefix) {
  forwarded_lines lines({"h0", "h0/p1.1"}, "stdout");
  EXPECT_EQ(lines.feed("on"), "");
  EXPECT_EQ(lines.feed("e\ntwo\nth"), "[h0/p1.1] one\n[h0/p1.1] two\n");
  EXPECT_EQ(lines.finish(), "[h0/p1.1] th\n");
  EXPECT_EQ(lines.finish(), "");
}

std::string message_of(std::string_view text) {
  auto const line = json_line({.level = "info", .message = text});
  auto const at = line.find("\"msg\":\"");
  return line.substr(at + 7, line.size() - at - 10);
}

TEST(LogRecords, EscapeWhatJsonDoesNotTake) {
  EXPECT_EQ(message_of("a \"b\" \\ c"), R"(a \"b\" \\ c)");
  EXPECT_EQ(message_of(std::string_view("\n\t\0\x1b\x7f", 5)), R"(\u000a\u0009\u0000\u001b\u007f)");
  EXPECT_EQ(message_of("\u00e9\u20ac\U0001f41d"), "\u00e9\u20ac\U0001f41d");
}

TEST(LogRecords, ReplaceBytesThatAreNoUtf8) {
  std::string const mark = "\xef\xbf\xbd";
  EXPECT_EQ(message_of("a\xff"
                       "b"),
            "a" + mark + "b");
  EXPECT_EQ(message_of("\xc3"), mark);
  EXPECT_EQ(message_of("\xc0\xaf"), mark + mark);
  EXPECT_EQ(message_of("\xed\xa0\x80"), mark + mark + mark);
  EXPECT_EQ(message_of("\xf4\x90\x80\x80"), mark + mark + mark + mark);
}

TEST(LogRecords, LeaveOutWhatIsNotKnown) {
  auto const line = json_line({.level = "warning", .host = "h0", .rank = 0, .message = "x"});
  EXPECT_EQ(line.substr(line.find("\"level\"")), "\"level\":\"warning\",\"host\":\"h0\",\"rank\":0,\"msg\":\"x\"}\n");
}

TEST(LiveStore, AppendsToFilesOfItsDirectoryOnly) {
  char directory[] = "/tmp/roost-store-XXXXXX";
  ASSERT_NE(::mkdtemp(directory), nullptr);
  live_store files(directory);
  EXPECT_TRUE(files.append("record", as_bytes("one ")));
  EXPECT_TRUE(files.append("record", as_bytes("two")));
  EXPECT_TRUE(files.sync("record"));
  EXPECT_EQ(files.append("../record", as_bytes("x")).failure().code, errc::bad_argument);
  std::string const path = std::string(directory) + "/record";
  std::stringstream content;
  content << std::ifstream(path).rdbuf();
  EXPECT_EQ(content.str(), "one two");
  ::unlink(path.c_str());
  ::rmdir(directory);
}

/// From now on this process has no system call of that number.
bool forbid(unsigned number) {
  sock_filter rules[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                         BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
                         BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  sock_fprog const program{.len = 4, .filter = rules};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST(EventLoop, SleepsOnAKernelWithoutExactWaits) {
  pid_t const child = ::fork();
  if (child == 0) {
    if (!forbid(SYS_epoll_pwait2)) ::_exit(77);
    machine m;
    instant const begin = m.time.now();
    noting_timer late([&] { m.finish(); });
    m.run([&] { m.time.arm(late, begin + 20ms); });
    ::_exit(m.time.now() - begin >= 20ms ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "no filters of system calls here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// A proc whose behaviour is a function of its seams.
struct small_proc final : proc_instance, launcher_events {
  using script = std::function<void(small_proc&)>;
  small_proc(platform& p, proc_id id, script b) : seams(p), self(id), on_begin(std::move(b)) { seams.launcher->attach(this); }
  void begin() override { on_begin(*this); }
  void unwind() override {}
  void launched(proc_id id) override { on_launched(id); }
  void exited(proc_id id, error why) override { on_exited(id, why); }
  void launching(proc_id id, proc_id by) override { on_launching(id, by); }
  platform& seams;
  proc_id self;
  script on_begin;
  std::function<void(proc_id)> on_launched = [](proc_id) {};
  std::function<void(proc_id, error const&)> on_exited = [](proc_id, error const&) {};
  std::function<void(proc_id, proc_id)> on_launching = [](proc_id, proc_id) {};
};

struct small_program final : proc_program {
  std::unique_ptr<proc_instance> make(platform& seams, proc_id self, shared_bytes bootstrap) override {
    return std::make_unique<small_proc>(seams, self, bootstrap.empty() ? root : child);
  }
  small_proc::script root;
  small_proc::script child;
};

struct no_transport final : transport {
  void attach(transport_events*) override {}
  channel_id connect(proc_id) override { return 0; }
  send_status send(channel_id, shared_bytes const&) override { return send_status::closed; }
  void close(channel_id) override {}
  bytes max_frame() const override { return {}; }
};

TEST(ThreadLauncher, ProcsRunAndEndAsTheyFinishOrAreKilled) {
  small_program program;
  std::map<proc_id, error> ends;
  proc_id const root{{0}, 0, 1};
  program.root = [&](small_proc& me) {
    me.on_launched = [&me](proc_id id) {
      if (id.ordinal == 3) me.seams.launcher->kill(id);
    };
    me.on_exited = [&](proc_id id, error const& why) {
      ends[id] = why;
      if (ends.size() == 3) me.seams.launcher->finish({});
    };
    for (std::uint32_t i = 1; i <= 3; ++i)
      me.seams.launcher->launch({{{0}, i, 1}, "child", shared_bytes::copy_of(as_bytes("x"))});
  };
  program.child = [](small_proc& me) {
    if (me.self.ordinal == 1) me.seams.launcher->finish({});
    if (me.self.ordinal == 2) me.seams.launcher->finish({errc::handler_threw, "on purpose"});
  };
  thread_group group(
      program, [](live_platform&) { return std::make_unique<no_transport>(); },
      [](launch_request const&) { return live_options{}; });
  live_platform platform({.self = root});
  no_transport nowhere;
  thread_launcher launcher(group, platform);
  EXPECT_FALSE(platform.run(program, {}, nowhere, launcher));
  EXPECT_EQ((ends[{{0}, 1, 1}].code), errc::ok);
  EXPECT_EQ((ends[{{0}, 2, 1}].what), "on purpose");
  EXPECT_EQ((ends[{{0}, 3, 1}].code), errc::proc_failed);
}

TEST(ThreadLauncher, TellsTheRootOfWhatOthersLaunch) {
  small_program program;
  auto const go = [](small_proc& me, std::uint32_t number) {
    me.seams.launcher->launch({{{0}, number, 1}, "child", shared_bytes::copy_of(as_bytes("x"))});
  };
  std::pair<proc_id, proc_id> told;
  program.root = [&](small_proc& me) {
    me.on_launching = [&](proc_id id, proc_id by) {
      told = {id, by};
      me.seams.launcher->finish({});
    };
    go(me, 1);
  };
  program.child = [&](small_proc& me) {
    if (me.self.ordinal == 1) go(me, 2);
  };
  thread_group group(
      program, [](live_platform&) { return std::make_unique<no_transport>(); },
      [](launch_request const&) { return live_options{}; });
  live_platform platform({.self = {{0}, 0, 1}});
  no_transport nowhere;
  thread_launcher launcher(group, platform);
  EXPECT_FALSE(platform.run(program, {}, nowhere, launcher));
  EXPECT_EQ(told, std::pair(proc_id{{0}, 2, 1}, proc_id{{0}, 1, 1}));
}

}  // namespace
}  // namespace roost
