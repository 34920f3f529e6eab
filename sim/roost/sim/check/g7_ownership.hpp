#pragma once
// G7: nobody outlives its owner, and what is owned is cleaned up before its owner.

#include <roost/sim/check/facts.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace roost::sim::check {

/// Judges that no actor starts its cleanup while one that it owns in the same proc lives and has not finished its own; that no
/// handler starts in an actor whose owner ended more than `orphan_bound` ago, the time under faults left out; and that once
/// everything settled no living actor has an owner that ended. Until that bound a cut-off child may live on: its lease runs.
///
/// Where a proc crashes alone, those that it launched fail with it: who has an owner there starts nothing a short time later.
///
/// A cleanup is over within its bound, and who was killed within the bounds of all that ends before it. Both count from `healed`,
/// and a kill that was asked for under faults may be lost with a path.
class g7_ownership {
 public:
  static constexpr std::uint64_t sees =
      kinds(observed::actor_started, observed::handler_started, observed::cleanup_started, observed::cleanup_ended,
            observed::wait_ended, observed::end_asked, observed::proc_started, observed::proc_crashed);

  g7_ownership(nanoseconds orphan_bound, nanoseconds detection_bound, nanoseconds cleanup_bound)
      : orphan_bound_(orphan_bound), detection_bound_(detection_bound), cleanup_bound_(cleanup_bound) {}

  void see(scene const& at, facts const& known, findings& found);
  /// At what should have happened by now; after some observation of each quarter of a second.
  void look(scene const& at, facts const& known, findings& found);
  void finish(facts const& known, findings& found);

 private:
  /// Something of an actor that must be over some time later.
  struct course {
    std::uint32_t actor = nobody;
    instant since{};
  };

  void part(proc_id const& crashed, instant when, facts const& known);
  void outlive(scene const& at, facts const& known, findings& found) const;
  void orphan(scene const& at, facts const& known, findings& found) const;
  void expect(std::vector<course>& those, std::uint32_t actor, scene const& at);

  struct family {
    std::uint32_t first_child = nobody;
    std::uint32_t next_sibling = nobody;
    bool listed = false;  ///< Among the children of its owner.
    bool cleaned = false;
  };

  nanoseconds orphan_bound_;
  nanoseconds detection_bound_;
  nanoseconds cleanup_bound_;
  std::vector<course> cleanups_;  ///< That began; those that ended are taken out at the next look.
  std::vector<course> kills_;
  std::vector<std::pair<proc_id, proc_id>> launches_;  ///< Of procs by others than the first: launcher, launched.
  std::vector<course> parted_;                         ///< Whose owners' procs were launched by one that crashed, since when.
  instant next_look_ = never;
  std::vector<family> actors_;
};

}  // namespace roost::sim::check
