// refused: has a bit-field
#include <roost/roost.hpp>

struct blow {
  int force = 0;
  unsigned weapon : 3 = 0;
};
struct Player : roost::actor {
  void hit(blow) {}
};
ROOST_EXPORT(Player, hit)
