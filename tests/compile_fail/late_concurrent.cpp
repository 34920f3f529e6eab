// refused: roost: ROOST_CONCURRENT(Player, go, ...) stands before ROOST_EXPORT, where it still has an effect
#include <roost/roost.hpp>

struct Player : roost::actor {
  void go() {}
};
ROOST_EXPORT(Player, go)
ROOST_CONCURRENT(Player, go, 4)
