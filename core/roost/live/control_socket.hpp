#pragma once
// The socket between a launcher and one of its procs: small records, and the descriptors that travel with them.

#include <roost/base/error.hpp>
#include <roost/base/ids.hpp>
#include <roost/live/descriptor.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace roost {

enum class control_kind : std::uint32_t {
  start = 1,       ///< To the proc: `proc` is it, `other` its launcher, `text` its name; with the bootstrap's memory file.
  running = 2,     ///< From the proc: its loop runs.
  finished = 3,    ///< From the proc: it is done, with `code` and `text`.
  introduce = 4,   ///< From the proc: bring me together with `proc`.
  introduced = 5,  ///< To the proc: with a socket to `proc`; `request` is 0 where `proc` asked.
  refused = 6,     ///< To the proc: `request` came to nothing, with `code` and `text`.
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

enum class control_status : std::uint8_t { record, nothing, closed };

/// Sends whole or not at all; errors where the other end is gone or does not read.
result<void> send_record(int socket, control_record const& record);
/// Takes the next record, without waiting. What is malformed counts as closed: the other end is not what it should be.
control_status receive_record(int socket, control_record& record);

}  // namespace roost
