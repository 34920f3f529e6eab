// The end of an actor: its handlers unwind, what it owns ends, it cleans up, and it is gone.

#include <roost/actor/actor.hpp>
#include <roost/actor/cell.hpp>
#include <roost/actor/proc_runtime.hpp>
#include <roost/base/plant.hpp>

#include <new>

namespace roost::detail {
namespace {

knob const cleanup_bound({"actor.cleanup_bound", knob_unit::nanosecond, 3'000'000'000, 1'000'000, 10'000'000'000,
                          "How long handlers that are ended, owned actors and cleanup may take in all."});

ROOST_DEFINE_PLANT(plant_mailbox_drop, "drop-at-stop", "G3", "An actor that ends drops what is in its mailbox without a word.");
ROOST_DEFINE_PLANT(plant_cleanup_first, "cleanup-before-children", "G7",
                   "An actor cleans up before the actors it owns have ended.");
ROOST_DEFINE_PLANT(plant_hasty_stop, "stop-does-not-drain", "G3",
                   "An actor that is stopped ends before it handled what is queued.");
ROOST_DEFINE_PLANT(plant_late_child_lives, "late-child-lives", "G7",
                   "What an actor spawns in its cleanup goes on when the actor has ended.");
ROOST_DEFINE_PLANT(plant_abandoned_awaited, "abandoned-awaited", "G4",
                   "An actor that ends waits for a handler which it has abandoned.");
ROOST_DEFINE_PLANT(plant_abandoned_untold, "abandoned-untold", "G4", "The caller of a handler that is abandoned is not told.");

}  // namespace

void actor_cell::stop() {
  check_inside();
  if (now_.state != life::running && now_.state != life::starting) return;
  if (ROOST_PLANT(plant_hasty_stop)) return end({});
  now_.state = life::draining;
  drop_timers();
  check_ready();
}

void actor_cell::end(error why) {
  check_inside();
  if (now_.state == life::ending || now_.state == life::ended) return;
  now_.state = life::ending;
  end_reason_ = std::make_unique<end_reason>(std::move(why), home_->seams().clock->lately());
  if (end_reason_->code == errc::actor_failed) home_->log_flight(*this);
  drop_timers();
  if (extras_ != nullptr) extras_->failures.clear();
  now_.failing = false;
  return_mailbox();
  end_frames();
  if (frames_ != nullptr || has_children()) keep_cleanup_bound();
  check_ready();
}

void actor_cell::drop_timers() {
  if (extras_ == nullptr) return;
  for (auto& t : extras_->timers) home_->seams().clock->disarm(*t);
  extras_->timers.clear();
}

void actor_cell::return_mailbox() {
  if (mailbox_.empty()) return;
  auto const& why = end_reason_->code == errc::ok ? error(errc::actor_stopped, describe() + " has stopped") : *end_reason_;
  while (auto m = mailbox_.pop()) {
    if (ROOST_PLANT(plant_mailbox_drop) && m->endpoint != nullptr) continue;
    home_->message_returned(id(), *m, why);
  }
}

void actor_cell::end_frames() {
  for (auto* f = frames_; f != nullptr; f = f->next) {
    if (f->kind == activation::cleanup) continue;
    f->end_because(*end_reason_);
    if (f->waiting != nullptr) {
      f->waiting->wake(errc::ended);
      f->waiting->release();
    }
  }
}

void actor_cell::keep_cleanup_bound() {
  if (end_timer_ != nullptr) return;
  end_timer_ = std::make_unique<end_timer>(*this);
  home_->seams().clock->arm(*end_timer_, end_reason_->since + home_->seams().knobs->duration(cleanup_bound));
}

void actor_cell::end_timer::expired() {
  set_current_platform(&cell->home().seams());
  sometimes(true, "actor: the cleanup bound passed");
  cell->overdue_ = true;
  for (auto* f = cell->frames_; f != nullptr; f = f->next) {
    f->end_because(error(errc::timeout, "the cleanup bound passed"));
    if (f->waiting != nullptr) f->waiting->wake(errc::ended);
  }
  if (cell->has_children()) cell->end_children(false, error(errc::actor_killed, "its owner's cleanup bound passed"));
  cell->check_ready();
}

void actor_cell::unwind() {
  now_.mute = true;
  for (;;) {
    handler_frame* waiting = nullptr;
    for (auto* f = frames_; f != nullptr; f = f->next) {
      if (f->waiting != nullptr) waiting = f;
    }
    if (waiting == nullptr) break;
    waiting->waiting->unwind_now();
  }
  // Only coroutines that wait for something that is none of the runtime's are left.
  while (frames_ != nullptr) {
    std::unique_ptr<coroutine_frame> const left(frames_->coroutine ? static_cast<coroutine_frame*>(frames_) : nullptr);
    frames_ = frames_->next;
  }
  while (mailbox_.pop()) {
  }
  destroy_user();
}

void actor_cell::destroy_user() {
  handler_frame frame(*this, activation::cleanup);
  frame.destroys = true;
  auto gone = std::move(user_);
  frame_scope scope(frame, *home_->seams().lock);
  home_->show(frame);
  gone.reset();
}

bool actor_cell::awaits_children() const noexcept {
  if (!overdue_ || !has_children()) return has_children();
  return !extras_->children_here.empty();
}

void actor_cell::end_children(bool drain, error const& why) {
  // The end of one of them may end others at once, and may not.
  std::vector<std::uint64_t> here;
  for (auto& child : extras_->children_here) here.push_back(static_cast<actor_cell&>(child).local_);
  for (auto const local : here) home_->end_actor({home_->self(), local}, drain, why);
  for (auto const& child : extras_->children_away.all()) home_->end_actor(child.id, drain, why);
}

void actor_cell::throw_ended(handler_frame& frame) {
  constexpr unsigned most_ended = 1'000;
  if (++frame.ended_thrown > most_ended) abandon(frame);
  throw ended{frame.why_ended()};
}

void actor_cell::abandon(handler_frame& frame) {
  sometimes(true, "actor: a handler that does not end is abandoned");
  auto& seams = home_->seams();
  if (!ROOST_PLANT(plant_abandoned_awaited)) unlink_frame(frame);
  if (supervising_ == &frame) supervising_ = nullptr;
  set_current_frame(nullptr);
  if (!now_.mute) {
    auto const& what =
        frame.handled != nullptr && frame.handled->endpoint != nullptr ? frame.handled->endpoint->full_name() : name_;
    log(log_level::warning, "abandons " + what + ", which waits on although the actor ends", {{"abandoned", what}});
    if (frame.kind == activation::supervise) {
      if (seams.observer != nullptr) seams.observer->supervise_ended(id(), frame.supervised->actor(), false);
    } else if (frame.kind == activation::cleanup) {
      if (seams.observer != nullptr) seams.observer->cleanup_ended(id());
      finish();
    } else if (auto* const m = frame.handled; m != nullptr) {
      if (seams.observer != nullptr) seams.observer->handler_ended(id(), m->stamp, errc::ended);
      if (m->reply && !frame.answered && !ROOST_PLANT(plant_abandoned_untold))
        home_->answer_error(m->reply, frame.why_ended(), id(), m->stamp);
    }
    if (frame.kind != activation::cleanup) check_ready();
  }
  seams.executor->fibers().abandon();
}

bool actor_cell::out_of_memory(std::exception_ptr const& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (std::bad_array_new_length const&) {
    return false;  // A size that is none.
  } catch (std::bad_alloc const&) {
    home_->seams().launcher->finish(error(errc::unavailable, "out of memory in " + describe()));
    return true;
  } catch (...) {
    return false;
  }
}

void actor_cell::run_cleanup() {
  if (user_ == nullptr) return;
  handler_frame frame(*this, activation::cleanup);
  link_frame(frame);
  auto* observer = home_->seams().observer;
  if (observer != nullptr) observer->cleanup_started(id());
  {
    frame_scope scope(frame, *home_->seams().lock);
    home_->show(frame);
    try {
      user_->cleanup(end_reason_->code == errc::ok ? nullptr : end_reason_.get());
    } catch (...) {
      auto const thrown = std::current_exception();
      auto const why = error_of(thrown);
      static_cast<void>(out_of_memory(thrown));
      if (end_reason_->code == errc::ok)
        static_cast<error&>(*end_reason_) = error(errc::actor_failed, "cleanup of " + describe() + " failed").caused_by(why);
    }
  }
  unlink_frame(frame);
  if (!now_.mute && observer != nullptr) observer->cleanup_ended(id());
}

void actor_cell::advance_end() {
  switch (now_.ending) {
    case ending_step::handlers:
      now_.ending = ending_step::children;
      if (!has_children()) return clean_up();
      end_children(end_reason_->code == errc::ok, error(errc::actor_killed, "its owner " + describe() + " ended"));
      if (ROOST_PLANT(plant_cleanup_first)) now_.ending = ending_step::cleanup;
      break;
    case ending_step::children:
      if (has_children()) sometimes(true, "actor: owned actors outlast the cleanup bound");
      return clean_up();
    case ending_step::cleanup: return clean_up();
    case ending_step::done: break;
  }
}

void actor_cell::clean_up() {
  now_.ending = ending_step::done;
  run_cleanup();
  if (!now_.mute) finish();
}

void actor_cell::finish() {
  now_.state = life::ended;
  destroy_user();
  // Of its children there are those that its cleanup or destructor spawned, and those elsewhere that did not end within the bound.
  if (has_children() && !ROOST_PLANT(plant_late_child_lives))
    end_children(false, error(errc::actor_killed, "its owner " + describe() + " has ended"));
  if (extras_ != nullptr) {
    for (auto const& child : extras_->children_away.all()) home_->depend_no_more_on(child.id);
    extras_->children_away.clear();
    extras_->children_here.clear();
  }
  error const why = std::move(*end_reason_);  // The cell may be gone before its end has been told.
  home_->retire(*this, why);
}

}  // namespace roost::detail
