#include <roost/sim/lane.hpp>

#include <roost/base/keyed.hpp>
#include <roost/sim/engine.hpp>
#include <roost/sim/proc.hpp>

#include <algorithm>

namespace roost::sim {

lane_runner::lane_runner(engine& sim, proc& owner, lane which, entity_key key, ready_set ready)
    : engine_(sim), owner_(owner), key_(key), ready_(std::move(ready)), which_(which) {}

void lane_runner::ready(runnable& r) {
  if (r.queued) return;
  r.queued = true;
  ready_.push(r);
  kick();
}

void lane_runner::withdraw(runnable& r) {
  ready_.remove(r);
  r.queued = false;
}

moment lane_runner::start_time() const noexcept { return std::max({engine_.now(), busy_until_, held_until_}); }

bool lane_runner::idle() const noexcept { return !running_ && !has_work() && start_time() == engine_.now(); }

bool lane_runner::works_for(entity_key who) const noexcept { return last_ == who && (running_ || busy_until_ > engine_.now()); }

void lane_runner::kick() {
  if (running_ || queued() || !has_work()) return;
  engine_.queue().push(*this, {start_time(), key_.value, ++scheduled_});
}

void lane_runner::hold(moment until) {
  held_until_ = until;
  if (queued()) engine_.queue().move(*this, {start_time(), key_.value, ++scheduled_});
}

void lane_runner::offer(control_item& item) {
  if (idle()) {
    engine_.begin_step(*this, engine_.control_time());
    item.run();
    return;
  }
  item.behind_ = nullptr;
  (inbox_ == nullptr ? inbox_ : inbox_last_->behind_) = &item;
  inbox_last_ = &item;
  kick();
}

bool lane_runner::retract(control_item& item) {
  control_item* before = nullptr;
  for (control_item* each = inbox_; each != nullptr; before = each, each = each->behind_) {
    if (each != &item) continue;
    (before == nullptr ? inbox_ : before->behind_) = item.behind_;
    if (inbox_last_ == &item) inbox_last_ = before;
    return true;
  }
  return false;
}

void lane_runner::clear() {
  engine_.queue().cancel(*this);
  while (!ready_.empty()) ready_.pop().queued = false;
  while (inbox_ != nullptr) {
    control_item& item = *inbox_;
    inbox_ = item.behind_;
    item.drop();
  }
}

void lane_runner::fire() {
  if (start_time() > engine_.now()) {
    kick();
    return;
  }
  if (!has_work()) return;
  bool take_item = inbox_ != nullptr;
  if (take_item && !ready_.empty()) {
    take_item = engine_.policy() == schedule_policy::in_order
                    ? !item_was_last_
                    : (keyed_hash(engine_.seed(), draw_domain::schedule, key_, turns_).low & 1) != 0;
    ++turns_;
  }
  item_was_last_ = take_item;
  if (take_item) {
    run_item();
  } else {
    run_runnable();
  }
}

void lane_runner::run_item() {
  control_item& item = *inbox_;
  inbox_ = item.behind_;
  engine_.begin_step(*this, engine_.control_time());
  item.run();
}

void lane_runner::run_runnable() {
  runnable& r = ready_.pop();
  r.queued = false;
  last_ = r.key;
  std::uint64_t const step = r.steps++;
  engine_.begin_step(*this, which_ == lane::user ? engine_.handler_time(r.key, step) : engine_.control_time());
  engine_.note_step(*this, r.key, step);
  r.run();
}

}  // namespace roost::sim
