#pragma once
// What a controller asks of an agent that stays: the process that is to serve it, and what that gets.

#include <roost/base/bytes.hpp>
#include <roost/base/error.hpp>
#include <roost/base/units.hpp>
#include <roost/live/descriptor.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace roost {

/// Travels in a sealed memory file.
struct attach_words {
  std::string program;                   ///< Path of the controller's executable, for people.
  std::string run;                       ///< How its run is called by who asks what procs do.
  std::string build;                     ///< Of the executable, for people.
  std::int64_t bound_ns = 0;             ///< Silence after which either side counts as gone.
  std::vector<std::string> arguments;    ///< The command line of the process, from the first on, which is a name for people.
  std::vector<std::string> environment;  ///< Its environment.
};

/// The descriptors that come with a request, in this order; the last one only where the log is JSON.
enum class attach_descriptor : std::uint8_t { words, control, output, errors, executable, directory, log };

/// All of a request as the agent has it.
struct attach_request {
  attach_words words;
  descriptor control;  ///< Its end of the control socket that the process gets.
  descriptor output;   ///< Where it writes.
  descriptor errors;
  descriptor executable;  ///< What is run, whatever lies at the path by now.
  descriptor directory;   ///< Where it works.
  descriptor log;         ///< Where it logs, or none.
};

/// Errors: `errc::unavailable`.
result<descriptor> write_attach_words(attach_words const& words);
/// Looks at every one of the descriptors. Errors: `errc::bad_frame`.
result<attach_request> read_attach_request(std::vector<descriptor> descriptors);

}  // namespace roost
