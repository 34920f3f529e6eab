#include <roost/link/detector.hpp>

#include <algorithm>

namespace roost::link {

nanoseconds detector::resend_after() const noexcept {
  auto const base = round_trip_.known() ? std::clamp(round_trip_.with_margin(), limits_->resend_min, limits_->resend_max)
                                        : limits_->resend_initial;
  return std::min(base * (1 << patience_), std::max(limits_->resend_max, base));
}

nanoseconds detector::suspect_after() const noexcept {
  if (!rhythm_.known()) return limits_->suspect_max;
  return std::clamp(rhythm_.with_margin() + limits_->heartbeat_interval, limits_->suspect_min, limits_->suspect_max);
}

}  // namespace roost::link
