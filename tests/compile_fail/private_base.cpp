// refused: roost: Player cannot be exported: it is not publicly derived from roost::actor
#include <roost/roost.hpp>

struct Player : private roost::actor {
  void go() {}
};
ROOST_EXPORT(Player, go)
