// Pairs of procs on hosts of their own, with one message under way in each pair.

#include <roost/roost.hpp>
#include <tests/bench/sim_work.hpp>

#include <vector>

namespace bench {

inline constexpr roost::dim host{"host"};

/// Sends the ball back as often as it is told to.
struct Player : roost::actor {
  Player() = default;
  explicit Player(roost::actor_mesh<Player> other) : other_(std::move(other)) {}

  void meet(roost::actor_mesh<Player> other) { other_ = std::move(other); }
  /// Answers when the ball came back for the last time.
  void serve(roost::reply_port<void> over, std::uint32_t rounds);
  void ball(std::uint32_t left);

 private:
  roost::actor_mesh<Player> other_;
  roost::reply_port<void> over_;
};
ROOST_EXPORT(Player, meet, serve, ball)

void Player::serve(roost::reply_port<void> over, std::uint32_t rounds) {
  over_ = std::move(over);
  other_->ball.broadcast(2 * rounds - 1);
}

void Player::ball(std::uint32_t left) {
  if (left != 0) {
    other_->ball.broadcast(left - 1);
  } else {
    over_.send();
  }
}

namespace {

void play(roost::hosts hosts, std::uint32_t rounds) {
  auto const procs = hosts.spawn_procs();
  std::vector<roost::actor_mesh<Player>> players;
  std::vector<roost::future<void>> met;
  for (std::uint64_t i = 0; i != procs.size(); i += 2) {
    auto const near = procs.at(host = i).spawn<Player>("near");
    auto const far = procs.at(host = i + 1).spawn<Player>("far", near);
    met.push_back(near->meet.call_one(far));
    players.push_back(far);
    players.push_back(near);
  }
  for (auto const& one : met) one.get();
  std::vector<roost::future<void>> games;
  for (std::size_t i = 0; i != players.size(); i += 2) games.push_back(players[i]->serve.call_one(rounds));
  for (auto const& game : games) game.get();
  for (auto const& player : players) player.stop();
}

}  // namespace

roost::sim::run_result ping_pong(std::uint32_t hosts, std::uint32_t rounds) {
  roost::sim::scenario what;
  what.name = "ping_pong";
  what.hosts = hosts;
  what.procs_per_host = 1;
  what.draw_knobs = false;
  what.time_limit = what.wall_limit = std::chrono::hours(1);
  roost::program program([rounds](roost::hosts all, auto const&) { play(std::move(all), rounds); });
  return roost::sim::run(what, {}, program);
}

}  // namespace bench
