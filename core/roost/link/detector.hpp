#pragma once
// How long a silence is too long: round-trip time and the rhythm of contacts, in integer arithmetic (Jacobson 1988).

#include <roost/base/units.hpp>
#include <roost/link/tuning.hpp>

namespace roost::link {

/// Mean and mean deviation of a series, weighted towards its end (1/8 and 1/4).
class running_mean {
 public:
  void add(nanoseconds sample) noexcept {
    if (!known_) {
      known_ = true;
      mean_ = sample;
      deviation_ = sample / 2;
      return;
    }
    auto const off = sample - mean_;
    mean_ += off / 8;
    deviation_ += ((off < nanoseconds(0) ? -off : off) - deviation_) / 4;
  }
  bool known() const noexcept { return known_; }
  nanoseconds mean() const noexcept { return mean_; }
  nanoseconds with_margin() const noexcept { return mean_ + 4 * deviation_; }

 private:
  nanoseconds mean_{0};
  nanoseconds deviation_{0};
  bool known_ = false;
};

/// Judges the path to one peer by proofs: frames that answer something that was sent. It only suspects.
class detector {
 public:
  explicit detector(tuning const& limits) : limits_(&limits) {}

  /// A sample of the round trip, of something sent once.
  void round_trip(nanoseconds sample) noexcept {
    round_trip_.add(sample);
    patience_ = 0;
  }
  /// Something was proven at `now`, while something was at stake since before the proof at `before`.
  void interval(nanoseconds between) noexcept { rhythm_.add(between); }
  /// A frame had to be sent again for want of an answer: the next waits twice as long.
  void lost_patience() noexcept { patience_ = patience_ < 6 ? patience_ + 1 : patience_; }

  /// How long to wait for an answer before sending again.
  nanoseconds resend_after() const noexcept;
  /// How long a silence makes a suspect.
  nanoseconds suspect_after() const noexcept;
  nanoseconds mean_round_trip() const noexcept { return round_trip_.mean(); }

 private:
  tuning const* limits_;
  running_mean round_trip_;
  running_mean rhythm_;
  int patience_ = 0;
};

}  // namespace roost::link
