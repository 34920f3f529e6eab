// refused: Player::score cannot be exported: an endpoint is one public member function, neither overloaded nor a template
#include <roost/roost.hpp>

struct Player : roost::actor {
  int score = 0;
};
ROOST_EXPORT(Player, score)
