#include <roost/live/executor.hpp>

#include <algorithm>
#include <utility>

namespace roost {
namespace {

knob const control_batch({"live.control_batch", knob_unit::count, 32, 1, 1'000,
                          "control steps run in a row while handlers wait for their turn"});
knob const look_interval({"live.look_interval", knob_unit::count, 32, 1, 1'000,
                          "steps run between two looks at timers and transports"});
knob const descriptor_interval({"live.descriptor_interval", knob_unit::count, 8, 1, 1'000,
                                "looks at timers and transports between two looks at descriptors"});
knob const spin({"live.spin", knob_unit::nanosecond, 20'000, 0, 1'000'000,
                 "how long an idle loop looks around before it sleeps"});

knob const offload_threads({"live.offload_threads", knob_unit::count, 64, 1, 4'096,
                            "threads of a proc on which offloaded code runs; what is more waits for one of them"});

constexpr std::size_t timers_per_look = 64;
constexpr nanoseconds longest_sleep = std::chrono::seconds(60);

void pause_briefly() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

live_executor::live_executor(event_loop& loop, live_clock& time, knob_values const& knobs)
    : loop_(loop), clock_(time), knobs_(knobs), control_(loop, knobs), beside_(knobs.count(offload_threads)), fibers_([this] {
        return step();
      }) {}

void live_executor::ready(runnable& r, lane where) {
  if (where == lane::control) {
    control_hold const hold(&control_);
    control_.ready(r, where);
  } else if (!r.queued) {
    user_.push(r);
  }
}

void live_executor::withdraw(runnable& r) {
  if (!r.queued || user_.remove(r)) return;
  control_hold const hold(&control_);
  control_.withdraw(r);
}

bool live_executor::run_beside(unique_function<void()> body, unique_function<void()> done) {
  beside_.run([this, body = std::move(body), done = std::move(done)]() mutable {
    body();
    control_.told().push(std::move(done));
  });
  return true;
}

error live_executor::run(unique_function<void()> begin) {
  alone_ = std::move(begin);
  fibers_.run();
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
  alone_ = std::move(body);
  fibers_.run();
}

bool live_executor::step() {
  if (alone_) {
    auto body = std::exchange(alone_, {});
    body();
    return !finished();
  }
  if (finished()) return false;
  if (steps_before_look_ == 0) look(looks_before_descriptors_ == 0);
  if (finished()) return false;
  if (control_.has_ready() && run_control()) return !finished();
  control_in_a_row_ = 0;
  runnable* const chosen = user_.pop();
  if (chosen == nullptr) {
    idle();
    return !finished();
  }
  if (steps_before_look_ > 0) --steps_before_look_;
  control_.begins_handler();
  ++chosen->steps;
  chosen->run();
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

// The gate stays closed to the stand-in: the loop itself sees to everything while it has nothing else to do.
void live_executor::idle() {
  control_hold const hold(&control_);
  control_.told().run();
  bool found = control_.look(true);
  found |= clock_.run_due(timers_per_look);
  if (found || something_to_do()) return;
  instant const due = std::min(clock_.next_due(), control_.clock().next_due());
  instant const until = std::min(clock_.now() + knobs_.duration(spin), due);
  while (clock_.now() < until) {
    if (loop_.poll() || something_to_do()) return;
    pause_briefly();
  }
  steps_before_look_ = 0;
  nanoseconds const left = due == never ? longest_sleep : due - clock_.now();
  control_.sleeps(true);
  loop_.sleep(std::clamp(left, nanoseconds(0), longest_sleep));
  control_.sleeps(false);
}

}  // namespace roost
