// compiles
#include <roost/roost.hpp>

struct Good : roost::actor {
  explicit Good(int) {}
  int one(int x) { return x; }
  void later(roost::reply_port<int> reply, int) { reply.send(1); }
};
ROOST_EXPORT(Good, one, later)

struct Outer {
  struct Inner : roost::actor {
    void go() {}
    void stay() {}
  };
};
using Inner = Outer::Inner;
ROOST_CONCURRENT(Inner, go, 2)
ROOST_CONCURRENT(Inner, stay, 2)
ROOST_EXPORT(Inner, go, stay)

template <class T>
struct Keeper : roost::actor {
  T keep(T value) { return value; }
};
using IntKeeper = Keeper<int>;
ROOST_EXPORT(IntKeeper, keep)

void use(roost::proc_mesh const& procs) {
  procs.spawn<Good>("good", 1)->one.broadcast(1);
  procs.spawn<Outer::Inner>("inner")->go.broadcast();
  procs.spawn<Keeper<int>>("keeper")->keep.broadcast(1);
}
