#pragma once
// G4: every wait ends.

#include <roost/sim/check/facts.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace roost::sim::check {

/// Judges each wait: it ends by its deadline; once its target ended or was lost; once the answer, or word of the request's fate,
/// has come to its proc; and, one for room at an actor, once all that was sent there was started or told. Each within the
/// detection bound, which counts from `healed`, and from the end of a `supervise` that kept the waiter. A wait for an answer
/// that had come does not end by its deadline, and none for room where there has been some for that bound. An actor whose
/// handlers are ended is gone within the bounds of that.
///
/// A call made in a handler has no later deadline than the call that the handler serves. Once everything settled no wait of a
/// living actor is open, and it settles within its limit of `healed`.
class g4_no_hang {
 public:
  static constexpr std::uint64_t sees =
      kinds(observed::wait_started, observed::wait_ended, observed::sent, observed::handler_started, observed::handler_ended,
            observed::supervise_started, observed::supervise_ended, observed::healed, observed::settled, observed::forwarded,
            observed::reply_arrived, observed::told);

  /// `cleanup_bound`: how long an actor may take to end.
  g4_no_hang(nanoseconds detection_bound, nanoseconds settle_limit, nanoseconds hop_slack, nanoseconds cleanup_bound)
      : detection_bound_(detection_bound), settle_limit_(settle_limit), hop_slack_(hop_slack), cleanup_bound_(cleanup_bound) {}

  void see(scene const& at, facts const& known, findings& found);
  /// At what should have happened by now; after some observation of each quarter of a second.
  void look(scene const& at, facts const& known, findings& found);
  void finish(facts const& known, findings& found);
  /// One line per open wait of a living actor, by waiter; "[cycle]" after those that wait for each other.
  std::string graph(facts const& known) const;

 private:
  struct open_wait {
    std::uint64_t wait = 0;
    std::uint32_t target = nobody;
    std::uint32_t next = nobody;  ///< Of the same waiter, or of the free ones.
    wait_kind kind = wait_kind::reply;
    bool at_port = false;     ///< For room there, which no observation is about.
    bool complained = false;  ///< That it is late was said.
    instant since{};
    instant deadline = never;
    instant answered = never;  ///< When the answer, or the word that there will be none, came.
    message_stamp request{};
  };
  /// A request whose answer another actor than its receiver owes.
  struct forwarded_request {
    message_stamp stamp;
    std::uint32_t holder = nobody;
  };
  struct waiter {
    std::uint32_t first = nobody;
    std::uint32_t concurrent = 0;  ///< Handlers whose sends cannot be told apart.
    bool supervising = false;
    instant deadline = never;  ///< Of the call that its handler serves.
    instant kept_until{};      ///< The end of its last `supervise`.
  };
  struct edge {
    std::uint32_t from = nobody;
    open_wait const* wait = nullptr;
    bool in_cycle = false;
  };

  /// An actor whose handlers are ended, since it ends.
  struct ending {
    std::uint32_t actor = nobody;
    instant since{};
  };

  /// What waits though nothing runs in its actor any more.
  void left_open(scene const& at, waiter const& who, char const* what, facts const& known, findings& found);
  void forward(scene const& at);
  void answer(scene const& at);
  /// Why a wait should have ended, and when; `never` where it may go on.
  instant due(edge const& one, facts const& known, std::string& why) const;
  bool expired_wrongly(edge const& one, instant now, facts const& known, std::string& why) const;
  /// Since when its sender has had room; `never` where it may have none.
  instant room_since(edge const& one, facts const& known) const;
  void start(scene const& at, waiter& who, facts const& known, findings& found);
  void end(scene const& at, waiter& who, facts const& known, findings& found);
  std::vector<edge> edges(facts const& known) const;
  std::string line(edge const& one, facts const& known) const;

  nanoseconds detection_bound_;
  nanoseconds settle_limit_;
  nanoseconds hop_slack_;
  nanoseconds cleanup_bound_;
  std::vector<waiter> actors_;
  std::vector<open_wait> waits_;
  std::uint32_t free_ = nobody;
  std::vector<forwarded_request> forwarded_;  ///< And not answered yet.
  std::vector<ending> endings_;
  instant next_look_ = never;  ///< At what is open and should not be.
  std::size_t passed_ = 0;     ///< Looks since then that were left out.
};

}  // namespace roost::sim::check
