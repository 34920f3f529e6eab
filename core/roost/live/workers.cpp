#include <roost/live/workers.hpp>

#include <roost/base/plant.hpp>
#include <roost/live/control.hpp>
#include <roost/live/knobs.hpp>
#include <roost/live/overflow.hpp>

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <utility>

namespace roost {

namespace {

knob const workers({"live.workers", knob_unit::count, 1, 1, 256,
                    "threads that run the handlers of a proc's actors; with more than one, another runs its control plane"});
knob const spread_after({"live.spread_after", knob_unit::nanosecond, 1'000'000, 10'000, 1'000'000'000,
                         "how long actors wait behind a handler that computes before a worker that sleeps takes them"});
knob const pins({"live.pin", knob_unit::count, 0, 0, 1,
                 "1: each worker stays on one processor, by its number and that of its proc, of those that the process may use"});

ROOST_DEFINE_PLANT(plant_worker_sleeps_on, "worker-sleeps-on", "G4",
                   "What comes for a dedicated actor whose worker sleeps is forgotten.");

constexpr auto between_looks_at_end = std::chrono::microseconds(100);

}  // namespace

live_worker::live_worker(live_workers& all, std::uint32_t number, bool dedicated)
    : all_(all), number_(number), dedicated_(dedicated), fibers_([this] { return step(); }) {}

void live_worker::main() {
  of_this_thread_ = this;
  set_current_progress(&progress_);
  overflow_report const overflows(fibers_, progress_, all_.self_);
  all_.lock_.lock();
  platform_scope const scope(all_.seams_);
  fibers_.run();
  all_.lock_.unlock();
  ended_.store(true);
}

bool live_worker::step() {
  busy_ = false;
  if (task_) {
    auto task = std::exchange(task_, {});
    task();
    return true;
  }
  if (over_) return false;
  runnable* next = all_.closing_ ? nullptr : queue_.pop();
  if (next == nullptr && !dedicated_ && !all_.closing_) next = all_.take_from_others(*this);
  if (next == nullptr) {
    idle();
    return true;
  }
  if (!dedicated_ && !queue_.empty()) all_.call_help();
  busy_ = true;
  ++next->steps;
  next->run();
  return true;
}

void live_worker::idle() {
  asleep_ = true;
  if (!dedicated_) ++all_.asleep_;
  auto const before = signal_->load();
  auto const until = all_.clock_.now() + all_.knobs_.duration(live_knobs::spin);
  all_.lock_.unlock();
  while (signal_->load() == before && live_clock().now() < until) pause_briefly();
  signal_->wait(before);
  all_.lock_.lock();
}

void live_worker::wake() noexcept {
  if (!asleep_) return;
  asleep_ = false;
  if (!dedicated_) --all_.asleep_;
  signal_->fetch_add(1);
  all_.lock_.wake_after(signal_);
}

live_workers::live_workers(live_lock& lock, live_clock& clock, knob_values const& knobs)
    : lock_(lock), clock_(clock), knobs_(knobs), shared_count_(knobs.count(workers)) {}

live_workers::~live_workers() { ROOST_INVARIANT(workers_.empty(), "workers outlive their proc"); }

void live_workers::start(platform& seams, proc_id self) {
  seams_ = &seams;
  self_ = self;
  if (shared_count_ == 1) return;
  for (std::size_t i = 0; i != shared_count_; ++i) add(false);
}

live_worker& live_workers::add(bool dedicated) {
  lock_.share();
  reap();
  if (!mind_.armed()) mind_progress();
  auto const free = std::find(workers_.begin(), workers_.end(), nullptr);
  auto const at = free != workers_.end() ? free : workers_.insert(workers_.end(), nullptr);
  *at = std::make_unique<live_worker>(*this, static_cast<std::uint32_t>(at - workers_.begin()) + 1, dedicated);
  live_worker& made = **at;
  made.thread_ = std::thread([&made] { made.main(); });
  if (knobs_.count(pins) != 0) pin(made);
  return made;
}

void live_workers::pin(live_worker& worker) {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  std::vector<int> processors;
  for (int cpu = 0; cpu != CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &allowed)) processors.push_back(cpu);
  auto const place = (self_.ordinal * shared_count_ + worker.number_ - 1) % processors.size();
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processors[place], &one);
  static_cast<void>(::pthread_setaffinity_np(worker.thread_.native_handle(), sizeof one, &one));
}

