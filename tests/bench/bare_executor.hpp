#pragma once
// The loop of docs/design.md, "Running actors", with nothing on it: no types, no credit, no flight recorder, no counters.

#include <cstdint>

namespace bench {

/// Passes `messages` messages to and fro between two actors of one worker.
///
/// Of the whole design it has what every message pays for there: an inbox that other threads may push to, looked at each turn; one queue
/// of ready actors and of handlers that go on; mailboxes with the states idle, queued and running; batches of 32; messages of 64 bytes
/// from a list of the worker's, which double as the cell of the reply; the worker and the actor that run as variables of the thread.
void bare_executor_ping_pong(std::uint64_t messages);

}  // namespace bench
