// refused: Player::hit cannot be exported: an endpoint is one public member function, neither overloaded nor a template
#include <roost/roost.hpp>

class Player : public roost::actor {
  void hit(int) {}
};
ROOST_EXPORT(Player, hit)
