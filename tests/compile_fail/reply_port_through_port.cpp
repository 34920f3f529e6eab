// refused: roost: a reply_port is passed on as an argument of an endpoint, not through a port
#include <roost/roost.hpp>

struct errand {
  roost::reply_port<int> port;
};

void pass(roost::port<errand> const& to, errand e) { to.send(std::move(e)); }
