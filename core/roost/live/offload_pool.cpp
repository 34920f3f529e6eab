#include <roost/live/offload_pool.hpp>

#include <roost/base/plant.hpp>
#include <roost/live/control.hpp>
#include <roost/live/knobs.hpp>
#include <roost/live/overflow.hpp>

#include <utility>

namespace roost {

namespace {

knob const offload_threads({"live.offload_threads", knob_unit::count, 64, 1, 4'096,
                            "threads of a proc on which offloaded code runs; what is more waits for one of them"});

ROOST_DEFINE_PLANT(plant_offload_unwatched, "offload-unwatched", "G4",
                   "Nobody says so when code that a handler has offloaded is stuck.");

}  // namespace

offload_pool::offload_pool(live_clock& clock, knob_values const& knobs) : clock_(clock), knobs_(knobs) {}

void offload_pool::start(platform& seams, proc_id self) {
  seams_ = &seams;
  self_ = self;
}

void offload_pool::run_for(progress_page::whose const& handler, unique_function<void()> task) {
  push({std::move(task), handler});
  if (!watch_.armed()) clock_.arm(watch_, clock_.now() + knobs_.duration(live_knobs::stuck_after) / 4);
}

void offload_pool::push(order what) {
  std::lock_guard const lock(changing_);
  if (over_) return;
  orders_.push_back(std::move(what));
  if (orders_.size() > idle_ && places_.size() < knobs_.count(offload_threads)) {
    place& made = places_.emplace_back();
    made.thread = std::thread([this, &made] { work(made); });
  }
  has_work_.notify_one();
}

void offload_pool::stop() {
  if (watch_.armed()) clock_.disarm(watch_);
  std::unique_lock lock(changing_);
  over_ = true;
  orders_.clear();
  has_work_.notify_all();
  auto const between_looks = knobs_.duration(live_knobs::stuck_after) / 4;
  while (!has_ended_.wait_for(lock, between_looks, [this] { return ended_ == places_.size(); })) {
    lock.unlock();
    report_stuck();
    lock.lock();
  }
  for (auto& each : places_) each.thread.join();
  places_.clear();
  ended_ = 0;
}

void offload_pool::work(place& mine) {
  overflow_report const overflows(mine.page, self_);
  std::unique_lock lock(changing_);
  for (;;) {
    ++idle_;
    has_work_.wait(lock, [this] { return over_ || !orders_.empty(); });
    --idle_;
    if (over_) break;
    auto what = std::move(orders_.front());
    orders_.pop_front();
    mine.page.set(what.handler);
    mine.since = live_clock().now();
    mine.reported = false;
    lock.unlock();
    what.task();
    lock.lock();
    mine.since = never;
  }
  ++ended_;
  has_ended_.notify_all();
}

void offload_pool::mind() {
  report_stuck();
  std::lock_guard const lock(changing_);
  if (!orders_.empty() || idle_ != places_.size())
    clock_.arm(watch_, clock_.now() + knobs_.duration(live_knobs::stuck_after) / 4);
}

void offload_pool::report_stuck() {
  if (seams_ == nullptr || seams_->log == nullptr || ROOST_PLANT(plant_offload_unwatched)) return;
  auto const limit = knobs_.duration(live_knobs::stuck_after);
  auto const now = live_clock().now();
  std::vector<std::pair<progress_page::view, nanoseconds>> stuck;
  {
    std::lock_guard const lock(changing_);
    for (auto& each : places_) {
      auto const seen = each.page.look();
      if (each.since == never || each.reported || seen.class_name.empty() || now - each.since < limit) continue;
      each.reported = true;
      stuck.emplace_back(seen, now - each.since);
    }
  }
  for (auto const& [seen, running] : stuck) {
    seams_->log->write(log_level::warning, {.name = to_string(self_)},
                       "offloaded code of " + name_of(seen, self_) + " has run for " + to_string(running) +
                           " and is not over: its handler waits",
                       fields_of(seen, self_, running));
  }
}

}  // namespace roost
