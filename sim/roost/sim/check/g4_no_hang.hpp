#pragma once
// G4: every wait ends.

#include <roost/sim/check/facts.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace roost::sim::check {

/// Judges each wait: it ends by its deadline, and once its target ended or was lost, within the detection bound of that; both
/// bounds count from `healed`, and from the end of a `supervise` that kept the waiter. A call made in a handler has no later
/// deadline than the call that the handler serves. Once everything settled no wait of a living actor is open, and it settles
/// within its limit of `healed`.
class g4_no_hang {
 public:
  static constexpr std::uint64_t sees =
      kinds(observed::wait_started, observed::wait_ended, observed::sent, observed::handler_started, observed::handler_ended,
            observed::supervise_started, observed::supervise_ended, observed::settled, observed::forwarded,
            observed::reply_arrived, observed::told);

  g4_no_hang(nanoseconds detection_bound, nanoseconds settle_limit, nanoseconds hop_slack)
      : detection_bound_(detection_bound), settle_limit_(settle_limit), hop_slack_(hop_slack) {}

  void see(scene const& at, facts const& known, findings& found);
  void finish(facts const& known, findings& found);
  /// One line per open wait of a living actor, by waiter; "[cycle]" after those that wait for each other.
  std::string graph(facts const& known) const;

 private:
  struct open_wait {
    std::uint64_t wait = 0;
    std::uint32_t target = nobody;
    std::uint32_t next = nobody;  ///< Of the same waiter, or of the free ones.
    wait_kind kind = wait_kind::reply;
    instant since{};
    instant deadline = never;
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

  void forward(scene const& at);
  void start(scene const& at, waiter& who, facts const& known, findings& found);
  void end(scene const& at, waiter& who, facts const& known, findings& found);
  std::vector<edge> edges(facts const& known) const;
  std::string line(edge const& one, facts const& known) const;

  nanoseconds detection_bound_;
  nanoseconds settle_limit_;
  nanoseconds hop_slack_;
  std::vector<waiter> actors_;
  std::vector<open_wait> waits_;
  std::uint32_t free_ = nobody;
  std::vector<forwarded_request> forwarded_;  ///< And not answered yet.
};

}  // namespace roost::sim::check
