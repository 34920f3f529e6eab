#include <gtest/gtest.h>

#include <roost/live/child.hpp>
#include <roost/live/host_agent.hpp>
#include <roost/live/launcher.hpp>
#include <roost/transports/local.hpp>
#include <roost/transports/shm/shm.hpp>

#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>

// The header of glibc 2.36 does not say that its functions are C.
extern "C" {
#include <sys/pidfd.h>
}

// These tests run procs for real: the test program execs itself, and an environment set up before all tests turns what was exec'd
// into a proc of the program below.

namespace roost {
namespace {

shared_bytes text(std::string_view content) { return shared_bytes::copy_of(as_bytes(content)); }
std::string text_of(shared_bytes const& content) {
  return {reinterpret_cast<char const*>(content.view().data()), content.size()};
}
shared_bytes filled(std::size_t size, std::size_t seed) {
  std::vector<std::byte> content(size);
  for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<std::byte>(seed + i);
  return shared_bytes(content);
}
proc_id child_id(std::uint32_t ordinal) { return {{0}, ordinal, 1}; }
constexpr proc_id root_id{{0}, 0, 1};

// A proc made of functions. `on_*` do nothing until set.
struct scripted : proc_instance, transport_events, launcher_events, timer {
  scripted(platform& p, proc_id id) : seams(p), self(id) {
    seams.transport->attach(this);
    seams.launcher->attach(this);
  }
  void begin() override {
    // Far above what anything here takes: a test that hangs fails instead.
    seams.clock->arm(*this, seams.clock->now() + 100s);
    if (on_begin) on_begin();
  }
  void unwind() override { seams.clock->disarm(*this); }
  void expired() override { seams.launcher->finish({errc::timeout, "the test hangs"}); }
  void connected(channel_id c, proc_id peer, bool) override {
    if (on_connected) on_connected(c, peer);
  }
  void received(channel_id c, shared_bytes frame) override {
    if (on_received) on_received(c, std::move(frame));
  }
  void writable(channel_id c) override {
    if (on_writable) on_writable(c);
  }
  void closed(channel_id c, error why) override {
    if (on_closed) on_closed(c, why);
  }
  void launched(proc_id id) override {
    if (on_launched) on_launched(id);
  }
  void exited(proc_id id, error why) override {
    if (on_exited) on_exited(id, why);
  }
  void launch(proc_id id, std::string_view role) { seams.launcher->launch({id, "child", text(role)}); }
  void launch(std::uint32_t ordinal, std::string_view role) { seams.launcher->launch({child_id(ordinal), "child", text(role)}); }
  void finish(error why = {}) { seams.launcher->finish(std::move(why)); }
  channel_id connect(proc_id peer) { return seams.transport->connect(peer); }
  send_status send(channel_id c, shared_bytes frame) { return seams.transport->send(c, std::move(frame)); }

