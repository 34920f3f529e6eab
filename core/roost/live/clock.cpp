#include <roost/base/error.hpp>
#include <roost/live/clock.hpp>

#include <ctime>

namespace roost {
namespace {

std::int64_t read(clockid_t which) {
  timespec t{};
  clock_gettime(which, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

instant live_clock::now() const {
  instant const time(nanoseconds(read(CLOCK_MONOTONIC)));
  last_.store(time, std::memory_order_relaxed);
  return time;
}
instant live_clock::boot() const { return instant(nanoseconds(read(CLOCK_BOOTTIME))); }
std::int64_t live_clock::wall() const { return read(CLOCK_REALTIME); }

void live_clock::place(std::size_t at, entry const& e) noexcept {
  heap_[at] = e;
  e.what->slot = at + 1;
}

void live_clock::sift(std::size_t at, entry const& e) noexcept {
  while (at > 0 && e < heap_[(at - 1) / 2]) {
    place(at, heap_[(at - 1) / 2]);
    at = (at - 1) / 2;
  }
  for (std::size_t child = 2 * at + 1; child < heap_.size(); child = 2 * at + 1) {
    if (child + 1 < heap_.size() && heap_[child + 1] < heap_[child]) ++child;
    if (!(heap_[child] < e)) break;
    place(at, heap_[child]);
    at = child;
  }
  place(at, e);
}

void live_clock::arm(timer& t, instant when) {
  disarm(t);
  entry const added{when, ++armed_, &t};
  heap_.push_back(added);
  if (std::size_t const at = heap_.size() - 1; at == 0 || !(added < heap_[(at - 1) / 2])) {
    t.slot = at + 1;
  } else {
    sift(at, added);
  }
  if (sooner_ && heap_.front().what == &t) sooner_();
}

void live_clock::disarm(timer& t) {
  if (!t.armed()) return;
  std::size_t const at = t.slot - 1;
  ROOST_INVARIANT(at < heap_.size() && heap_[at].what == &t, "a timer of another clock, in slot " + std::to_string(t.slot));
  t.slot = 0;
  entry const last = heap_.back();
  heap_.pop_back();
  if (at < heap_.size()) sift(at, last);
}

bool live_clock::run_due(std::size_t limit) {
  instant const time = now();
  std::size_t ran = 0;
  for (; ran < limit && !heap_.empty() && heap_.front().when <= time; ++ran) {
    timer& due = *heap_.front().what;
    disarm(due);
    due.expired();
  }
  return ran > 0;
}

}  // namespace roost
