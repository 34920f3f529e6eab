// refused: holds a pointer
#include <roost/roost.hpp>

struct Player : roost::actor {
  int* hit(int) { return nullptr; }
};
ROOST_EXPORT(Player, hit)

void use(roost::actor_mesh<Player> const& player) { player->hit.call_one(1).get(); }
