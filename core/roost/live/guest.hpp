#pragma once
// A controller that an agent serves, and the process that it runs for it.

#include <roost/live/attach_request.hpp>
#include <roost/live/attach_stream.hpp>
#include <roost/live/clock.hpp>
#include <roost/live/event_loop.hpp>

#include <sys/types.h>

#include <memory>
#include <string>

namespace roost {

class guest;

/// Told from the loop.
class guest_events {
 public:
  /// The controller is done, gone, or silent, because of `why`: what was run for it is being ended.
  virtual void drains(guest& which, std::string const& why) = 0;
  /// Its process has ended, and the controller was told; the rest is to be ended, and this to be destroyed.
  virtual void ended(guest& which, std::string const& fate) = 0;

 protected:
  ~guest_events() = default;
};

/// Make and use it on the thread that lives as long as the agent.
class guest {
 public:
  /// Runs what was asked for, and tells the controller that it does. Errors: `errc::unavailable`.
  static result<std::unique_ptr<guest>> begin(event_loop& loop, live_clock& time, attach_stream& notes, attach_peer const& peer,
                                              attach_request request, guest_events& events);
  ~guest();
  guest(guest const&) = delete;
  guest& operator=(guest const&) = delete;

  /// "process 12, /opt/rally, run rally-12".
  std::string const& name() const noexcept { return name_; }
  bool drains() const noexcept { return drains_; }
  /// Hangs up on what was run, and kills it after a grace.
  void drain(std::string const& why);
  /// Takes what the controller has said so far.
  void read();
  /// Nothing is left of it.
  void tell_idle() { notes_.send({.kind = attach_kind::idle}); }

 private:
  struct look final : timer {
    explicit look(guest& of) : home(of) {}
    void expired() override { home.look_at_controller(); }
    guest& home;
  };

  guest(live_clock& time, attach_request const& request, attach_peer const& peer, guest_events& events);
  void take(attach_note const& note);
  void look_again();
  void look_at_controller();
  void kill() const noexcept;
  void collect();

  live_clock& time_;
  guest_events& events_;
  std::string name_;
  nanoseconds bound_;
  attach_stream notes_;
  descriptor control_;  ///< The process's end, so that it can be hung up on from here.
  pid_t process_ = -1;
  descriptor pidfd_;
  instant heard_;
  bool drains_ = false;
  instant kill_at_ = never;
  fd_watch notes_watch_;
  fd_watch end_watch_;
  look look_{*this};
};

}  // namespace roost
