// refused: Player::hit cannot be exported: an endpoint is one public member function, neither overloaded nor a template
#include <roost/roost.hpp>

struct Player : roost::actor {
  void hitt(int) {}
};
ROOST_EXPORT(Player, hit)
