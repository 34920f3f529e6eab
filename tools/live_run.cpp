#include <tools/live_run.hpp>

namespace roost::tools {

bool is_live_child(int, char**) noexcept { return false; }

int run_live_child(int, char**, proc_program&) { return 0; }

result<int> live_run(live_options const&, proc_program&) { return error(errc::unavailable, "live runs are not built"); }

}  // namespace roost::tools
