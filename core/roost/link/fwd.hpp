#pragma once
// Names of the link floor.

namespace roost::link {

struct outgoing;
struct incoming;
struct receipt;
struct identity;
class session_events;
class session_table;
class session;

}  // namespace roost::link
