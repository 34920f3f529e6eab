#include <roost/actor/frame.hpp>

#include <roost/actor/cell.hpp>
#include <roost/actor/proc_runtime.hpp>
#include <roost/base/plant.hpp>

namespace roost::detail {
namespace {

ROOST_DEFINE_PLANT(plant_lost_wakeup, "lost-wakeup", "G4",
                   "A future that is fulfilled while its waiter is armed with a deadline forgets the waiter.");
ROOST_DEFINE_PLANT(plant_endless_wait, "wait-nobody-ends", "G4", "A wait for a reply ignores its deadline.");

}  // namespace

void refuse_outside_actors(char const* what) {
  throw exception(error(errc::bad_argument, std::string(what) + " works only inside an actor's handler"));
}

error error_of(std::exception_ptr thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (exception const& e) {
    return e.code() == errc::ok ? error(errc::handler_threw, e.what()) : e.why();
  } catch (std::exception const& e) {
    return error(errc::handler_threw, e.what());
  } catch (ended const& e) {
    return e.why.code == errc::ok ? error(errc::ended, "the actor ended") : e.why;
  } catch (...) {
    return error(errc::handler_threw, "threw something that is no std::exception");
  }
}

waiter::waiter(handler_frame& of) : frame_(&of) {
  key = of.cell->key;
  worker = of.cell->worker;
}

waiter::~waiter() {
  auto& seams = frame_->cell->home().seams();
  if (queued) seams.executor->withdraw(*this);
  if (timer_.armed()) seams.clock->disarm(timer_);
}

bool waiter::begin(wait_kind kind, actor_id target, instant deadline) {
  auto& cell = *frame_->cell;
  auto& home = cell.home();
  auto& seams = home.seams();
  ROOST_INVARIANT(inside_runtime(), "a wait that began outside the runtime");
  if (frame_->may_not_wait()) throw exception(error(errc::would_block, "a destructor does not wait", cell.describe()));
  if (frame_->must_end || home.mute()) cell.throw_ended(*frame_);
  kind_ = kind;
  target_ = target;
  auto until = std::min(deadline, frame_->deadline);
  number_ = cell.next_wait();
  if (seams.observer != nullptr) {
    seams.observer->wait_started({cell.id(), number_, kind, target, until, request, at_port});
  }
  // Where a little more time has passed the timer ends it.
  if (!outcome_ && until != never && until <= seams.clock->lately()) outcome_ = errc::timeout;
  if (outcome_) return false;
  if (ROOST_PLANT(plant_endless_wait) && kind == wait_kind::reply) until = never;
  if (until != never) seams.clock->arm(timer_, until);
  frame_->waiting = this;
  cell.frame_suspended(*frame_);
  // That may have refused what is waited for: a call to this very actor, which is in its mailbox.
  return !outcome_;
}

errc waiter::finish() {
  auto& cell = *frame_->cell;
  auto& seams = cell.home().seams();
  frame_->waiting = nullptr;
  if (timer_.armed()) seams.clock->disarm(timer_);
  auto const outcome = frame_->must_end ? errc::ended : outcome_.value_or(errc::ended);
  if (seams.observer != nullptr) seams.observer->wait_ended(cell.id(), number_, outcome);
  if (outcome == errc::ended) throw ended{frame_->why_ended()};
  return outcome;
}

errc waiter::wait(wait_kind kind, actor_id target, instant deadline) {
  if (begin(kind, target, deadline)) {
    set_current_frame(nullptr);
    frame_->cell->home().seams().executor->fibers().park(slot_);
    set_current_frame(frame_);
    frame_->cell->home().show(*frame_);
  }
  return finish();
}

bool waiter::suspend(wait_kind kind, actor_id target, instant deadline, std::coroutine_handle<> suspended) {
  if (!begin(kind, target, deadline)) return false;
  coroutine_ = suspended;
  return true;
}

void waiter::wake(errc outcome) {
  if (outcome_ || (shielded_ && outcome == errc::ended)) return;
  if (ROOST_PLANT(plant_lost_wakeup) && timer_.armed() && outcome == errc::ok && (key.value & 3) == 0) return;
  outcome_ = outcome;
  release();
}

void waiter::release() {
  if (!outcome_ || !suspended()) return;
  if (frame_->cell->supervising() && frame_->kind != activation::supervise) return;
  frame_->cell->home().seams().executor->ready_user(*this);
}

void waiter::hold() {
  if (queued) frame_->cell->home().seams().executor->withdraw(*this);
}

void waiter::run() {
  auto& home = frame_->cell->home();
  set_current_platform(&home.seams());
  if (coroutine_) {
    // The wait may be gone with its coroutine when this returns.
    frame_->cell->step_coroutine(*frame_, std::exchange(coroutine_, nullptr));
  } else {
    home.seams().executor->fibers().resume(slot_);
  }
}

void waiter::unwind_now() {
  if (!suspended()) return;
  hold();
  outcome_ = errc::ended;
  frame_->must_end = true;
  if (coroutine_) {
    frame_->cell->step_coroutine(*frame_, std::exchange(coroutine_, nullptr));
  } else {
    frame_->cell->home().seams().executor->fibers().unwind(slot_);
  }
}

}  // namespace roost::detail
