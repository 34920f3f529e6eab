#pragma once
// Bodies of the control plane: what procs say to each other, as plain structs. On the wire they are Cap'n Proto (control.capnp).
// Each body is the payload of a frame of the kind that its comment names.

#include <roost/base/error.hpp>
#include <roost/base/ids.hpp>
#include <roost/wire/header.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace roost::wire {

/// Numbers from `from` to `below`, which is not in it.
struct number_range {
  std::uint64_t from = 0;
  std::uint64_t below = 0;
  bool operator==(number_range const&) const = default;
};

/// What one end already has of a session's frames, so that it can be resumed.
struct received_state {
  std::uint64_t ack_below = 0;
  std::uint64_t handled_below = 0;
  std::uint64_t control_ack = 0;
  std::vector<number_range> ranges;  ///< Above `ack_below`, ascending, apart from each other.
  bool operator==(received_state const&) const = default;
};

enum class auth_kind : std::uint8_t { none, token, tls };

/// First word of a handshake body.
inline constexpr std::uint64_t hello_magic = 0x6f6c6c656852ULL;

/// `frame_kind::hello` and `hello_ack`: the handshake.
struct hello {
  std::uint16_t version_min = wire_version;
  std::uint16_t version_max = wire_version;
  std::string build;
  std::string cluster;
  proc_id sender;
  proc_id receiver;
  std::uint64_t epoch = 0;  ///< The session epoch that the sender proposes or agrees to.
  received_state received;
  auth_kind auth = auth_kind::none;
  std::vector<std::byte> proof;  ///< Proof of membership, of the kind `auth`.
  std::uint64_t features = 0;    ///< Bits of optional behaviour.
  bool operator==(hello const&) const = default;
};

/// `frame_kind::refuse`: why there will be no session.
struct refusal {
  errc code = errc::ok;
  std::string text;
  std::uint16_t ours_min = 0;  ///< Wire versions of the end that refuses.
  std::uint16_t ours_max = 0;
  std::uint16_t theirs_min = 0;
  std::uint16_t theirs_max = 0;
  bool operator==(refusal const&) const = default;
};

struct dim_size {
  std::string name;
  std::uint64_t size = 0;
  bool operator==(dim_size const&) const = default;
};

/// Make this actor in the receiving proc.
struct spawn_order {
  std::uint64_t actor = 0;  ///< Its local id.
  std::string class_name;
  std::string name;
  mesh_id mesh;
  std::uint64_t rank = 0;
  std::vector<dim_size> extent;
  actor_id owner;
  std::vector<std::byte> args;  ///< The constructor's arguments, by the codec.
  std::uint64_t args_fingerprint = 0;
  bool operator==(spawn_order const&) const = default;
};

/// Let this actor of the receiving proc finish and end.
struct stop_order {
  std::uint64_t actor = 0;
  error why;
};

/// End this actor of the receiving proc at once.
struct kill_order {
  std::uint64_t actor = 0;
  error why;
};

/// An actor has ended.
struct status_notice {
  actor_id actor;
  errc reason = errc::ok;
  error why;
};

/// `frame_kind::control`.
using control_body = std::variant<spawn_order, stop_order, kill_order, status_notice>;

/// What became of one message: of the data frame `number`.
struct fate {
  std::uint64_t number = 0;
  error why;
};

/// `frame_kind::told`: fates of messages that were accepted and will not be handled.
struct told {
  std::vector<fate> fates;
};

/// Links of an error's chain that travel; of a longer one, the first ones and the last.
inline constexpr std::size_t max_error_links = 16;

std::vector<std::byte> encode_body(hello const& body);
std::vector<std::byte> encode_body(refusal const& body);
std::vector<std::byte> encode_body(control_body const& body);
std::vector<std::byte> encode_body(told const& body);

/// Read a whole body; `data` needs no alignment. What is read is bounded by the size of `data`, and nesting by 16.
///
/// Errors: `errc::too_large` naming `max_body`; otherwise `errc::bad_frame`, also for unknown codes, auth kinds or bodies, for
/// received ranges out of order, and for a wrong `hello_magic`. Never throws.
result<hello> decode_hello(std::span<std::byte const> data);
result<refusal> decode_refusal(std::span<std::byte const> data);
result<control_body> decode_control(std::span<std::byte const> data);
result<told> decode_told(std::span<std::byte const> data);

/// Largest control body, in bytes.
inline constexpr std::size_t max_body = std::size_t{16} << 20;

}  // namespace roost::wire
