// One repetition of one piece of work between actors of one live proc, on one worker. Prints what it cost as one JSON object.
//
//   local_bench ping-pong MESSAGES | ask REQUESTS | fan RECEIVERS ROUNDS | rest ACTORS | churn ACTORS | bare MESSAGES |
//   queues MESSAGES

#include <roost/roost.hpp>
#include <roost/transports/local.hpp>
#include <tests/bench/bare_executor.hpp>
#include <tests/bench/bare_loop.hpp>
#include <tests/bench/measure.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace bench {

using namespace std::chrono_literals;

/// Sends the ball back as often as it is told to.
struct Player : roost::actor {
  Player() = default;
  explicit Player(roost::actor_mesh<Player> other) : other_(std::move(other)) {}

  void meet(roost::actor_mesh<Player> other) { other_ = std::move(other); }
  /// Answers when the ball came back for the last time.
  void serve(roost::reply_port<void> over, std::uint64_t messages);
  void ball(std::uint64_t left);

 private:
  roost::actor_mesh<Player> other_;
  roost::reply_port<void> over_;
};
ROOST_EXPORT(Player, meet, serve, ball)

void Player::serve(roost::reply_port<void> over, std::uint64_t messages) {
  over_ = std::move(over);
  other_->ball.broadcast(messages - 1);
}

void Player::ball(std::uint64_t left) {
  if (left == 0) {
    over_.send();
  } else {
    other_->ball.broadcast(left - 1);
  }
}

struct Adder : roost::actor {
  std::uint64_t add(std::uint64_t value) { return sum_ += value; }

 private:
  std::uint64_t sum_ = 0;
};
ROOST_EXPORT(Adder, add)

/// Awaits one answer after the other, each with a deadline.
struct Asker : roost::actor {
  explicit Asker(roost::actor_mesh<Adder> adder) : adder_(std::move(adder)) {}
  std::uint64_t ask(std::uint64_t times) {
    std::uint64_t last = 0;
    for (std::uint64_t i = 0; i != times; ++i) last = adder_->add.with(10s).call_one(1).get();
    return last;
  }

 private:
  roost::actor_mesh<Adder> adder_;
};
ROOST_EXPORT(Asker, ask)

struct Spoke;

/// One message to each spoke and one back from each, round by round.
struct Center : roost::actor {
  void spread(std::uint64_t spokes, roost::actor_mesh<Center> self);
  void play(roost::reply_port<void> over, std::uint64_t rounds) {
    over_ = std::move(over);
    left_ = rounds;
    send();
  }
  void back(std::uint64_t) {
    if (++back_ != spokes_.size()) return;
    if (--left_ == 0) {
      over_.send();
    } else {
      send();
    }
  }

 private:
  void send();
  std::vector<roost::actor_mesh<Spoke>> spokes_;
  roost::reply_port<void> over_;
  std::uint64_t left_ = 0;
  std::uint64_t back_ = 0;
};
ROOST_EXPORT(Center, spread, play, back)

struct Spoke : roost::actor {
  explicit Spoke(roost::actor_mesh<Center> center) : center_(std::move(center)) {}
  void there(std::uint64_t number) { center_->back.broadcast(number); }

 private:
  roost::actor_mesh<Center> center_;
};
ROOST_EXPORT(Spoke, there)

void Center::spread(std::uint64_t spokes, roost::actor_mesh<Center> self) {
  for (std::uint64_t i = 0; i != spokes; ++i) spokes_.push_back(roost::spawn<Spoke>("spoke", self));
}
void Center::send() {
  back_ = 0;
  for (auto const& spoke : spokes_) spoke->there.broadcast(left_);
}

/// Owns actors that do nothing.
struct Keeper : roost::actor {
  static constexpr std::size_t at_once = 64;

