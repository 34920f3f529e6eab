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

constexpr std::size_t timers_per_look = 64;
constexpr nanoseconds longest_sleep = std::chrono::seconds(60);

void pause_briefly() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

void live_executor::queue::push(runnable& r) noexcept {
  r.next = nullptr;
  r.queued = true;
  (last != nullptr ? last->next : first) = &r;
  last = &r;
}

runnable* live_executor::queue::pop() noexcept {
  runnable* const r = first;
  if (r == nullptr) return nullptr;
  first = r->next;
  if (first == nullptr) last = nullptr;
  r->next = nullptr;
  r->queued = false;
  return r;
}

bool live_executor::queue::remove(runnable& r) noexcept {
  for (runnable *before = nullptr, *each = first; each != nullptr; before = each, each = each->next) {
    if (each != &r) continue;
    (before != nullptr ? before->next : first) = r.next;
    if (last == &r) last = before;
    r.next = nullptr;
    r.queued = false;
    return true;
  }
  return false;
}

live_executor::live_executor(event_loop& loop, live_clock& time, knob_values const& knobs)
    : loop_(loop), clock_(time), knobs_(knobs), fibers_([this] { return step(); }) {}

void live_executor::ready(runnable& r, lane where) {
  if (!r.queued) (where == lane::control ? control_ : user_).push(r);
}

void live_executor::withdraw(runnable& r) {
  if (r.queued && !control_.remove(r)) user_.remove(r);
}

error live_executor::run(unique_function<void()> begin) {
  alone_ = std::move(begin);
  fibers_.run();
  return *finished_;
}

void live_executor::finish(error why) {
  if (!finished_) finished_ = std::move(why);
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
  runnable* const chosen = next();
  if (chosen == nullptr) {
    idle();
    return !finished();
  }
  if (steps_before_look_ > 0) --steps_before_look_;
  ++chosen->steps;
  chosen->run();
  return !finished();
}

runnable* live_executor::next() noexcept {
  bool const user_waited = control_in_a_row_ >= knobs_.count(control_batch) && user_.first != nullptr;
  if (control_.first != nullptr && !user_waited) {
    ++control_in_a_row_;
    return control_.pop();
  }
  control_in_a_row_ = 0;
  return user_.pop();
}

bool live_executor::look(bool at_descriptors) {
  steps_before_look_ = knobs_.count(look_interval);
  looks_before_descriptors_ = at_descriptors ? knobs_.count(descriptor_interval) : looks_before_descriptors_ - 1;
  bool found = clock_.run_due(timers_per_look);
  found |= loop_.poll();
  if (at_descriptors) found |= loop_.poll_descriptors();
  return found;
}

void live_executor::idle() {
  auto const something = [this] { return control_.first != nullptr || user_.first != nullptr || finished(); };
  if (look(true) || something()) return;
  instant const until = std::min(clock_.now() + knobs_.duration(spin), clock_.next_due());
  while (clock_.now() < until) {
    if (loop_.poll() || something()) return;
    pause_briefly();
  }
  steps_before_look_ = 0;
  nanoseconds const left = clock_.next_due() == never ? longest_sleep : clock_.next_due() - clock_.now();
  loop_.sleep(std::clamp(left, nanoseconds(0), longest_sleep));
}

}  // namespace roost
