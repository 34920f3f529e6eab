#include <roost/live/executor.hpp>
#include <roost/live/knobs.hpp>

#include <algorithm>
#include <utility>

namespace roost {

knob const live_knobs::spin({"live.spin", knob_unit::nanosecond, 20'000, 0, 1'000'000,
                             "how long an idle loop or worker looks around before it sleeps"});

namespace {

knob const control_batch({"live.control_batch", knob_unit::count, 32, 1, 1'000,
                          "control steps run in a row while handlers wait for their turn"});
knob const look_interval({"live.look_interval", knob_unit::count, 32, 1, 1'000,
                          "steps run between two looks at timers and transports"});
knob const descriptor_interval({"live.descriptor_interval", knob_unit::count, 8, 1, 1'000,
                                "looks at timers and transports between two looks at descriptors"});

constexpr std::size_t timers_per_look = 64;
constexpr nanoseconds longest_sleep = std::chrono::seconds(60);

}  // namespace

live_executor::live_executor(event_loop& loop, live_clock& time, knob_values const& knobs)
    : loop_(loop),
      clock_(time),
      knobs_(knobs),
      control_(loop, time, lock_, knobs),
      workers_(lock_, time, knobs),
      beside_(time, knobs),
      fibers_([this] { return step(); }) {
  at_hand_ = &user_;
  clock_.on_sooner([this] {
    if (sleeps_) loop_.notify();
  });
}

void live_executor::ready(runnable& r, lane where) {
  if (where == lane::control) return ready_control(r);
  if (r.queued) return;
  if (r.worker != 0) return workers_.push(r);
  user_.push(r);
  if (sleeps_) loop_.notify();
}

void live_executor::ready_control(runnable& r) {
  control_hold const hold(&control_);
  control_.ready(r, lane::control);
}

void live_executor::withdraw(runnable& r) {
  if (!r.queued || user_.remove(r) || (r.worker != 0 && workers_.remove(r))) return;
  control_hold const hold(&control_);
  control_.withdraw(r);
}

bool live_executor::run_beside(unique_function<void()> body, unique_function<void()> done) {
  auto const* const page = current_progress();
  auto const handler = page != nullptr ? page->latest() : progress_page::whose{};
  beside_.run_for(handler, [this, body = std::move(body), done = std::move(done)]() mutable {
    body();
    control_.told().push(std::move(done));
  });
  return true;
}

fiber_pool& live_executor::fibers() {
  auto* const worker = live_worker::current();
  return worker != nullptr ? worker->fibers() : fibers_;
}

void live_executor::run_on(std::uint32_t worker, unique_function<void()> task) {
  if (worker == 0) return task();
  workers_.run_on(worker, std::move(task));
}

void live_executor::run_loop(unique_function<void()> first) {
  alone_ = std::move(first);
  steps_before_look_ = 0;
  lock_.lock();
  fibers_.run();
  lock_.unlock();
}

error live_executor::run(unique_function<void()> begin) {
  run_loop(std::move(begin));
  return why_finished_;
}

error live_executor::run(platform& seams, proc_id self, unique_function<void()> begin) {
  set_current_progress(&control_.progress());
  run_loop([&] {
    workers_.start(seams, self);
    beside_.start(seams, self);
    begin();
  });
  lock_.lock();
  workers_.close();
  lock_.unlock();
  return why_finished_;
}

void live_executor::finish(error why) {
  {
    std::lock_guard const lock(finishing_);
    if (finished()) return;
    why_finished_ = std::move(why);
    finished_.store(true, std::memory_order_release);
  }
  // A loop that is about to sleep looks there once more.
  control_.told().push([] {});
}

void live_executor::run_alone(unique_function<void()> body) {
  ROOST_INVARIANT(finished(), "the loop still runs");
  run_loop(std::move(body));
  workers_.stop();
  set_current_progress(nullptr);
}

void live_executor::leave() noexcept {
  control_.leave();
  lock_.unlock();
}

void live_executor::enter() {
  lock_.lock();
  control_.enter();
}

inline void live_executor::run_user() {
  control_in_a_row_ = 0;
  runnable* const chosen = user_.pop();
  if (chosen == nullptr) return idle();
  --steps_before_look_;
  control_.begins_handler();
  ++chosen->steps;
  chosen->run();
}

bool live_executor::step() {
  while (steps_before_look_ != 0 && !control_.has_ready()) {
    if (finished()) return false;
    run_user();
  }
  return other_step();
}

bool live_executor::other_step() {
  if (alone_) {
    auto body = std::exchange(alone_, {});
    body();
    return !finished();
  }
  if (finished()) return false;
  if (steps_before_look_ == 0) look(looks_before_descriptors_ == 0);
  if (finished()) return false;
  if (control_.has_ready() && run_control()) return !finished();
  run_user();
  return !finished();
}

bool live_executor::run_control() {
  if (control_in_a_row_ >= knobs_.count(control_batch) && !user_.empty()) return false;
  control_hold const hold(&control_);
  control_.told().run();
  if (!control_.run_one()) return false;
  ++control_in_a_row_;
  if (steps_before_look_ > 0) --steps_before_look_;
  return true;
}

void live_executor::look(bool at_descriptors) {
  steps_before_look_ = knobs_.count(look_interval);
  looks_before_descriptors_ = at_descriptors ? knobs_.count(descriptor_interval) : looks_before_descriptors_ - 1;
  {
    control_hold const hold(&control_);
    control_.told().run();
    control_.look(at_descriptors);
  }
  clock_.run_due(timers_per_look);
}

bool live_executor::something_to_do() const noexcept {
  return control_.has_ready() || !user_.empty() || !control_.told().empty() || finished();
}

// The gate stays closed to the stand-in: the loop itself sees to everything while it has nothing else to do. Other workers, which it
// has once the lock is shared, pass through while it looks around and while it sleeps.
void live_executor::idle() {
  control_hold const hold(&control_);
  control_.told().run();
  bool found = control_.look(true);
  found |= clock_.run_due(timers_per_look);
  if (found || something_to_do()) return;
  auto const due = [this] { return std::min(clock_.next_due(), control_.clock().next_due()); };
  instant const until = clock_.now() + knobs_.duration(live_knobs::spin);
  while (clock_.now() < std::min(until, due())) {
    if (loop_.poll() || something_to_do()) return;
    if (lock_.shared()) leave();
    pause_briefly();
    if (lock_.shared()) enter();
  }
  if (something_to_do()) return;
  steps_before_look_ = 0;
  nanoseconds const left = due() == never ? longest_sleep : due() - clock_.now();
  sleeps_ = true;
  at_hand_ = nullptr;
  control_.sleeps(true);
  loop_.sleep(std::clamp(left, nanoseconds(0), longest_sleep), lock_.shared() ? this : nullptr);
  control_.sleeps(false);
  at_hand_ = &user_;
  sleeps_ = false;
}

}  // namespace roost
