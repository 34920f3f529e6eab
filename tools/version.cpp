#include <tools/version.hpp>

namespace roost::tools {

std::string version_text() {
  std::string text = ROOST_VERSION;
#if defined(__clang__)
  text += " clang " __clang_version__;
#else
  text += " g++ " __VERSION__;
#endif
#if defined(ROOST_PLANTS) && ROOST_PLANTS
  text += " plants";
#endif
  return text;
}

}  // namespace roost::tools
