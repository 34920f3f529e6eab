#pragma once
// What a controller and an agent that stays say to each other on the agent's socket: short notes, and descriptors with the first of
// them. The two may be different builds, and anybody of the same user may write there: nothing is taken on trust.

#include <roost/base/error.hpp>
#include <roost/live/descriptor.hpp>

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace roost {

enum class attach_kind : std::uint16_t {
  attach = 1,  ///< To the agent: serve me; with descriptors, see attach_request.hpp.
  accepted,    ///< From it: `number` is its process, `status` that which it runs for the controller.
  refused,     ///< From it: `text` says why, and nothing follows. `status` other than 0: it may be worth another try.
  alive,       ///< Either way: I am there.
  detach,      ///< To it: I am done.
  kill,        ///< To it: end what you run for me at once.
  leaving,     ///< From it: what it ran counts as gone, because of `text`.
  ended,       ///< From it: the process that it ran has ended, with si_code `number` and si_status `status`.
  idle,        ///< From it: nothing is left of what it ran; nothing follows.
  stop,        ///< To it: end in order. It answers with `accepted`, and hangs up when it has.
  inquire,     ///< To it: what are you doing? It answers with `state`.
  state        ///< From it: `number` is its process, `text` what it does.
};

struct attach_note {
  attach_kind kind = attach_kind::alive;
  std::int32_t status = 0;
  std::int64_t number = 0;
  std::string text = {};  ///< At most 4 KiB travel.
};

/// The bytes of a note; `version` other than that of this build is for tests.
std::string encode_note(attach_note const& note, std::uint16_t version);

/// The far end of a socket as the kernel knows it.
struct attach_peer {
  pid_t process = 0;
  uid_t user = 0;
};
/// Errors: `errc::unavailable`.
result<attach_peer> peer_of(int socket);

/// One end of such a socket. What is malformed, of another version, or does not fit ends it.
class attach_stream {
 public:
  enum class status : std::uint8_t { note, nothing, closed, refused };

  attach_stream() = default;
  explicit attach_stream(descriptor socket) : socket_(std::move(socket)) {}

  int get() const noexcept { return socket_.get(); }
  explicit operator bool() const noexcept { return bool(socket_); }
  void close() noexcept { socket_.reset(); }

  /// Sends a note without waiting, with descriptors where there are any; false where the far end is gone or does not read.
  bool send(attach_note const& note, std::vector<int> const& with = {});
  /// Takes the next note, without waiting. After `closed` and `refused` nothing follows.
  status receive(attach_note& note);
  /// After `refused`: `errc::version_mismatch`, or `errc::bad_frame`.
  error const& failure() const noexcept { return failure_; }
  /// All descriptors that came so far and were not taken.
  std::vector<descriptor> take_descriptors() { return std::exchange(descriptors_, {}); }

 private:
  status take(attach_note& note);
  status refuse(error why);

  descriptor socket_;
  std::string begun_;
  std::vector<descriptor> descriptors_;
  error failure_;
};

}  // namespace roost
