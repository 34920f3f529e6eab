#pragma once
// G8: every failure reaches the owner once, and every monitor is told once.

#include <roost/sim/check/facts.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace roost::sim::check {

/// Judges that only the owner supervises a failed actor, and once; that the root's hook runs at most once; that nobody gets more
/// notices of one actor than it watches it; that nothing more starts in an actor that did not handle a failure.
///
/// Who lives on for the bound after an actor that it owns failed or was lost, and after the faults, has supervised it by then. It may
/// be late where it supervises another, constructs, has messages of the failed one before it, or may have begun to end.
///
/// Who has been idle for a second, and watches another whose end is the bound ago, and after the faults, was told by then; where it
/// starts nothing more it may have begun to end, which takes as long as a cleanup may. Nothing
/// more starts in an actor that was told of the failure of one which it is linked to. Where nothing breaks nobody is told that a
/// proc has failed which lives.
///
/// Once everything settled each actor that failed was supervised by its owner, if that lives; each supervisor that did not handle a
/// failure has ended, but for the root; each watcher that lives got its notice.
class g8_supervision {
 public:
  static constexpr std::uint64_t sees =
      kinds(observed::supervise_started, observed::supervise_ended, observed::handler_started, observed::wait_ended,
            observed::cleanup_started, observed::actor_ended, observed::proc_crashed, observed::proc_exited, observed::healed,
            observed::notice, observed::unhandled_fault, observed::watch_started, observed::told);

  /// `bound`: within which an owner is told; `cleanup_bound`: how long an actor may take to end; `calm`: nothing breaks.
  g8_supervision(nanoseconds bound, nanoseconds cleanup_bound, bool calm)
      : bound_(bound), cleanup_bound_(cleanup_bound), calm_(calm) {}

  void see(scene const& at, facts const& known, findings& found);
  void finish(facts const& known, findings& found);

 private:
  struct hash_word {
    std::size_t operator()(std::uint64_t word) const noexcept { return spread(word); }
  };
  /// What one actor has to do with another's end.
  struct relation {
    std::uint32_t actor = nobody;
    std::uint32_t other = nobody;
    std::uint32_t supervised = 0;
    std::uint32_t watches = 0;
    std::uint32_t notices = 0;
    std::uint32_t linked_watch = 0;  ///< The last of `watches` that is a link; zero: none. Notices come in their order.
    bool suspected = false;          ///< A notice is late, unless the watcher has begun to end.
    bool complained = false;         ///< That a notice is late was said.
  };

  /// A failure that its owner has yet to supervise.
  struct loss {
    std::uint32_t owner = nobody;
    std::uint32_t failed = nobody;
    instant since{};
  };

  void supervise(scene const& at, facts const& known, findings& found);
  void lose(std::uint32_t failed, scene const& at, facts const& known);
  void take_notice(scene const& at, facts const& known, findings& found);
  /// In a calm run nobody hears of a failed proc whose proc lives.
  void trust(std::uint32_t whom, errc why, scene const& at, facts const& known, findings& found) const;
  void look_for_notices(scene const& at, facts const& known, findings& found);
  /// Who starts a handler has not begun to end, and was told before it.
  void see_alive(scene const& at, facts const& known, findings& found);
  void complain(relation const& tie, scene const& at, facts const& known, findings& found) const;
  void look(scene const& at, facts const& known, findings& found);
  bool overdue(loss const& one, bool stirs, facts const& known) const;
  bool excused(loss const& one, facts const& known) const;
  std::string complaint(loss const& one, facts const& known) const;

  relation& between(std::uint32_t actor, std::uint32_t other);
  relation const* find(std::uint32_t actor, std::uint32_t other) const;

  flat_index<std::uint64_t, hash_word> index_;
  std::vector<relation> relations_;
  nanoseconds bound_;
  nanoseconds cleanup_bound_;
  bool calm_;
  std::vector<std::uint32_t> gave_up_;  ///< Whose `supervise` did not handle a failure, or who is linked to one that failed.
  std::vector<std::uint32_t> supervising_;
  std::vector<loss> losses_;
  std::vector<std::uint32_t> suspects_;  ///< Relations whose notice is late, unless the watcher has begun to end.
  instant next_look_ = never;            ///< Before it nobody's handlers need a look.
  instant next_notices_ = never;         ///< Before it no notice is late.
  std::size_t passed_ = 0;               ///< Observations since then.
  std::uint32_t hooks_ = 0;
  bool watches_seen_ = false;  ///< Notices are counted only where watches are observed.
};

}  // namespace roost::sim::check