std::uint32_t live_workers::next_shared() noexcept {
  return shared_count_ == 1 ? 0 : static_cast<std::uint32_t>(turn_++ % shared_count_) + 1;
}

std::uint32_t live_workers::add_dedicated() { return add(true).number_; }

void live_workers::leave(std::uint32_t number) {
  if (number == 0 || !of(number).dedicated_) return;
  of(number).over_ = true;
  of(number).wake();
}

void live_workers::reap() {
  for (auto& each : workers_) {
    if (each == nullptr || !each->ended_.load()) continue;
    each->thread_.join();
    each.reset();
  }
}

void live_workers::push(runnable& r) {
  live_worker& to = of(r.worker);
  if (to.dedicated_ && to.asleep_ && ROOST_PLANT(plant_worker_sleeps_on)) return;
  to.queue_.push(r);
  to.wake();
  if (to.busy_ && asleep_ != 0 && !look_.armed() && r.may_move()) clock_.arm(look_, clock_.now() + knobs_.duration(spread_after));
}

bool live_workers::remove(runnable& r) noexcept { return of(r.worker).queue_.remove(r); }

runnable* live_workers::take_from_others(live_worker const& by) noexcept {
  helper_called_ = false;
  for (auto const& each : workers_) {
    if (each == nullptr || each.get() == &by || each->dedicated_) continue;
    auto* const taken = each->queue_.take_movable();
    if (taken == nullptr) continue;
    taken->worker = by.number_;
    return taken;
  }
  return nullptr;
}

void live_workers::call_help() noexcept {
  if (asleep_ == 0 || helper_called_) return;
  for (auto const& each : workers_) {
    if (each == nullptr || each->dedicated_ || !each->asleep_) continue;
    helper_called_ = true;
    return each->wake();
  }
}

void live_workers::spread() {
  helper_called_ = false;
  bool const waiting = std::any_of(workers_.begin(), workers_.end(), [](auto const& each) {
    return each != nullptr && !each->dedicated_ && each->busy_ && !each->queue_.empty();
  });
  if (waiting) call_help();
}

void live_workers::mind_progress() {
  auto const now = clock_.now();
  auto const limit = knobs_.duration(live_knobs::stuck_after);
  for (auto const& each : workers_) {
    if (each == nullptr) continue;
    auto const page = each->progress_.look();
    if (page.turn != std::exchange(each->seen_turn_, page.turn) || !each->busy_) {
      each->seen_at_ = now;
      each->reported_ = false;
    } else if (!each->reported_ && now - each->seen_at_ >= limit) {
      each->reported_ = true;
      if (seams_->log != nullptr) {
        seams_->log->write(log_level::warning, {.name = to_string(self_)},
                           name_of(page, self_) + " has run for " + to_string(now - each->seen_at_) +
                               " without a pause: its worker runs nothing else",
                           fields_of(page, self_, now - each->seen_at_));
      }
    }
  }
  clock_.arm(mind_, now + limit / 4);
}

void live_workers::run_on(std::uint32_t number, unique_function<void()> task) {
  std::atomic<bool> done = false;
  live_worker& who = of(number);
  who.task_ = [&] {
    task();
    done.store(true);
    done.notify_one();
  };
  who.wake();
  lock_.unlock();
  done.wait(false);
  lock_.lock();
}

void live_workers::close() {
  closing_ = true;
  clock_.disarm(look_);
  clock_.disarm(mind_);
  for (auto const& each : workers_) {
    while (each != nullptr && each->busy_) {
      lock_.unlock();
      std::this_thread::sleep_for(between_looks_at_end);
      lock_.lock();
    }
  }
}

void live_workers::stop() {
  lock_.lock();
  for (auto const& each : workers_) {
    if (each == nullptr) continue;
    each->over_ = true;
    each->wake();
  }
  lock_.unlock();
  for (auto const& each : workers_)
    if (each != nullptr) each->thread_.join();
  workers_.clear();
}

}  // namespace roost
