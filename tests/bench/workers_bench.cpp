// One repetition of work between two workers of one live proc, each pinned to a processor of its own where there are two. Prints
// what it cost as one JSON object.
//
//   workers_bench ping-pong MESSAGES awake | asleep     ask REQUESTS awake | asleep     stream MESSAGES
//   workers_bench bare ROUNDS awake | asleep            two threads and one word, without a runtime

#include <roost/roost.hpp>
#include <roost/transports/local.hpp>
#include <tests/bench/measure.hpp>

#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <functional>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

namespace bench {

using namespace std::chrono_literals;

/// Sends the ball back as often as it is told to.
struct Player : roost::actor {
  static constexpr bool dedicated = true;
  void meet(roost::actor_mesh<Player> other);
  /// Answers when the ball came back for the last time.
  void serve(roost::reply_port<void> over, std::uint64_t messages);
  void ball(std::uint64_t left);

  roost::reply_port<void> over;
  roost::actor_mesh<Player> other;
};
ROOST_EXPORT(Player, meet, serve, ball)

void Player::meet(roost::actor_mesh<Player> who) { other = std::move(who); }

void Player::serve(roost::reply_port<void> port, std::uint64_t messages) {
  over = std::move(port);
  other->ball.broadcast(messages - 1);
}

void Player::ball(std::uint64_t left) {
  if (left == 0) {
    over.send();
  } else {
    other->ball.broadcast(left - 1);
  }
}

struct Adder : roost::actor {
  static constexpr bool dedicated = true;
  std::uint64_t add(std::uint64_t value) { return sum_ += value; }

 private:
  std::uint64_t sum_ = 0;
};
ROOST_EXPORT(Adder, add)

struct Asker : roost::actor {
  static constexpr bool dedicated = true;
  explicit Asker(roost::actor_mesh<Adder> adder) : adder_(std::move(adder)) {}
  std::uint64_t ask(std::uint64_t times) {
    std::uint64_t last = 0;
    for (std::uint64_t i = 0; i != times; ++i) last = adder_->add.with(10s).call_one(1).get();
    return last;
  }
  std::uint64_t stream(std::uint64_t times) {
    for (std::uint64_t i = 0; i != times; ++i) adder_->add.broadcast(1);
    return adder_->add.call_one(0).get();
  }

 private:
  roost::actor_mesh<Adder> adder_;
};
ROOST_EXPORT(Asker, ask, stream)

namespace {

using work = cost (*)(std::uint64_t);

cost ping_pong(std::uint64_t messages) {
  auto const near = roost::spawn<Player>("near");
  auto const far = roost::spawn<Player>("far");
  near->meet.call_one(far).get();
  far->meet.call_one(near).get();
  near->serve.call_one(2).get();
  stopwatch watch;
  near->serve.call_one(messages).get();
  return watch.stop();
}

cost ask(std::uint64_t requests) {
  auto const asker = roost::spawn<Asker>("asker", roost::spawn<Adder>("adder"));
  asker->ask.call_one(1).get();
  stopwatch watch;
  asker->ask.call_one(requests).get();
  return watch.stop();
}

cost stream(std::uint64_t messages) {
  auto const asker = roost::spawn<Asker>("asker", roost::spawn<Adder>("adder"));
  asker->stream.call_one(1).get();
  stopwatch watch;
  asker->stream.call_one(messages).get();
  return watch.stop();
}

void pin_to(std::size_t which) {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  std::vector<int> processors;
  for (int cpu = 0; cpu != CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &allowed)) processors.push_back(cpu);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processors[which % processors.size()], &one);
  static_cast<void>(::pthread_setaffinity_np(::pthread_self(), sizeof one, &one));
}

/// Two threads that hand one word to and fro: spinning on it, or asleep until the kernel wakes them.
cost bare(std::uint64_t rounds, bool awake) {
  alignas(64) std::atomic<std::uint64_t> turn = 0;
  auto const play = [&](std::uint64_t parity) {
    pin_to(parity);
    for (std::uint64_t next = parity; next < rounds; next += 2) {
      for (auto seen = turn.load(); seen != next; seen = turn.load())
        if (!awake) turn.wait(seen);
      turn.store(next + 1);
      if (!awake) turn.notify_one();
    }
  };
  stopwatch watch;
  std::thread other(play, 1);
  std::thread own(play, 0);
  own.join();
  other.join();
  return watch.stop();
}

struct named_work {
  std::string_view name;
  work run;
  bool says_how;  ///< Whether it is said that the workers stay awake or sleep.
};

std::vector<named_work> const works{{"ping-pong", ping_pong, true}, {"ask", ask, true}, {"stream", stream, false}};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  auto const [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (wrong != std::errc() || end != text.data() + text.size() || value == 0) return std::nullopt;
  return value;
}

int print(cost const& spent, std::uint64_t count) {
  std::printf("{%s,\"messages\":%llu}\n", to_json(spent).c_str(), static_cast<unsigned long long>(count));
  return 0;
}

int run(std::vector<std::string_view> const& words) {
  auto const size = words.size() >= 2 ? number(words[1]) : std::nullopt;
  bool const says_how = words.size() == 3 && (words[2] == "awake" || words[2] == "asleep");
  bool const awake = !says_how || words[2] == "awake";
  if (size && says_how && words[0] == "bare") return print(bare(*size, awake), *size);
  for (auto const& each : works) {
    if (!size || words[0] != each.name || says_how != each.says_how || words.size() != (each.says_how ? 3U : 2U)) continue;
    cost spent;
    roost::program program([&](roost::hosts const&, auto const&) { spent = each.run(*size); });
    roost::local_run how{.transport = roost::local_transport::loopback};
    how.prepare = [awake](roost::live_options& proc) {
      auto const set = [&](char const* name, std::int64_t value) { (void)proc.knobs.set(*roost::find_knob(name), value); };
      set("live.pin", 1);
      set("live.spin", awake ? 1'000'000 : 0);
    };
    if (auto const why = roost::run_local(program, how)) {
      std::fprintf(stderr, "%s\n", why.describe().c_str());
      return 1;
    }
    return print(spent, *size);
  }
  std::fprintf(stderr, "usage: workers_bench ping-pong|ask|bare COUNT awake|asleep, or workers_bench stream COUNT\n");
  return 64;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { return bench::run({argv + 1, argv + argc}); }
