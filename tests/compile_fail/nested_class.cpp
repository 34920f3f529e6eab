// refused: roost: Outer::Inner cannot be exported: ROOST_EXPORT stands in the namespace of the class and has its name alone
#include <roost/roost.hpp>

struct Outer {
  struct Inner : roost::actor {
    void go() {}
  };
};
ROOST_EXPORT(Outer::Inner, go)
