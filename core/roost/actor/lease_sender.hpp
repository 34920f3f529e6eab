#pragma once
// Renews the leases of the procs that this one has launched, as long as this proc lives: on its control plane, so that a handler
// that computes costs nobody his lease.

#include <roost/actor/guarded_sessions.hpp>
#include <roost/platform/platform.hpp>

#include <set>

namespace roost::detail {

/// Call from the proc's own loop.
class lease_sender final : private timer {
 public:
  /// Both outlive it, and the sessions are open before anything is renewed.
  lease_sender(platform& seams, guarded_sessions& sessions)
      : seams_(seams.control_plane != nullptr ? seams.control_plane : &seams), gate_(seams.gate), sessions_(&sessions) {}
  ~lease_sender();

  void add(proc_id child);
  void remove(proc_id child);

 private:
  void expired() override;

  platform* seams_;
  control_gate* gate_;
  guarded_sessions* sessions_;
  std::set<proc_id> children_;
};

}  // namespace roost::detail
