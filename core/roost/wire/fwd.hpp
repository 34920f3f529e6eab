#pragma once
// Names of the wire floor: how a message becomes bytes and bytes become a message.

namespace roost::wire {

struct frame_header;
struct frame_limits;
struct frame_view;
struct call_chain;
struct decode_limits;
class writer;
class reader;

}  // namespace roost::wire
