// refused: roost: Player cannot be exported: name at least one member function
#include <roost/roost.hpp>

struct Player : roost::actor {
  void go() {}
};
ROOST_EXPORT(Player)
