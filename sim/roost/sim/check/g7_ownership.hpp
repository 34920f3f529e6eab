#pragma once
// G7: nobody outlives its owner, and what is owned is cleaned up before its owner.

#include <roost/sim/check/facts.hpp>

#include <cstdint>
#include <vector>

namespace roost::sim::check {

/// Judges that no actor starts its cleanup while one that it owns in the same proc lives and has not finished its own; that no
/// handler starts in an actor whose owner ended more than `orphan_bound` ago, the time under faults left out; and that once
/// everything settled no living actor has an owner that ended. Until that bound a cut-off child may live on: its lease runs.
class g7_ownership {
 public:
  static constexpr std::uint64_t sees =
      kinds(observed::actor_started, observed::handler_started, observed::cleanup_started, observed::cleanup_ended);

  explicit g7_ownership(nanoseconds orphan_bound) : orphan_bound_(orphan_bound) {}

  void see(scene const& at, facts const& known, findings& found);
  void finish(facts const& known, findings& found);

 private:
  struct family {
    std::uint32_t first_child = nobody;
    std::uint32_t next_sibling = nobody;
    bool listed = false;  ///< Among the children of its owner.
    bool cleaned = false;
  };

  nanoseconds orphan_bound_;
  std::vector<family> actors_;
};

}  // namespace roost::sim::check
