#pragma once
// Processes that others started and left to this one, which is a subreaper: what procs exec'd and did not wait for.

#include <sys/types.h>

#include <span>

namespace roost {

/// Waits for strays that have ended, without blocking. `known` are the children that others of this process wait for.
void reap_strays(std::span<pid_t const> known);
/// Kills all children of the calling thread but `spared`, and waits for them: its own, the strays that came to it, and theirs in turn.
void end_strays(std::span<pid_t const> spared = {});

}  // namespace roost
