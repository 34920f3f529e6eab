#include <roost/sim/interpose/interpose.hpp>

#include <cstdio>
#include <cstdlib>

namespace roost::sim::interpose {

void refuse(inside const& where, char const* what, char const* instead, void const* caller) {
  Dl_info info{};
  bool const known = dladdr(caller, &info) != 0;
  char const* const place = known && info.dli_sname != nullptr ? info.dli_sname : known ? info.dli_fname : "an unknown place";
  set_inside(nullptr);
  std::fprintf(stderr, "%s: a simulated handler called %s from %s; %s\n", where.name().c_str(), what, place, instead);
  std::abort();
}

}  // namespace roost::sim::interpose
