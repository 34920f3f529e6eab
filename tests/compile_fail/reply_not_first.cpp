// refused: the reply_port of an endpoint is its first parameter
#include <roost/roost.hpp>

struct Player : roost::actor {
  void hit(int, roost::reply_port<int>) {}
};
ROOST_EXPORT(Player, hit)
