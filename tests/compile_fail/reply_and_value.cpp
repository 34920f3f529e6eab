// refused: an endpoint that takes a reply_port answers through it and returns void
#include <roost/roost.hpp>

struct Player : roost::actor {
  int hit(roost::reply_port<int>, int) { return 0; }
};
ROOST_EXPORT(Player, hit)
