#pragma once
// An agent that was attached, on the loop of its controller.

#include <roost/live/attachment.hpp>
#include <roost/live/clock.hpp>
#include <roost/live/controlled_process.hpp>

#include <memory>
#include <string>

namespace roost {

/// Each side tells the other that it is there. An agent that is silent for the bound counts as gone; so does one that hangs up, that
/// says that it is leaving, or whose process for this controller ends. Destroying it lets go of the agent, which ends what it runs.
class attached_agent final : public controlled_process {
 public:
  /// `time` is the clock of the control plane.
  attached_agent(event_loop& loop, live_clock& time, attachment taken, output_origin const& origin, nanoseconds grace,
                 process_events& events);
  ~attached_agent() override { time_.disarm(look_); }

  std::string name() const override { return "process " + std::to_string(taken_.agent) + " at " + taken_.path; }
  void kill() noexcept override;

 private:
  struct look final : timer {
    explicit look(attached_agent& agent) : home(agent) {}
    void expired() override { home.look_at_agent(); }
    attached_agent& home;
  };

  int end_descriptor() const noexcept override { return taken_.notes.get(); }
  bool has_ended() override;
  process_end reap() override;
  void detach() noexcept override;
  void give_up() noexcept override;
  bool take(attach_note const& note);
  void look_at_agent();
  void leave(std::string why);

  live_clock& time_;
  attachment taken_;
  instant heard_;
  std::string left_;  // Why what it runs counts as gone.
  bool killed_ = false;
  bool leaving_ = false;
  look look_{*this};
};

}  // namespace roost
