// refused: the actor's class has no constructor for these arguments
#include <roost/roost.hpp>

struct Player : roost::actor {
  explicit Player(int) {}
  void hit(int) {}
};
ROOST_EXPORT(Player, hit)

void use(roost::proc_mesh const& procs) { procs.spawn<Player>("team", std::string("three")); }
