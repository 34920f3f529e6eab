#include <roost/live/control.hpp>

#include <roost/base/plant.hpp>
#include <roost/live/knobs.hpp>
#include <roost/live/workers.hpp>

#include <utility>

namespace roost {

knob const live_knobs::stuck_after({"live.stuck_after", knob_unit::nanosecond, 10'000'000'000, 1'000'000, 3'600'000'000'000,
                                    "how long a handler runs without a pause before it is named in the log"});

namespace {

knob const stand_in_after({"live.stand_in_after", knob_unit::nanosecond, 10'000'000, 100'000, 1'000'000'000,
                           "how long a handler may keep the loop before a second thread sees to sessions and children"});
knob const stand_in_look({"live.stand_in_look", knob_unit::nanosecond, 1'000'000, 10'000, 100'000'000,
                          "time between two looks of that thread at transports, children and timers"});

ROOST_DEFINE_PLANT(plant_nobody_stands_in, "nobody-stands-in", "G4",
                   "While a handler computes nobody sees to the sessions of its proc, so others take it for dead.");

constexpr std::size_t timers_per_look = 64;

/// Whose stand-in this thread is, while it is at work.
thread_local live_control const* stands_in_for = nullptr;
constexpr int steps_per_look = 64;
constexpr int quiet_looks_before_parking = 3;

}  // namespace

void live_control::enter() {
  if (stands_in_for == this) return;
  if (depth_++ == 0) inside_.lock();
}

void live_control::leave() noexcept {
  if (stands_in_for == this) return;
  if (--depth_ != 0) return;
  inside_.unlock();
  // A worker has been inside while the loop sleeps: what it did there may have to be seen to earlier.
  if (asleep_.load() && live_worker::current() != nullptr) loop_.notify();
}

fiber_pool& live_control::fibers() { broken("the control plane has no fibers", to_string(self_), __FILE__, __LINE__); }

void live_control::ready(runnable& r, lane) {
  if (r.queued) return;
  ready_.push(r);
  has_ready_.store(true, std::memory_order_relaxed);
}

void live_control::withdraw(runnable& r) {
  if (r.queued && ready_.remove(r)) has_ready_.store(!ready_.empty(), std::memory_order_relaxed);
}

bool live_control::run_one() {
  runnable* const first = ready_.pop();
  has_ready_.store(!ready_.empty(), std::memory_order_relaxed);
  if (first == nullptr) return false;
  ++first->steps;
  first->run();
  return true;
}

bool live_control::look(bool at_descriptors) {
  turns_.store(turns_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  return look_around(at_descriptors);
}

bool live_control::look_around(bool at_descriptors) {
  bool found = clock_.run_due(timers_per_look);
  found |= loop_.poll();
  if (at_descriptors) found |= loop_.poll_descriptors();
  return found;
}

void live_control::start(platform& seams, proc_id self) {
  self_ = self;
  over_ = false;
  thread_ = std::thread([this, &seams] { stand_in(seams); });
}

void live_control::stop() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard const lock(pausing_);
    over_ = true;
  }
  called_.notify_one();
  thread_.join();
}

void live_control::call_stand_in() noexcept {
  {
    std::lock_guard const lock(pausing_);
    parked_.store(false);
  }
  called_.notify_one();
}

bool live_control::pause(nanoseconds at_most) {
  std::unique_lock lock(pausing_);
  return !called_.wait_for(lock, at_most, [this] { return over_; });
}

// The loop sets that it is awake before it looks for a parked stand-in, which says that it parks before it looks for a loop that
// is awake: one of them sees the other.
void live_control::park() {
  std::unique_lock lock(pausing_);
  parked_.store(true);
  if (asleep_.load()) called_.wait(lock, [this] { return over_ || !parked_.load(); });
  parked_.store(false);
}

void live_control::stand_in(platform& seams) {
  platform_scope const scope(&seams);
  std::uint64_t seen = turns_.load(std::memory_order_relaxed);
  nanoseconds next = knobs_.duration(stand_in_after);
  int quiet = 0;
  while (pause(next)) {
    next = knobs_.duration(stand_in_after);
    if (asleep_.load()) {
      if (++quiet >= quiet_looks_before_parking) park();
      seen = turns_.load(std::memory_order_relaxed);
      continue;
    }
    quiet = 0;
    std::uint64_t const turns = turns_.load(std::memory_order_relaxed);
    if (turns != std::exchange(seen, turns)) continue;
    mind_progress(seams);
    if (drive(seen)) next = knobs_.duration(stand_in_look);
  }
}

bool live_control::drive(std::uint64_t since) {
  if (ROOST_PLANT(plant_nobody_stands_in)) return true;
  auto const look_and_run = [this] {
    look_around(true);
    for (int left = steps_per_look; left > 0 && run_one(); --left) {
    }
  };
  if (lock_.shared()) {
    std::lock_guard const runtime(static_cast<runtime_lock&>(lock_));
    if (turns_.load(std::memory_order_relaxed) != since) return false;
    control_hold const hold(this);
    told_.run();
    look_and_run();
    user_time_.run_due(timers_per_look);
    return true;
  }
  std::lock_guard const lock(inside_);
  if (turns_.load(std::memory_order_relaxed) != since) return false;
  standing_in_ = true;
  stands_in_for = this;
  look_and_run();
  stands_in_for = nullptr;
  standing_in_ = false;
  return true;
}

std::string live_control::busy_with() const { return name_of(progress_.look(), self_); }

std::string name_of(progress_page::view const& seen, proc_id self) {
  auto const what = seen.endpoint.empty() ? "a callback of " + std::string(seen.class_name)
                                          : std::string(seen.class_name) + "." + std::string(seen.endpoint);
  return what + " of " + to_string(actor_id{self, seen.actor});
}

log_fields fields_of(progress_page::view const& seen, proc_id self, nanoseconds running) {
  log_fields fields{{"actor", to_string(actor_id{self, seen.actor})}, {"running_ns", running.count()}};
  if (!seen.endpoint.empty()) fields.push_back({"endpoint", std::string(seen.class_name) + "." + std::string(seen.endpoint)});
  return fields;
}

void live_control::mind_progress(platform& seams) {
  auto const seen = progress_.look();
  auto const now = live_clock().now();
  if (seen.turn != std::exchange(minded_turn_, seen.turn)) {
    minded_since_ = now;
    reported_ = false;
    return;
  }
  if (reported_ || seen.turn == 0 || now - minded_since_ < knobs_.duration(live_knobs::stuck_after)) return;
  reported_ = true;
  if (seams.log == nullptr) return;
  seams.log->write(log_level::warning, {.name = to_string(self_)},
                   busy_with() + " has run for " + to_string(now - minded_since_) + " without a pause: its actors wait",
                   fields_of(seen, self_, now - minded_since_));
}

}  // namespace roost
