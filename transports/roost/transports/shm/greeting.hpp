#pragma once
// What the two ends of a new channel say to each other, once: the ring to write to, the bell to ring, and who says so.

#include <roost/base/error.hpp>
#include <roost/live/descriptor.hpp>
#include <roost/transports/shm/attach.hpp>

#include <sys/types.h>

#include <cstdint>

namespace roost::shm {

inline constexpr std::uint32_t protocol_version = 2;

struct greeting {
  std::uint64_t capacity = 0;
  std::uint64_t mark_address = 0;
  mark_value mark{};
  descriptor ring;
  descriptor bell;
  pid_t process = 0;  ///< Of the peer, as the kernel says; 0 where it cannot be seen from here.
};

/// What a greeting says beside the descriptors, which stay the caller's.
struct greeting_text {
  std::uint64_t capacity = 0;
  std::uint64_t mark_address = 0;
  mark_value mark{};
  std::uint32_t version = protocol_version;
};
result<void> send_greeting(int socket, greeting_text const& text, int ring, int bell);

/// Before the first greeting is received: the kernel tells from now on who sent it.
result<void> ask_for_credentials(int socket);

enum class greeting_status : std::uint8_t { got, nothing, hung_up };
/// Takes the peer's greeting without waiting. Errors: not a greeting, one of another version (both are named), or one of a process
/// that runs as another user.
result<greeting_status> receive_greeting(int socket, greeting& from);

}  // namespace roost::shm
