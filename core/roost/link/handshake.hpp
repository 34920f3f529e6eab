#pragma once
// What two procs say to each other before a channel carries anything else, and on which grounds one refuses.

#include <roost/base/bytes.hpp>
#include <roost/base/error.hpp>
#include <roost/base/ids.hpp>
#include <roost/link/session_table.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace roost::link {

/// Body of `hello` and `hello_ack`. What was received travels in the header's acknowledgement fields.
struct hello_body {
  std::uint16_t version_min = 0;
  std::uint16_t version_max = 0;
  proc_id from;
  proc_id to;
  std::uint64_t features = 0;
  std::uint64_t attempt = 0;  ///< Rises with every attempt of either end; the higher one wins, then the lower proc id.
  std::uint64_t epoch = 0;    ///< Proposed in `hello`, agreed in `hello_ack`.
  std::string build;
  std::string cluster;
  std::string token;
};

/// Body of `refuse`.
struct refuse_body {
  errc code = errc::ok;
  std::string text;
};

shared_bytes encode(hello_body const& body);
shared_bytes encode(refuse_body const& body);
/// Errors: errc::bad_frame.
result<hello_body> decode_hello(std::span<std::byte const> data);
result<refuse_body> decode_refuse(std::span<std::byte const> data);

/// `who` with the versions of this build where it names none.
identity complete(identity who);

/// Whether `from` may talk to `here` at all; what is wrong is told to both. Does not look at incarnations of the peer.
std::optional<refuse_body> judge(hello_body const& from, identity const& here);

/// Whether `answer` comes from `peer`, and is meant for this incarnation.
bool answers_for(hello_body const& answer, proc_id peer, proc_id self);

/// The version that both speak: the highest. Both must share one.
std::uint16_t common_version(hello_body const& from, identity const& here);

}  // namespace roost::link
