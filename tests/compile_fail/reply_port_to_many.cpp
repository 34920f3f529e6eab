// refused: roost: a message with a reply_port cannot be copied to several ranks: use call_one, choose, or broadcast to one
#include <roost/roost.hpp>

struct errand {
  int number = 0;
  std::vector<roost::reply_port<int>> ports;
};
struct Player : roost::actor {
  void take(errand) {}
  void pass(roost::reply_port<int> port, roost::actor_mesh<Player> all);
};
ROOST_EXPORT(Player, take, pass)

void Player::pass(roost::reply_port<int> port, roost::actor_mesh<Player> all) {
  errand e;
  e.ports.push_back(std::move(port));
  all->take.call(std::move(e)).detach();
}
