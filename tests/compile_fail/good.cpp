// compiles
#include <roost/roost.hpp>

struct Good : roost::actor {
  explicit Good(int) {}
  int one(int x) { return x; }
  void later(roost::reply_port<int> reply, int) { reply.send(1); }
};
ROOST_EXPORT(Good, one, later)

void use(roost::proc_mesh const& procs) { procs.spawn<Good>("good", 1)->one.broadcast(1); }
