#pragma once
// Short programs, each of which shows a planted bug that the drawn workload cannot: what they check is said in one sentence.

#include <roost/roost.hpp>

#include <string>
#include <vector>

namespace roost::scenes {

/// Plays those scenes that the arguments name, one after the other: for `controller`.
void run(hosts where, std::vector<std::string> const& arguments);

}  // namespace roost::scenes
