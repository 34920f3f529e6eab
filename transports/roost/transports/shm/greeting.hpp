#pragma once
// What the two ends of a new channel say to each other, once: the ring to write to and the bell to ring.

#include <roost/base/error.hpp>
#include <roost/live/descriptor.hpp>

#include <cstdint>

namespace roost::shm {

inline constexpr std::uint32_t protocol_version = 1;

struct greeting {
  std::uint64_t capacity = 0;
  descriptor ring;
  descriptor bell;
};

/// `ring` and `bell` stay the caller's.
result<void> send_greeting(int socket, std::uint64_t capacity, int ring, int bell, std::uint32_t version = protocol_version);

enum class greeting_status : std::uint8_t { got, nothing, hung_up };
/// Takes the peer's greeting without waiting. Errors: not a greeting, or one of another version (both are named).
result<greeting_status> receive_greeting(int socket, greeting& from);

}  // namespace roost::shm
