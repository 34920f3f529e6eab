#pragma once
// What `roost doctor` looks at: each probe does the thing itself, and says what follows where it cannot be done.

#include <string>
#include <vector>

namespace roost::tools {

enum class probe_state : unsigned char {
  works,
  absent,  ///< Not to be had; Roost does without.
  fails,   ///< Needed, and it does not work.
};

struct probe_result {
  std::string name;
  probe_state state = probe_state::works;
  std::string found;        ///< What was done, and what came of it.
  std::string consequence;  ///< Of `absent` and `fails`: what Roost does then, or what it cannot do.
};

/// What the kernel gives procs of one host to live on: memory files, descriptors, waits, guards.
void probe_kernel(std::vector<probe_result>& into);
/// Whether one proc may read another's memory, as procs that were started side by side.
void probe_attach(std::vector<probe_result>& into);
/// Cores, clock and limits, against what `procs` procs of one program need.
void probe_machine(std::vector<probe_result>& into, unsigned procs);
/// Libraries that are opened where they are found.
void probe_libraries(std::vector<probe_result>& into);

}  // namespace roost::tools
