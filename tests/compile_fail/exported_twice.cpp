// refused: roost: Player cannot be exported: it has been already
#include <roost/roost.hpp>

struct Player : roost::actor {
  void go() {}
};
ROOST_EXPORT(Player, go)
ROOST_EXPORT(Player, go)
