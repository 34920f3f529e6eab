// refused: Player cannot be exported: it is not publicly derived from roost::actor
#include <roost/roost.hpp>

struct Player {
  void hit(int) {}
};
ROOST_EXPORT(Player, hit)

void use(roost::proc_mesh const& procs) { procs.spawn<Player>("team"); }
