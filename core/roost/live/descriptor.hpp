#pragma once
// File descriptors that close themselves. All are close-on-exec: a child gets what it is given and nothing else.

#include <roost/base/bytes.hpp>
#include <roost/base/error.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace roost {

/// Owns one file descriptor, or none (-1).
class descriptor {
 public:
  descriptor() = default;
  explicit descriptor(int fd) noexcept : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~descriptor() { reset(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int release() noexcept { return std::exchange(fd_, -1); }
  void reset(int fd = -1) noexcept;

 private:
  int fd_ = -1;
};

/// `errc::unavailable` with errno's text: "cannot <what>: <reason>".
error system_error(std::string const& what, int error_number);
/// Throws it as an `exception` where `made` is false: for what a proc cannot start without.
void require_system(bool made, char const* what);

/// A connected pair of Unix sockets that keep record boundaries, neither of which blocks.
result<std::pair<descriptor, descriptor>> socket_pair();

/// A memory file of zeros whose size nobody can change any more.
result<descriptor> sealed_memory_file(char const* name, std::size_t size);
/// A memory file that holds `content` and that nobody can change any more.
result<descriptor> sealed_copy(char const* name, std::span<std::byte const> content);
/// The content of a file made by `sealed_copy`; refuses a file that somebody could still change.
result<shared_bytes> read_sealed(int fd);

/// Tells whether the process that made the other end of a Unix socket runs as this user.
result<void> check_same_user(int socket);

}  // namespace roost
