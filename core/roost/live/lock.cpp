#include <roost/live/lock.hpp>

namespace roost {
namespace {

constexpr int looks_before_sleep = 200;

}  // namespace

void live_lock::acquire() {
  for (int looks = 0; looks != looks_before_sleep; ++looks) {
    if (held_.try_lock()) return;
    pause_briefly();
  }
  held_.lock();
}

}  // namespace roost
