#pragma once
// The socket file at which an agent that stays listens.

#include <roost/base/error.hpp>
#include <roost/live/descriptor.hpp>

#include <sys/types.h>
#include <sys/un.h>

#include <string>

namespace roost {

/// Errors: `errc::bad_argument` where the path is empty or too long for a socket.
result<sockaddr_un> address_of_agent(std::string const& path);

/// A socket that listens at a file of its own, for this user only.
class agent_socket {
 public:
  /// Takes over the file of an agent that has died. Errors, each naming the path: `errc::unavailable` where a living process listens
  /// there, which is named, where something else lies there, or where no file can be made.
  static result<agent_socket> listen(std::string path);
  agent_socket(agent_socket&&) = default;
  agent_socket& operator=(agent_socket&&) = delete;
  /// Removes the file, where it is still this one's.
  ~agent_socket();

  int get() const noexcept { return socket_.get(); }
  std::string const& path() const noexcept { return path_; }

 private:
  agent_socket() = default;
  std::string path_;
  descriptor socket_;
  dev_t device_ = 0;
  ino_t file_ = 0;
};

}  // namespace roost
