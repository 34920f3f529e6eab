// Uses Roost as installed: one header, one symbol of a library, no setting of Roost's own build.

#include <roost/base/ids.hpp>

#include <cstdio>

int main() {
  auto const id = roost::parse_proc_id("h3/p1.2");
  if (!id || roost::to_string(*id) != "h3/p1.2") return 1;
  std::printf("%s\n", roost::to_string(*id).c_str());
}
