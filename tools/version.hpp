#pragma once
// Which Roost this is.

#include <string>

namespace roost::tools {

/// "0.1.0 g++ 12.2.0 plants".
std::string version_text();

}  // namespace roost::tools
