// refused: the class is not exported: write ROOST_EXPORT after it
#include <roost/roost.hpp>

struct Player : roost::actor {
  void hit(int) {}
};

void use() { roost::spawn<Player>("team"); }