  void keep(std::uint64_t actors) {
    for (std::uint64_t i = 0; i != actors; ++i) {
      (void)roost::spawn<Adder>("adder");
      if (i % at_once == 0) roost::sleep(1us);  // So that their constructors run.
    }
    roost::sleep(1ms);
  }
  void churn(std::uint64_t actors) {
    std::vector<roost::actor_mesh<Adder>> some;
    for (std::uint64_t left = actors; left != 0;) {
      auto const now = std::min<std::uint64_t>(left, at_once);
      left -= now;
      for (std::uint64_t i = 0; i != now; ++i) some.push_back(roost::spawn<Adder>("adder"));
      for (auto const& one : some) one.stop();
      some.clear();
      roost::sleep(1us);
    }
  }
};
ROOST_EXPORT(Keeper, keep, churn)

namespace {

using work = std::function<cost(std::uint64_t, std::uint64_t)>;

cost ping_pong(std::uint64_t messages, std::uint64_t) {
  auto const near = roost::spawn<Player>("near");
  auto const far = roost::spawn<Player>("far", near);
  near->meet.call_one(far).get();
  near->serve.call_one(2).get();
  stopwatch watch;
  near->serve.call_one(messages).get();
  return watch.stop();
}

cost ask(std::uint64_t requests, std::uint64_t) {
  auto const asker = roost::spawn<Asker>("asker", roost::spawn<Adder>("adder"));
  asker->ask.call_one(1).get();
  stopwatch watch;
  asker->ask.call_one(requests).get();
  return watch.stop();
}

cost fan(std::uint64_t receivers, std::uint64_t rounds) {
  auto const center = roost::spawn<Center>("center");
  center->spread.call_one(receivers, center).get();
  center->play.call_one(1).get();
  stopwatch watch;
  center->play.call_one(rounds).get();
  return watch.stop();
}

cost rest(std::uint64_t actors, std::uint64_t) {
  auto const keeper = roost::spawn<Keeper>("keeper");
  stopwatch watch;
  keeper->keep.call_one(actors).get();
  return watch.stop();
}

cost churn(std::uint64_t actors, std::uint64_t) {
  auto const keeper = roost::spawn<Keeper>("keeper");
  keeper->churn.call_one(Keeper::at_once).get();
  stopwatch watch;
  keeper->churn.call_one(actors).get();
  return watch.stop();
}

struct named_work {
  std::string_view name;
  std::size_t sizes;
  work run;
  /// How many messages (requests, actors) the cost is for.
  std::uint64_t (*count)(std::uint64_t, std::uint64_t);
};

std::vector<named_work> const works{
    {"ping-pong", 1, ping_pong, [](std::uint64_t n, std::uint64_t) { return n; }},
    {"ask", 1, ask, [](std::uint64_t n, std::uint64_t) { return n; }},
    {"fan", 2, fan, [](std::uint64_t n, std::uint64_t rounds) { return 2 * n * rounds; }},
    {"rest", 1, rest, [](std::uint64_t n, std::uint64_t) { return n; }},
    {"churn", 1, churn, [](std::uint64_t n, std::uint64_t) { return n; }},
};

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
  std::vector<std::uint64_t> sizes;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (auto const size = number(words[i])) sizes.push_back(*size);
  }
  if (words.size() == 2 && sizes.size() == 1 && (words[0] == "bare" || words[0] == "queues")) {
    stopwatch watch;
    words[0] == "bare" ? bare_executor_ping_pong(sizes[0]) : bare_ping_pong(sizes[0]);
    return print(watch.stop(), sizes[0]);
  }
  for (auto const& each : works) {
    if (words.empty() || words[0] != each.name || words.size() != each.sizes + 1 || sizes.size() != each.sizes) continue;
    sizes.push_back(0);
    cost spent;
    roost::program program([&](roost::hosts const&, auto const&) { spent = each.run(sizes[0], sizes[1]); });
    if (auto const why = roost::run_local(program, {.transport = roost::local_transport::loopback})) {
      std::fprintf(stderr, "%s\n", why.describe().c_str());
      return 1;
    }
    return print(spent, each.count(sizes[0], sizes[1]));
  }
  std::fprintf(stderr,
               "usage: local_bench ping-pong MESSAGES | ask REQUESTS | fan RECEIVERS ROUNDS | rest ACTORS | churn ACTORS | bare "
               "MESSAGES | queues MESSAGES\n");
  return 64;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { return bench::run({argv + 1, argv + argc}); }
