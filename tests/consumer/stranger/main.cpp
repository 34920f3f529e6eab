// Uses Roost as installed, as the README says: one header, one target, no setting of Roost's own build.

#include <roost/roost.hpp>

#include <cstdint>

inline constexpr roost::dim gpu{"gpu"};

struct Player : roost::actor {
  std::uint64_t hit(std::uint64_t ball) { return ball + 1; }
};
ROOST_EXPORT(Player, hit)

int main(int argc, char** argv) {
  return roost::main(argc, argv, [](roost::hosts hosts) {
    auto const team = hosts.spawn_procs(gpu = 2).spawn<Player>("team");
    for (auto const& [at, ball] : team->hit.call(100).get()) roost::always(ball && *ball == 101, "each player is hit");
  });
}
