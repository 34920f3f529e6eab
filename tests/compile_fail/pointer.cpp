// refused: holds a pointer
#include <roost/roost.hpp>

struct blow {
  int force = 0;
  char const* where = nullptr;
};
struct Player : roost::actor {
  void hit(blow) {}
};
ROOST_EXPORT(Player, hit)
