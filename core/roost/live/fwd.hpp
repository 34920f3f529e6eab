#pragma once
// The platform of a real machine: the seams of platform/ over the kernel. Nothing of it is linked into a simulated proc's path.

namespace roost {

class event_loop;
class fd_watch;
class poll_source;
class live_clock;
class live_executor;
class live_entropy;
class live_store;
class process_log;
class live_launcher;
class live_platform;
class introducer;
class introduction_events;
class control_channel;
class controlled_process;
class child_process;
class attach_stream;
class attached_agent;
class agent_socket;
class proc_host;
class host_procs;
class remote_host;
class local_launcher;
class child_launcher;
class thread_group;
class thread_launcher;

}  // namespace roost
