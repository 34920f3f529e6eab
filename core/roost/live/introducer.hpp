#pragma once
// How two procs of one host meet: their common launcher makes a connected pair of sockets and hands one end to each.
// What they say on it is their transport's business.

#include <roost/base/error.hpp>
#include <roost/base/ids.hpp>
#include <roost/live/descriptor.hpp>

#include <cstdint>

namespace roost {

/// Told from the loop, never from inside a call into the introducer.
class introduction_events {
 public:
  /// A socket whose other end `peer` has or will have. `request` is 0 where the peer asked for it.
  virtual void introduced(std::uint64_t request, proc_id peer, descriptor socket) = 0;
  virtual void refused(std::uint64_t request, error why) = 0;

 protected:
  ~introduction_events() = default;
};

/// Call only from the proc's own loop.
class introducer {
 public:
  virtual ~introducer() = default;
  /// Whoever asks for this proc before, or when `events` is null again, gets a socket that hangs up.
  virtual void attach(introduction_events* events) = 0;
  /// Asks for a socket to `peer`; ends in `introduced` or `refused` with the number returned, which is not 0.
  virtual std::uint64_t introduce(proc_id peer) = 0;
};

}  // namespace roost
