#pragma once
// The socket between a launcher and a process that it started, a proc or a host agent: small records, and the descriptors that
// travel with them.

#include <roost/base/error.hpp>
#include <roost/base/ids.hpp>
#include <roost/live/descriptor.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace roost {

// "It" is the process at the far end, a proc or an agent. What a proc says an agent passes on, with that proc as `other`; what is
// said to a proc goes to its agent with that proc as `other`.
enum class control_kind : std::uint32_t {
  start = 1,  ///< To it: `proc` is it, `other` the root proc, `text` its name, `request` the number of hosts; to a proc with the
              ///< bootstrap's memory file.
  running = 2,     ///< From it: its loop runs. With another `proc`: that one's does, which it asked for or was asked to launch.
  finished = 3,    ///< From it: it is done, with `code` and `text`.
  introduce = 4,   ///< From a proc: bring me together with `proc`.
  introduced = 5,  ///< To a proc: with a socket to `proc`; `request` is 0 where `proc` asked.
  refused = 6,     ///< To a proc: `request` came to nothing, with `code` and `text`.
  launch = 7,      ///< Start `proc`, named `text`, with the bootstrap's memory file. To an agent: on its host.
  kill = 8,        ///< End `proc`.
  exited = 9,      ///< `proc`, which it asked for or was asked to launch, ended, with `code` and `text`.
  probe = 10,      ///< To an agent: are you there? With a `request`.
  present = 11,    ///< From an agent: `request` reached me.
  look = 12,       ///< From a proc, to who started it: which procs have you started?
  seen = 13        ///< To a proc: these, encoded in a memory file; or why that cannot be said, with `code` and `text`.
};

struct control_record {
  control_kind kind = control_kind::running;
  std::uint64_t request = 0;
  proc_id proc = {};
  proc_id other = {};
  errc code = errc::ok;
  std::string text = {};  ///< At most 4 KiB travel.
  descriptor attached = {};
};

/// That `proc` ended: `why` with its causes in one line.
control_record exited_record(proc_id proc, error const& why);
/// What such a record says.
error exit_of(control_record const& exited);

enum class control_status : std::uint8_t { record, nothing, closed };

enum class send_record_status : std::uint8_t { sent, full, gone };
/// Sends whole or not at all, without waiting.
send_record_status try_send_record(int socket, control_record const& record);
/// The same; errors where the other end is gone or does not read.
result<void> send_record(int socket, control_record const& record);
/// Takes the next record, without waiting. What is malformed counts as closed: the other end is not what it should be.
control_status receive_record(int socket, control_record& record);

}  // namespace roost
