#include <roost/mesh/proc_local.hpp>

namespace roost::detail {

std::size_t next_proc_local_index() {
  static std::size_t count = 0;
  return count++;
}

}  // namespace roost::detail