  platform& seams;
  proc_id self;
  std::function<void()> on_begin;
  std::function<void(channel_id, proc_id)> on_connected;
  std::function<void(channel_id, shared_bytes)> on_received;
  std::function<void(channel_id)> on_writable;
  std::function<void(channel_id, error const&)> on_closed;
  std::function<void(proc_id)> on_launched;
  std::function<void(proc_id, error const&)> on_exited;
  std::vector<shared_bytes> waiting;
  std::size_t count = 0;
};

std::size_t flood_size(std::size_t number, bool large) { return large ? number * 700'001 % 3'000'000 : number * 37 % 5000; }

// What an exec'd proc does, by the word it is started with.
void play(scripted& me, std::string const& role) {
  auto const flood = [&me, large = role == "large flood"](channel_id c) {
    while (me.send(c, filled(flood_size(me.count, large), me.count)) == send_status::sent) ++me.count;
  };
  me.on_received = [&me](channel_id c, shared_bytes frame) {
    me.waiting.push_back(std::move(frame));
    while (!me.waiting.empty() && me.send(c, me.waiting.front()) == send_status::sent) me.waiting.erase(me.waiting.begin());
  };
  me.on_writable = [&me](channel_id c) {
    while (!me.waiting.empty() && me.send(c, me.waiting.front()) == send_status::sent) me.waiting.erase(me.waiting.begin());
  };
  if (role == "flood" || role == "large flood") {
    me.on_connected = [flood](channel_id c, proc_id) { flood(c); };
    me.on_writable = flood;
  } else if (role == "asks sibling") {
    me.on_begin = [&me] { me.connect(child_id(1)); };
    me.on_connected = [&me](channel_id c, proc_id peer) {
      if (peer == child_id(1)) me.send(c, text("hello"));
    };
    me.on_received = [&me](channel_id, shared_bytes frame) {
      me.finish({errc::handler_threw, "sibling said " + text_of(frame)});
    };
  } else if (role == "asks others") {
    // Of its own host and of another; then says which hosts there are.
    me.on_begin = [&me] {
      me.connect({me.self.host, 1, 1});
      me.connect({{0}, 1, 1});
      me.connect({{2}, 1, 1});
    };
    me.on_connected = [&me](channel_id c, proc_id peer) {
      if (peer.ordinal == 1) me.send(c, text(to_string(peer)));
    };
    me.on_received = [&me](channel_id, shared_bytes) {
      if (++me.count != 3) return;
      std::string said = "met all;";
      for (host_id const each : me.seams.launcher->hosts()) said += " " + to_string(each);
      me.finish({errc::handler_threw, said});
    };
  } else if (role == "asks nobody") {
    me.on_begin = [&me] { me.connect({{2}, 77, 1}); };
    me.on_closed = [&me](channel_id, error const& why) { me.finish(why); };
  } else if (role == "launches") {
    // One that ends by itself, one that is to be killed, and one on a host that is not there.
    me.on_begin = [&me] {
      me.launch({{2}, 4097, 1}, "finishes badly");
      me.launch({me.self.host, 4098, 1}, "echo");
      me.launch({{7}, 4099, 1}, "echo");
    };
    me.on_launched = [&me](proc_id id) {
      if (id.ordinal == 4098) me.seams.launcher->kill(id);
    };
    me.on_exited = [&me, said = std::string()](proc_id id, error const& why) mutable {
      said += to_string(id) + ": " + why.what + "; ";
      if (++me.count == 3) me.finish({errc::handler_threw, said});
    };
  } else if (role == "launches and waits") {
    me.on_begin = [&me] { me.launch({{2}, 4097, 1}, "echo"); };
    me.on_launched = [&me](proc_id) { me.connect(root_id); };
  } else if (role == "finishes") {
    me.on_begin = [&me] { me.finish(); };
  } else if (role == "kills its parent") {
    me.on_connected = [](channel_id, proc_id) { ::kill(::getppid(), SIGKILL); };
  } else if (role == "finishes badly") {
    me.on_begin = [&me] { me.finish({errc::handler_threw, "on purpose"}); };
  } else if (role == "exits 3") {
    me.on_begin = [] { std::_Exit(3); };
  } else if (role == "is stuck") {
    me.on_connected = [&me](channel_id c, proc_id) {
      me.send(c, text(std::to_string(::getpid())));
      for (;;) ::pause();
    };
  } else if (role == "dies at a frame") {
    me.on_received = [](channel_id, shared_bytes) { ::raise(SIGKILL); };
  }
}

struct program final : proc_program {
  std::unique_ptr<proc_instance> make(platform& seams, proc_id self, shared_bytes bootstrap) override {
    auto made = std::make_unique<scripted>(seams, self);
    bootstrap.empty() ? root(*made) : play(*made, text_of(bootstrap));
    return made;
  }
  std::function<void(scripted&)> root;
};

// With this word as its first argument the test program is a root of two stuck procs, whose numbers it prints.
constexpr char const* root_command = "__root";

int be_root() {
  program p;
  p.root = [](scripted& me) {
    me.on_begin = [&me] {
      me.launch(1, "is stuck");
      me.launch(2, "is stuck");
    };
    me.on_launched = [&me](proc_id id) { me.connect(id); };
    me.on_received = [](channel_id, shared_bytes frame) {
      std::string const line = text_of(frame) + "\n";
      static_cast<void>(!::write(STDOUT_FILENO, line.data(), line.size()));
    };
  };
  return run_local(p, {}) ? 1 : 0;
}

struct exec_environment final : ::testing::Environment {
  void SetUp() override {
    std::ifstream file("/proc/self/cmdline");
    std::vector<std::string> words;
    for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
    std::vector<char const*> argv;
    for (auto const& each : words) argv.push_back(each.c_str());
    if (is_child(static_cast<int>(argv.size()), argv.data())) {
      program p;
      std::exit(run_local_child(static_cast<int>(argv.size()), argv.data(), p));
    }
    if (is_host_agent(static_cast<int>(argv.size()), argv.data()))
      std::exit(run_host_agent(static_cast<int>(argv.size()), argv.data(), {}));
    if (argv.size() > 1 && words[1] == root_command) std::exit(be_root());
  }
};
::testing::Environment* const environment = ::testing::AddGlobalTestEnvironment(new exec_environment);

std::size_t open_descriptors() {
  auto const files = std::filesystem::directory_iterator("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

// Runs a root made by `script` in this process; nothing may be left of it.
error run(std::function<void(scripted&)> script, local_transport transport = local_transport::shm, std::size_t hosts = 1) {
  program p;
  p.root = std::move(script);
  std::size_t const before = open_descriptors();
  error why = run_local(p, {.transport = transport, .hosts = hosts, .catch_signals = false});
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(::waitpid(-1, nullptr, 0), -1);
  EXPECT_EQ(errno, ECHILD);
  return why;
}

struct EitherTransport : ::testing::TestWithParam<local_transport> {};
INSTANTIATE_TEST_SUITE_P(Local, EitherTransport, ::testing::Values(local_transport::shm, local_transport::loopback),
                         [](auto const& what) { return what.param == local_transport::shm ? "shm" : "loopback"; });

TEST_P(EitherTransport, EchoesFramesOfAllSizes) {
  std::vector<std::size_t> const sizes{0,       1,       7,       8,       9,       4095,     65'536, 999'999,
                                       1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 40 << 20, 5};
  std::size_t sent = 0;
  std::size_t back = 0;
  error const why = run(
      [&](scripted& me) {
        auto const fill = [&](channel_id c) {
          while (sent < sizes.size() && me.send(c, filled(sizes[sent], sent)) == send_status::sent) ++sent;
        };
        me.on_begin = [&] { me.launch(1, "echo"); };
        me.on_launched = [&](proc_id id) { me.connect(id); };
        me.on_connected = [&me, fill](channel_id c, proc_id) {
          EXPECT_TRUE(me.seams.transport->keeps_bytes());
          fill(c);
        };
        me.on_writable = fill;
        me.on_received = [&](channel_id, shared_bytes frame) {
          EXPECT_TRUE(std::ranges::equal(frame.view(), filled(sizes[back], back).view())) << back;
          if (++back == sizes.size()) me.finish();
        };
      },
      GetParam());
  EXPECT_FALSE(why) << why.describe();
  EXPECT_EQ(back, sizes.size());
}

TEST_P(EitherTransport, SiblingsMeetAndEndsAreReported) {
  std::map<std::uint32_t, error> ends;
  error const why = run(
      [&](scripted& me) {
        me.on_begin = [&] { me.launch(1, "echo"); };
        me.on_launched = [&](proc_id id) {
          if (id.ordinal == 1) me.launch(2, "asks sibling"), me.launch(3, "finishes"), me.launch(4, "finishes badly");
        };
        me.on_exited = [&](proc_id id, error const& e) {
          ends[id.ordinal] = e;
          if (ends.size() == 3) me.seams.launcher->kill(child_id(1));
          if (ends.size() == 4) me.finish();
        };
      },
      GetParam());
  EXPECT_FALSE(why) << why.describe();
  EXPECT_EQ(ends[1].code, errc::proc_failed);
  EXPECT_NE(ends[2].what.find("sibling said hello"), std::string::npos) << ends[2].what;
  EXPECT_EQ(ends[3].code, errc::ok);
  EXPECT_EQ(ends[4].code, errc::handler_threw);
}

TEST_P(EitherTransport, ProcsOfAllHostsMeet) {
  std::map<proc_id, error> ends;
  error const why = run(
      [&](scripted& me) {
        std::string known;
        for (host_id const each : me.seams.launcher->hosts()) known += to_string(each) + " ";
        EXPECT_EQ(known, "h0 h1 h2 ");
        me.on_begin = [&] {
          for (std::uint64_t host = 0; host != 3; ++host) me.launch({{host}, 1, 1}, "echo");
        };
        me.on_launched = [&, waits = 3](proc_id) mutable {
          if (--waits == 0) me.launch({{1}, 2, 1}, "asks others"), me.launch({{1}, 3, 1}, "asks nobody");
        };
        me.on_exited = [&](proc_id id, error const& e) {
          ends[id] = e;
          if (ends.size() == 2) me.finish();
        };
      },
      GetParam(), 3);
  EXPECT_FALSE(why) << why.describe();
  EXPECT_NE((ends[{{1}, 2, 1}].what.find("met all; h1 h0 h2")), std::string::npos) << (ends[{{1}, 2, 1}].describe());
  EXPECT_TRUE((ends[{{1}, 3, 1}])) << (ends[{{1}, 3, 1}].describe());
}

TEST_P(EitherTransport, AnyProcLaunchesProcsOnAnyHost) {
  for (std::uint64_t host : {0, 1}) {
    std::string said;
    error const why = run(
        [&](scripted& me) {
          me.on_begin = [&, host] { me.launch({{host}, 1, 1}, "launches"); };
          me.on_exited = [&](proc_id, error const& e) {
            said = e.what;
            me.finish();
          };
        },
        GetParam(), 3);
    EXPECT_FALSE(why) << why.describe();
    EXPECT_NE(said.find("h2/p4097.1: on purpose"), std::string::npos) << said;
    EXPECT_NE(said.find("/p4098.1: the proc was killed"), std::string::npos) << said;
    EXPECT_NE(said.find("h7/p4099.1: "), std::string::npos) << said;
  }
}

TEST(Processes, WhatAProcLaunchedEndsWithIt) {
  for (std::uint64_t host : {0, 1}) {
    bool closed = false;
    error const why = run(
        [&](scripted& me) {
          proc_id const other{{2}, 4097, 1};
          me.on_begin = [&, host] { me.launch({{host}, 1, 1}, "launches and waits"); };
          me.on_connected = [&, other](channel_id, proc_id peer) {
            if (peer != other) return static_cast<void>(me.connect(other));
            me.seams.launcher->kill({{host}, 1, 1});
          };
          // Of the channels to both.
          me.on_closed = [&, left = 2](channel_id, error const&) mutable {
            if (--left != 0) return;
            closed = true;
            me.finish();
          };
        },
        local_transport::shm, 3);
    EXPECT_FALSE(why) << why.describe();
    EXPECT_TRUE(closed);
  }
}

TEST(Processes, APeerKilledAtAnyFrameIsToldAsClosedAfterWholeFramesOnly) {
  for (std::size_t round = 0; round < 20; ++round) {
    bool const large = round % 2 == 1;
    std::size_t const killed_after = (std::size_t{1} << round / 2) - 1;
    if (large && killed_after > 40) continue;
    std::size_t got = 0;
    bool closed = false;
    bool exited = false;
    error const why = run([&](scripted& me) {
      auto const end_when_told = [&] {
        if (closed && exited) me.finish();
      };
      me.on_begin = [&] { me.launch(1, large ? "large flood" : "flood"); };
      me.on_launched = [&](proc_id id) { me.connect(id); };
      me.on_connected = [&](channel_id, proc_id id) {
        if (killed_after == 0) me.seams.launcher->kill(id);
      };
      me.on_received = [&](channel_id, shared_bytes frame) {
        EXPECT_TRUE(std::ranges::equal(frame.view(), filled(flood_size(got, large), got).view())) << got;
        if (++got == killed_after) me.seams.launcher->kill(child_id(1));
      };
      me.on_closed = [&, end_when_told](channel_id, error const&) { closed = true, end_when_told(); };
      me.on_exited = [&, end_when_told](proc_id, error const& e) {
        EXPECT_EQ(e.code, errc::proc_failed);
        EXPECT_NE(e.what.find("signal 9"), std::string::npos) << e.what;
        exited = true, end_when_told();
      };
    });
    EXPECT_FALSE(why) << why.describe();
  }
}

TEST(Processes, OneThatDiesByItselfOrExitsUnaskedIsReported) {
  std::map<std::uint32_t, error> ends;
  error const why = run([&](scripted& me) {
    me.on_begin = [&] { me.launch(1, "dies at a frame"), me.launch(2, "exits 3"); };
    me.on_launched = [&](proc_id id) { me.connect(id); };
    me.on_connected = [&](channel_id c, proc_id) { me.send(c, text("now")); };
    me.on_exited = [&](proc_id id, error const& e) {
      ends[id.ordinal] = e;
      if (ends.size() == 2) me.finish();
    };
  });
  EXPECT_FALSE(why) << why.describe();
  EXPECT_NE(ends[1].what.find("signal 9"), std::string::npos) << ends[1].what;
  EXPECT_EQ(ends[2].code, errc::launch_failed);
  EXPECT_NE(ends[2].what.find("code 3"), std::string::npos) << ends[2].what;
}

TEST(Processes, OneThatDoesNotEndWithTheRootIsKilled) {
  pid_t stuck = 0;
  error const why = run([&](scripted& me) {
    me.on_begin = [&] { me.launch(1, "is stuck"); };
    me.on_launched = [&](proc_id id) { me.connect(id); };
    me.on_received = [&](channel_id, shared_bytes frame) {
      stuck = std::stoi(text_of(frame));
      me.finish();
    };
  });
  EXPECT_FALSE(why) << why.describe();
  EXPECT_EQ(::kill(stuck, 0), -1);
}

TEST(Processes, AnExecutableThatIsNotThereIsALaunchFailure) {
  program p;
  error seen;
  p.root = [&](scripted& me) {
    me.on_begin = [&me] { me.launch(1, "echo"); };
    me.on_exited = [&](proc_id, error const& e) {
      seen = e;
      me.finish();
    };
  };
  live_platform platform({.self = root_id});
  local_launcher launcher(platform.executor(), root_id, platform.options().knobs, {.executable = "/nowhere/roost"});
  shm_transport transport(platform.loop(), launcher, root_id, platform.options().knobs);
  EXPECT_FALSE(platform.run(p, {}, transport, launcher));
  EXPECT_EQ(seen.code, errc::launch_failed);
  EXPECT_NE(seen.describe().find("/nowhere/roost"), std::string::npos) << seen.describe();
}

TEST(Processes, AnAgentThatCannotBeStartedIsALaunchFailureOfEachOfItsProcs) {
  program p;
  std::map<proc_id, error> ends;
  p.root = [&](scripted& me) {
    me.on_begin = [&me] { me.launch({{1}, 1, 1}, "echo"), me.launch({{1}, 2, 1}, "echo"), me.launch({{7}, 1, 1}, "echo"); };
    me.on_exited = [&](proc_id id, error const& e) {
      ends[id] = e;
      if (ends.size() == 3) me.finish();
    };
  };
  live_platform platform({.self = root_id});
  local_launcher launcher(platform.executor(), root_id, platform.options().knobs, {.executable = "/nowhere/roost", .hosts = 2});
  shm_transport transport(platform.loop(), launcher, root_id, platform.options().knobs);
  EXPECT_FALSE(platform.run(p, {}, transport, launcher));
  for (auto const& [id, why] : ends) EXPECT_EQ(why.code, errc::launch_failed);
  for (std::uint32_t ordinal : {1, 2}) {
    std::string const said = ends[{{1}, ordinal, 1}].describe();
    EXPECT_NE(said.find("the agent of host h1 could not be started"), std::string::npos) << said;
    EXPECT_NE(said.find("/nowhere/roost"), std::string::npos) << said;
  }
  EXPECT_NE((ends[{{7}, 1, 1}].what.find("no host h7")), std::string::npos) << (ends[{{7}, 1, 1}].what);
}

TEST(Processes, NothingIsLaunchedOnAHostWhoseAgentIsGone) {
  std::map<proc_id, error> ends;
  error const why = run(
      [&](scripted& me) {
        me.on_begin = [&me] { me.launch({{1}, 1, 1}, "kills its parent"); };
        me.on_launched = [&me](proc_id id) { me.connect(id); };
        me.on_exited = [&](proc_id id, error const& e) {
          ends[id] = e;
          if (ends.size() == 2) return me.finish();
          me.launch({{1}, 2, 1}, "echo");
        };
      },
      local_transport::shm, 2);
  EXPECT_FALSE(why) << why.describe();
  EXPECT_EQ((ends[{{1}, 1, 1}].code), errc::proc_failed);
  EXPECT_EQ((ends[{{1}, 2, 1}].code), errc::launch_failed);
  for (auto const& [id, end] : ends)
    EXPECT_NE(end.describe().find("was killed by signal 9 (Killed)"), std::string::npos) << end.describe();
}

TEST(Processes, NoneOutlivesARootThatIsKilled) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  descriptor const output(ends[0]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  std::string name = "root";
  std::string command = root_command;
  char* const argv[] = {name.data(), command.data(), nullptr};
  pid_t root = -1;
  ASSERT_EQ(posix_spawn(&root, "/proc/self/exe", &actions, nullptr, argv, environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);

  std::string printed;
  std::vector<descriptor> procs;
  while (procs.size() < 2) {
    char buffer[256];
    ssize_t const got = ::read(output.get(), buffer, sizeof buffer);
    ASSERT_GT(got, 0);
    printed.append(buffer, static_cast<std::size_t>(got));
    for (std::size_t end = printed.find('\n'); end != std::string::npos; end = printed.find('\n')) {
      int pid = 0;
      auto const [at, bad] = std::from_chars(printed.data(), printed.data() + end, pid);
      // The test framework prints lines of its own.
      if (bad == std::errc() && at == printed.data() + end) procs.emplace_back(pidfd_open(pid, 0));
      printed.erase(0, end + 1);
    }
  }
  ::kill(root, SIGKILL);
  ::waitpid(root, nullptr, 0);
  for (auto const& each : procs) {
    pollfd gone{.fd = each.get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&gone, 1, 60'000), 1);
  }
}

}  // namespace
}  // namespace roost
