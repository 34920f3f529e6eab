#pragma once
// What the two ends of a channel say to each other over their socket: first, once, the ring to write to, the bell to ring, and who
// says so; later that a writer let go of a ring that was idle, and that it needs one again.

#include <roost/base/error.hpp>
#include <roost/live/descriptor.hpp>
#include <roost/transports/shm/attach.hpp>

#include <sys/types.h>

#include <cstdint>

namespace roost::shm {

inline constexpr std::uint32_t protocol_version = 3;

enum class notice_kind : std::uint32_t {
  greeting,  ///< The first one, each way; never again.
  dropped,   ///< The writer has unmapped the ring, in which everything was taken.
  wanted,    ///< The writer has no ring, and a frame to send.
  ring,      ///< The answer: one to write to.
};

struct notice {
  notice_kind kind = notice_kind::greeting;
  std::uint64_t capacity = 0;  ///< Of `ring`; 0 without one.
  std::uint64_t mark_address = 0;
  mark_value mark{};
  descriptor ring;    ///< With `greeting` and `ring`.
  descriptor bell;    ///< With `greeting`.
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
/// `dropped` or `wanted`.
result<void> send_notice(int socket, notice_kind kind);
/// `ring` stays the caller's.
result<void> send_ring(int socket, std::uint64_t capacity, int ring);

/// Before the first notice is received: the kernel tells from now on who sent it.
result<void> ask_for_credentials(int socket);

enum class notice_status : std::uint8_t { got, nothing, hung_up };
/// Takes the peer's next notice without waiting. Errors: not a notice, one of another version (both are named), or one of a process
/// that runs as another user.
result<notice_status> receive_notice(int socket, notice& from);

}  // namespace roost::shm
