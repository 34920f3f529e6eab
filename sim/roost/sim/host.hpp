#pragma once
// One simulated machine.

#include <roost/base/ids.hpp>
#include <roost/sim/clocks.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace roost::sim {

struct host {
  host_id id;
  entity_key key;
  host_clocks clocks;
  moment sends_until = 0;     ///< Its network port is busy sending until then.
  moment receives_until = 0;  ///< ... and receiving until then.
  std::uint32_t slow_percent = 100;
  std::uint32_t slowed = 0;  ///< Counts slow-downs, so that an old one does not end a newer one.
  bool down = false;
  std::uint32_t crashes = 0;
  std::map<std::string, std::vector<std::byte>, std::less<>> files;
};

}  // namespace roost::sim
