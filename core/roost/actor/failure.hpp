#pragma once
// What an owner is told when one of its actors fails, and what a sender is told of a message that was not handled.

#include <roost/base/error.hpp>
#include <roost/base/ids.hpp>
#include <roost/shape/point.hpp>

#include <string>

namespace roost {

/// One failed rank of one owned mesh, with the chain of causes. Given to `supervise` of the owner.
class failure {
 public:
  failure() = default;
  failure(actor_id who, std::string mesh_name, roost::point at, error because)
      : actor_(who), mesh_name_(std::move(mesh_name)), point_(std::move(at)), why_(std::move(because)) {}

  actor_id actor() const noexcept { return actor_; }
  std::string const& mesh() const noexcept { return mesh_name_; }
  roost::point const& point() const noexcept { return point_; }
  std::uint64_t rank() const noexcept { return point_.rank(); }
  error const& why() const noexcept { return why_; }

 private:
  actor_id actor_;
  std::string mesh_name_;
  roost::point point_;
  error why_;
};

/// "team[gpu=3] failed: ...", then the chain.
std::string to_string(failure const& f);

/// A message of this actor that was not handled; given to `actor::undelivered`. It had no reply port.
struct undelivered {
  actor_id receiver;
  std::string endpoint;       ///< "Class.endpoint".
  errc fate = errc::unknown;  ///< errc::not_handled, errc::stale: certainly not handled; errc::unknown: it may have been.
  error why;
};

}  // namespace roost
