#pragma once
// G1: one at a time runs in an actor.

#include <roost/sim/check/facts.hpp>

#include <cstdint>
#include <vector>

namespace roost::sim::check {

/// Judges per actor: no handler or callback starts beside another, but for concurrent endpoints, and of those no more than their
/// limit; `supervise` starts only between them or while they wait, is never nested, and no handler goes on while it runs;
/// `cleanup` runs once, after all of them, and nothing after it; all of it ends before the actor does; a crashed proc is never heard of again.
///
/// A stamped handler of an actor that ended in the ordinary way is G3's business.
class g1_sequential {
 public:
  static constexpr std::uint64_t sees =
      kinds(observed::actor_started, observed::handler_started, observed::handler_ended, observed::supervise_started,
            observed::supervise_ended, observed::cleanup_started, observed::cleanup_ended, observed::wait_started,
            observed::wait_ended, observed::actor_ended);

  void see(scene const& at, facts const& known, findings& found);
  /// For every observation of an actor whose proc crashed.
  void see_lost(scene const& at, facts const& known, findings& found);
  void finish(facts const&, findings&) {}

 private:
  struct activity {
    message_stamp serial;              ///< Of the open handler that is not concurrent.
    std::uint64_t supervise_wait = 0;  ///< The wait in which `supervise` is, while `supervise_waits`.
    std::uint32_t waits = 0;           ///< Of handlers.
    std::uint32_t concurrent = 0;      ///< Concurrent handlers that are open.
    bool serial_open = false;
    bool supervising = false;
    bool supervise_waits = false;
    bool cleaning = false;
    bool cleaned = false;
    bool seen_to_run = false;
  };
  struct open_handler {
    std::uint32_t actor = nobody;
    endpoint_id endpoint;
    message_stamp stamp;
  };

  void start_handler(scene const& at, activity& now, facts const& known, findings& found);
  void end_handler(scene const& at, activity& now, facts const& known, findings& found);

  std::vector<activity> actors_;
  std::vector<open_handler> concurrent_;  ///< All that are open.
};

}  // namespace roost::sim::check
