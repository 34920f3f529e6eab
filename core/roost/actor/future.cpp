#include <roost/actor/future.hpp>

#include <roost/actor/task.hpp>
#include <roost/base/plant.hpp>
#include <roost/platform/platform.hpp>

#include <algorithm>

namespace roost::detail {
namespace {

ROOST_DEFINE_PLANT(plant_await_not_asked_again, "await-not-asked-again", "G4",
                   "A coroutine waits for a future that became ready after it was asked whether it has to.");
ROOST_DEFINE_PLANT(plant_forget_observer, "second-observer-forgotten", "G4",
                   "Of several waits on one future only the first is ended.");

/// So many of several futures.
class several_answers final : public awaited_answers {
 public:
  several_answers(std::vector<future_base*> const& states, std::size_t wanted) noexcept : states_(states), wanted_(wanted) {}
  bool can_end_without(actor_id const& silent) const noexcept override {
    auto const can = std::count_if(states_.begin(), states_.end(), [&](future_base* s) { return s->can_end_without(silent); });
    return static_cast<std::size_t>(can) >= wanted_;
  }

 private:
  std::vector<future_base*> const& states_;
  std::size_t wanted_;
};

}  // namespace

void port_base::add_ref_outside(port_base* p) noexcept {
  runtime_entry const inside;
  ++p->references_;
}

void port_base::release_outside(port_base* p) noexcept {
  runtime_entry const inside;
  if (--p->references_ == 0) delete p;
}

void throw_error(error const& why) { throw exception(why); }

error wait_error(errc outcome) {
  return outcome == errc::deadlock
             ? error(errc::deadlock, "what is waited for comes from a callback, which runs only after the handler that waits")
             : error(outcome, "the deadline passed before the value came");
}

instant deadline_in(nanoseconds timeout) {
  if (timeout == nanoseconds::max()) return never;
  runtime_entry const inside;
  return later(require_frame("A deadline").cell->home().seams().clock->now(), timeout);
}

errc future_base::wait(instant deadline, wait_kind kind) {
  runtime_entry const inside;
  if (ready_) return errc::ok;
  auto& frame = require_frame("future::get()");
  if (comes_after(frame)) return errc::deadlock;
  waiter w(frame);
  w.answers = this;
  w.request = request;
  observer_node node{&w, nullptr};
  observers_.add(node);
  boost::intrusive_ptr<port_base> const keep(this);
  try {
    auto const outcome = w.wait(kind, awaited_actor(), deadline);
    observers_.remove(node);
    return ready_ ? errc::ok : outcome;
  } catch (...) {
    observers_.remove(node);
    throw;
  }
}

bool future_base::comes_after(handler_frame const& frame) const noexcept {
  bool const too_late = by_callback && !ready_ && owner == frame.cell->id();
  sometimes(too_late, "actor: a wait for a callback of the waiting actor is refused");
  return too_late;
}

coroutine_wait::~coroutine_wait() {
  if (on_ == nullptr) return;
  runtime_entry const inside;
  on_->remove_observer(node_);
  waiter_.reset();
}

bool coroutine_wait::suspend(future_base& on, std::coroutine_handle<> who) {
  runtime_entry const inside;
  auto& frame = require_frame("co_await");
  // Another worker may have answered since the coroutine was asked whether it has to wait.
  if (on.ready() && !ROOST_PLANT(plant_await_not_asked_again)) return false;
  if (!frame.coroutine) throw_error(error(errc::bad_argument, "co_await works only in a coroutine endpoint"));
  if (on.comes_after(frame)) throw_error(wait_error(errc::deadlock));
  on_ = &on;
  waiter_.emplace(frame);
  waiter_->answers = &on;
  waiter_->request = on.request;
  node_.who = &*waiter_;
  on.add_observer(node_);
  return waiter_->suspend(wait_kind::reply, on.awaited_actor(), never, who);
}

void coroutine_wait::finish() {
  if (!waiter_) return;
  runtime_entry const inside;
  auto const outcome = waiter_->finish();
  if (!on_->ready()) throw_error(wait_error(outcome));
}

void future_base::when_ready(unique_function<void()> callback) {
  if (ready_) {
    callback();
  } else {
    callbacks_.push_back(std::move(callback));
  }
}

void future_base::expiry::expired() {
  set_current_platform(&of->home->seams());
  passed = true;
  of->fail(error(errc::timeout, "the deadline of the call passed before its answer came"));
}

future_base::future_base() = default;

future_base::~future_base() {
  if (expiry_.armed()) home->seams().clock->disarm(expiry_);
}

void future_base::expire_at(instant deadline) {
  if (deadline == never || ready_) return;
  home->seams().clock->arm(expiry_, deadline);
}

void future_base::become_ready() {
  ready_ = true;
  boost::intrusive_ptr<port_base> const keep(this);
  if (expiry_.armed()) home->seams().clock->disarm(expiry_);
  // The port of a call whose deadline passed stays until the answer, or what became of it, arrives.
  if (number != 0 && home != nullptr && !expiry_.passed) home->close_port(*this);
  if (ROOST_PLANT(plant_forget_observer)) {
    observers_.wake_first(errc::ok);
  } else {
    observers_.wake_all(errc::ok);
  }
  if (callbacks_.empty()) return;
  auto callbacks = std::exchange(callbacks_, {});
  for (auto& callback : callbacks) callback();
}

std::vector<std::size_t> wait_states(std::vector<future_base*> const& states, std::size_t wanted, instant deadline) {
  runtime_entry const inside;
  if (wanted > states.size()) {
    throw_error(error(errc::bad_argument, "waiting for " + std::to_string(wanted) + " of " + std::to_string(states.size()) +
                                              " futures can never end"));
  }
  if (std::find(states.begin(), states.end(), nullptr) != states.end())
    throw_error(error(errc::bad_argument, "waiting for a future that stands for nothing"));
  auto const ready = [&] {
    std::vector<std::size_t> indices;
    for (std::size_t i = 0; i != states.size(); ++i) {
      if (states[i]->ready()) indices.push_back(i);
    }
    return indices;
  };
  for (;;) {
    auto indices = ready();
    if (indices.size() >= wanted) return indices;
    auto& frame = require_frame("wait_n()");
    auto const can_come = std::count_if(states.begin(), states.end(), [&](future_base* s) { return !s->comes_after(frame); });
    if (static_cast<std::size_t>(can_come) < wanted) throw_error(wait_error(errc::deadlock));
    waiter w(frame);
    several_answers const several(states, wanted);
    w.answers = &several;
    std::vector<observer_node> nodes(states.size());
    for (std::size_t i = 0; i != states.size(); ++i) {
      nodes[i].who = &w;
      if (!states[i]->ready()) states[i]->add_observer(nodes[i]);
    }
    auto const forget = [&] {
      for (std::size_t i = 0; i != states.size(); ++i) states[i]->remove_observer(nodes[i]);
    };
    errc outcome = errc::ok;
    try {
      outcome = w.wait(wait_kind::several, {}, deadline);
    } catch (...) {
      forget();
      throw;
    }
    forget();
    if (outcome == errc::timeout && ready().size() < wanted) {
      throw_error(error(errc::timeout, "the deadline passed before " + std::to_string(wanted) + " futures were ready"));
    }
  }
}

}  // namespace roost::detail
