#pragma once
// The least that passing messages between two actors on one worker costs: intrusive queues, virtual calls, and nothing else.

#include <cstdint>

namespace bench {

/// Passes `messages` messages to and fro between two actors, each message a node of its own from a list of free ones.
void bare_ping_pong(std::uint64_t messages);

}  // namespace bench
