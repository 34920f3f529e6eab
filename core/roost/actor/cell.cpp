#include <roost/actor/cell.hpp>

#include <roost/actor/actor.hpp>
#include <roost/actor/proc_runtime.hpp>
#include <roost/base/plant.hpp>

#include <algorithm>

namespace roost::detail {
namespace {

knob const cleanup_bound({"actor.cleanup_bound", knob_unit::nanosecond, 3'000'000'000, 1'000'000, 10'000'000'000,
                          "How long handlers that are ended, owned actors and cleanup may take in all."});

ROOST_DEFINE_PLANT(plant_reentry, "re-entry-while-waiting", "G1",
                   "An actor starts its next message while a handler of it waits.");
ROOST_DEFINE_PLANT(plant_mailbox_drop, "drop-at-stop", "G3", "An actor that ends drops what is in its mailbox without a word.");
ROOST_DEFINE_PLANT(plant_mailbox_swap, "mailbox-swap", "G2", "Of two queued messages the later is sometimes taken first.");
ROOST_DEFINE_PLANT(plant_cleanup_first, "cleanup-before-children", "G7",
                   "An actor cleans up before the actors it owns have ended.");
ROOST_DEFINE_PLANT(plant_early_callback, "callback-while-waiting", "G1",
                   "A callback (then, timer, notice, receipt) starts while a handler of its actor waits.");
ROOST_DEFINE_PLANT(plant_unheld, "message-during-supervise", "G1", "An actor starts its next message while its supervise waits.");
ROOST_DEFINE_PLANT(plant_nested_supervise, "supervise-nested", "G1", "A second failure is supervised while supervise waits.");
ROOST_DEFINE_PLANT(plant_unlimited, "concurrent-limit-ignored", "G1",
                   "A concurrent endpoint starts more handlers at a time than its limit.");
ROOST_DEFINE_PLANT(plant_supervised_twice, "supervised-twice", "G8", "A failure that was supervised stays due.");
ROOST_DEFINE_PLANT(plant_unhandled, "unhandled-forgotten", "G8",
                   "An actor that does not handle a failure goes on, and its owner hears nothing.");
ROOST_DEFINE_PLANT(plant_hasty_stop, "stop-does-not-drain", "G3",
                   "An actor that is stopped ends before it handled what is queued.");
ROOST_DEFINE_PLANT(plant_abandoned_awaited, "abandoned-awaited", "G4",
                   "An actor that ends waits for a handler which it has abandoned.");
ROOST_DEFINE_PLANT(plant_abandoned_untold, "abandoned-untold", "G4", "The caller of a handler that is abandoned is not told.");

bool is_ended(std::exception_ptr thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (ended const&) {
    return true;
  } catch (...) {
    return false;
  }
}

/// Makes `frame` the current one for a scope.
class frame_scope {
 public:
  explicit frame_scope(handler_frame& frame) { set_current_frame(&frame); }
  ~frame_scope() { set_current_frame(nullptr); }
  frame_scope(frame_scope const&) = delete;
  frame_scope& operator=(frame_scope const&) = delete;
};

}  // namespace

actor_cell::actor_cell(proc_runtime& home, spawn_order order)
    : home_(&home),
      local_(order.id.local),
      owner_(order.owner),
      class_(order.what),
      name_(std::move(order.name)),
      where_(std::move(order.where)) {
  mailbox_.push(std::move(order.construct));
}

actor_cell::~actor_cell() {
  if (queued) home_->seams().executor->withdraw(*this);
  if (end_timer_ != nullptr) home_->seams().clock->disarm(*end_timer_);
  if (extras_ != nullptr) {
    for (auto& t : extras_->timers) home_->seams().clock->disarm(*t);
  }
  if (worker != 0) home_->seams().executor->remove_worker(worker);
}

actor_id actor_cell::id() const noexcept { return {home_->self(), local_}; }

void actor_cell::set_user(std::unique_ptr<actor> object) {
  user_ = std::move(object);
  if (state_ == life::starting) state_ = life::running;
}

std::string actor_cell::describe() const {
  auto const at = where_.dims() == 0 ? std::string() : "[" + to_string(where_) + "]";
  return std::string(class_->name) + " " + name_ + at + " (" + to_string(id()) + ")";
}

std::uint32_t actor_cell::queued_from(actor_id sender) const noexcept {
  std::uint32_t count = 0;
  for (auto const* m = mailbox_.front(); m != nullptr; m = m->next)
    count += m->endpoint != nullptr && m->sender == sender ? 1 : 0;
  return count;
}

void actor_cell::accept(std::unique_ptr<message> m) {
  if (state_ != life::running && state_ != life::starting) {
    home_->message_returned(id(), *m,
                            state_ == life::draining ? error(errc::actor_stopped, describe() + " is stopping") : *end_reason_);
    return;
  }
  if (m->reply && m->chain != nullptr && frames_ != nullptr) {
    auto const cycle = [&] {
      actor_id next_hop = id();
      for (auto const* node = m->chain.get(); node != nullptr; node = node->outer.get()) {
        if (node->caller == id()) {
          for (auto* f = frames_; f != nullptr; f = f->next) {
            if (f->waiting != nullptr && !f->concurrent &&
                (f->waiting->kind() == wait_kind::several || f->waiting->target() == next_hop))
              return true;
          }
        }
        next_hop = node->caller;
      }
      return false;
    }();
    if (cycle) {
      sometimes(true, "actor: a cycle of waiting callers is refused");
      home_->message_returned(id(), *m,
                              error(errc::deadlock, "the call would wait for " + describe() + ", which waits for its caller",
                                    m->endpoint != nullptr ? m->endpoint->full_name() : ""));
      return;
    }
  }
  if (ROOST_PLANT(plant_mailbox_swap) && user_ != nullptr && mailbox_.size() == 2 && (local_ & 2) == 0) {
    auto first = mailbox_.pop();
    auto second = mailbox_.pop();
    mailbox_.push(std::move(second));
    mailbox_.push(std::move(first));
  }
  mailbox_.push(std::move(m));
  check_ready();
}

void actor_cell::post(std::unique_ptr<message> m) {
  if (state_ == life::ending || state_ == life::ended) return;
  mailbox_.push(std::move(m));
  check_ready();
}

void actor_cell::stop() {
  if (state_ != life::running && state_ != life::starting) return;
  if (ROOST_PLANT(plant_hasty_stop)) return end({});
  state_ = life::draining;
  drop_timers();
  check_ready();
}

void actor_cell::end(error why) {
  if (state_ == life::ending || state_ == life::ended) return;
  state_ = life::ending;
  end_reason_ = std::make_unique<error>(std::move(why));
  if (end_reason_->code == errc::actor_failed) home_->log_flight(*this);
  drop_timers();
  if (extras_ != nullptr) extras_->failures.clear();
  return_mailbox();
  end_frames();
  arm_end_timer();
  check_ready();
}

void actor_cell::drop_timers() {
  if (extras_ == nullptr) return;
  for (auto& t : extras_->timers) home_->seams().clock->disarm(*t);
  extras_->timers.clear();
}

void actor_cell::return_mailbox() {
  auto const& why = end_reason_->code == errc::ok ? error(errc::actor_stopped, describe() + " has stopped") : *end_reason_;
  while (auto m = mailbox_.pop()) {
    if (ROOST_PLANT(plant_mailbox_drop) && m->endpoint != nullptr) continue;
    home_->message_returned(id(), *m, why);
  }
}

void actor_cell::end_frames() {
  for (auto* f = frames_; f != nullptr; f = f->next) {
    if (f->kind == activation::cleanup) continue;
    f->must_end = true;
    f->end_reason = *end_reason_;
    if (f->waiting != nullptr) {
      f->waiting->wake(errc::ended);
      f->waiting->release();
    }
  }
}

void actor_cell::arm_end_timer() {
  auto& clock = *home_->seams().clock;
  end_timer_ = std::make_unique<end_timer>(*this);
  clock.arm(*end_timer_, clock.now() + home_->seams().knobs->duration(cleanup_bound));
}

void actor_cell::end_timer::expired() {
  set_current_platform(&cell->home().seams());
  sometimes(true, "actor: the cleanup bound passed");
  cell->overdue_ = true;
  for (auto* f = cell->frames_; f != nullptr; f = f->next) {
    f->must_end = true;
    f->end_reason = error(errc::timeout, "the cleanup bound passed");
    if (f->waiting != nullptr) f->waiting->wake(errc::ended);
  }
  if (cell->extras_ != nullptr) {
    for (auto const& child : cell->extras_->children.all())
      cell->home().end_actor(child.id, false, error(errc::actor_killed, "its owner's cleanup bound passed"));
  }
  cell->check_ready();
}

void actor_cell::unwind() {
  mute_ = true;
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
    std::unique_ptr<handler_frame> const left(frames_->coroutine != nullptr ? frames_ : nullptr);
    frames_ = frames_->next;
  }
  while (mailbox_.pop()) {
  }
  destroy_user();
}

void actor_cell::destroy_user() {
  handler_frame frame(*this, activation::cleanup);
  frame.destroys = true;
  frame_scope scope(frame);
  user_.reset();
}

cell_extras& actor_cell::extras() {
  if (extras_ == nullptr) extras_ = std::make_unique<cell_extras>();
  return *extras_;
}

void actor_cell::add_child(owned_actor child) {
  home_->depend_on(child.id);
  if (child.id.proc == home_->self()) ++extras().children_here;
  extras().children.add(std::move(child));
}

std::vector<owned_actor> actor_cell::children_on(proc_id where) const {
  if (extras_ == nullptr) return {};
  return extras_->children.those([&](owned_actor const& c) { return c.id.proc == where; });
}

void actor_cell::child_ended(actor_id child, error const& why) {
  if (extras_ == nullptr) return;
  auto const record = extras_->children.take(child);
  if (!record) return;
  home_->depend_no_more_on(child);
  if (child.proc == home_->self()) --extras_->children_here;
  // An actor that was alone in its mesh and has stopped leaves nobody who could be in a next epoch.
  if (why.code != errc::ok || record->where.extent().size() > 1) home_->members().rank_ended(record->mesh);
  if (why.code != errc::ok) add_failure(failure(record->id, record->mesh_name, record->where, why));
  check_ready();
}

void actor_cell::add_failure(failure f) {
  if (state_ == life::ending || state_ == life::ended) return;
  extras().failures.push_back(std::move(f));
  check_ready();
}

void actor_cell::frame_suspended(handler_frame& frame) {
  if (frame.waiting->kind() == wait_kind::reply || frame.waiting->kind() == wait_kind::several) {
    // What is queued may wait for this very wait: look again now that it is known.
    message_queue kept;
    auto const others = mailbox_.size();
    if (others != 0) {
      std::vector<std::unique_ptr<message>> queued_messages;
      while (auto m = mailbox_.pop()) queued_messages.push_back(std::move(m));
      for (auto& m : queued_messages) {
        if (m->reply && m->chain != nullptr && state_ == life::running) {
          accept(std::move(m));
        } else {
          mailbox_.push(std::move(m));
        }
      }
    }
  }
  check_ready();
}

bool actor_cell::waits_for_reply() const noexcept {
  for (auto* f = frames_; f != nullptr; f = f->next) {
    if (f->waiting != nullptr && f->waiting->kind() == wait_kind::reply) return true;
  }
  return false;
}

std::vector<handler_frame*> actor_cell::frames() const {
  std::vector<handler_frame*> all;
  for (auto* f = frames_; f != nullptr; f = f->next) all.push_back(f);
  return all;
}

void actor_cell::check_ready() {
  if (!mute_ && !queued && has_step()) home_->seams().executor->ready(*this, home_->lane_of(*this));
}

bool actor_cell::failure_is_due() const noexcept {
  if (extras_ == nullptr || extras_->failures.empty()) return false;
  if (supervising_ != nullptr && !ROOST_PLANT(plant_nested_supervise)) return false;
  if (state_ != life::running && state_ != life::draining) return false;
  for (auto* f = frames_; f != nullptr; f = f->next) {
    if (f->kind == activation::construct) return false;
  }
  auto const failed = extras_->failures.front().actor();
  for (auto const* m = mailbox_.front(); m != nullptr; m = m->next) {
    if (m->sender == failed && m->endpoint != nullptr) return false;
  }
  return true;
}

bool actor_cell::may_start(message const& m) const noexcept {
  if (frames_ == nullptr) return true;
  if (supervising_ != nullptr) return ROOST_PLANT(plant_unheld);
  if (ROOST_PLANT(plant_reentry) && m.endpoint != nullptr) return true;
  if (ROOST_PLANT(plant_early_callback) && m.endpoint == nullptr && user_ != nullptr) return true;
  if (m.endpoint == nullptr || m.endpoint->concurrency == 0) return false;
  std::size_t active = 0;
  for (auto* f = frames_; f != nullptr; f = f->next) {
    if (!f->concurrent) return false;
    ++active;
  }
  return active < m.endpoint->concurrency || ROOST_PLANT(plant_unlimited);
}

bool actor_cell::awaits_children() const noexcept {
  if (!overdue_ || !has_children()) return has_children();
  return extras_->children_here != 0;
}

bool actor_cell::has_step() const noexcept {
  if (state_ == life::running && (extras_ == nullptr || extras_->failures.empty())) {
    auto const* const first = mailbox_.front();
    return first != nullptr && may_start(*first);
  }
  if (state_ == life::ended) return false;
  if (state_ == life::ending) {
    switch (ending_) {
      case ending_step::handlers: return frames_ == nullptr;
      case ending_step::children: return frames_ == nullptr && !awaits_children();
      case ending_step::cleanup: return frames_ == nullptr;
      case ending_step::done: return false;
    }
  }
  if (failure_is_due()) return true;
  if (auto const* m = mailbox_.front()) return may_start(*m);
  return state_ == life::draining && frames_ == nullptr;
}

void actor_cell::run() {
  set_current_platform(&home_->seams());
  if (!has_step()) return;
  if (state_ == life::running && !failure_is_due()) {
    run_message(mailbox_.pop());
  } else if (state_ == life::ending) {
    advance_end();
  } else if (failure_is_due()) {
    run_supervise();
  } else if (mailbox_.front() != nullptr) {
    run_message(mailbox_.pop());
  } else {
    end({});
  }
  check_ready();
}

void actor_cell::link_frame(handler_frame& frame) {
  frame.next = frames_;
  frames_ = &frame;
}

void actor_cell::unlink_frame(handler_frame& frame) {
  for (auto** at = &frames_; *at != nullptr; at = &(*at)->next) {
    if (*at == &frame) {
      *at = frame.next;
      return;
    }
  }
}

void actor_cell::throw_ended(handler_frame& frame) {
  constexpr unsigned most_ended = 1'000;
  if (++frame.ended_thrown > most_ended) abandon(frame);
  throw ended{frame.end_reason};
}

void actor_cell::abandon(handler_frame& frame) {
  sometimes(true, "actor: a handler that does not end is abandoned");
  auto& seams = home_->seams();
  if (!ROOST_PLANT(plant_abandoned_awaited)) unlink_frame(frame);
  if (supervising_ == &frame) supervising_ = nullptr;
  set_current_frame(nullptr);
  if (!mute_) {
    auto const& what =
        frame.handled != nullptr && frame.handled->endpoint != nullptr ? frame.handled->endpoint->full_name() : name_;
    if (seams.log != nullptr)
      seams.log->write(log_level::warning, describe(), "abandons " + what + ", which waits on although the actor ends");
    if (frame.kind == activation::supervise) {
      if (seams.observer != nullptr) seams.observer->supervise_ended(id(), frame.supervised, false);
    } else if (frame.kind == activation::cleanup) {
      if (seams.observer != nullptr) seams.observer->cleanup_ended(id());
      finish();
    } else if (auto* const m = frame.handled; m != nullptr) {
      if (seams.observer != nullptr) seams.observer->handler_ended(id(), m->stamp, errc::ended);
      if (m->reply && !frame.answered && !ROOST_PLANT(plant_abandoned_untold))
        home_->answer_error(m->reply, frame.end_reason, id(), m->stamp);
    }
    if (frame.kind != activation::cleanup) check_ready();
  }
  seams.executor->fibers().abandon();
}

void actor_cell::start_message(handler_frame& frame, message& m) {
  frame.concurrent = m.endpoint != nullptr && m.endpoint->concurrency != 0;
  frame.handled = &m;
  frame.deadline = m.deadline;
  frame.chain = m.chain;
  link_frame(frame);
  home_->message_started(m);
  auto* observer = home_->seams().observer;
  std::uint64_t const endpoint = m.endpoint != nullptr ? m.endpoint->id : 0;
  if (observer != nullptr) observer->handler_started(id(), {endpoint}, m.stamp, frame.concurrent);
  home_->record({home_->seams().clock->lately(), local_, endpoint, m.sender});
}

void actor_cell::run_message(std::unique_ptr<message> m) {
  auto const kind = user_ == nullptr         ? activation::construct
                    : m->endpoint != nullptr ? activation::handler
                                             : activation::callback;
  if (m->coroutine()) {
    auto* const lasting = new handler_frame(*this, kind);
    start_message(*lasting, *m);
    lasting->coroutine = std::move(m);
    return step_coroutine(*lasting, nullptr);
  }
  handler_frame frame(*this, kind);
  start_message(frame, *m);
  std::exception_ptr thrown;
  {
    frame_scope scope(frame);
    try {
      m->invoke(frame);
    } catch (...) {
      thrown = std::current_exception();
    }
  }
  settle_message(frame, *m, thrown);
}

void actor_cell::settle_message(handler_frame& frame, message& m, std::exception_ptr const& thrown) {
  unlink_frame(frame);
  if (mute_) return;
  auto* observer = home_->seams().observer;
  if (!thrown) {
    if (observer != nullptr) observer->handler_ended(id(), m.stamp, errc::ok);
    if (m.reply && !frame.answered)
      home_->answer_error(m.reply, error(errc::no_reply, "the handler ended without an answer", describe()), id(), m.stamp);
    return check_ready();
  }
  bool const unwound = is_ended(thrown);
  errc const outcome = unwound ? errc::ended : errc::handler_threw;
  error why = error_of(thrown);
  if (why.where.empty() && m.endpoint != nullptr) why.where = m.endpoint->full_name() + " of " + describe();
  if (observer != nullptr) observer->handler_ended(id(), m.stamp, outcome);
  bool const explicit_reply = frame.answered;
  if (m.reply && !frame.answered) home_->answer_error(m.reply, why, id(), m.stamp);
  if (!unwound && (frame.kind != activation::handler || !m.reply || explicit_reply)) {
    end(error(errc::actor_failed, describe() + " failed").caused_by(why));
  } else if (state_ == life::ending) {
    check_ready();
  } else if (unwound && !frame.must_end) {
    end(error(errc::actor_failed, describe() + " threw roost::ended by itself"));
  }
  check_ready();
}

void actor_cell::step_coroutine(handler_frame& frame, std::coroutine_handle<> at) {
  auto& handled = *frame.coroutine;
  std::exception_ptr thrown;
  {
    frame_scope scope(frame);
    try {
      if (at) {
        at.resume();
      } else {
        handled.invoke(frame);
      }
      if (!handled.done()) return;
      handled.settle(frame);
    } catch (...) {
      thrown = std::current_exception();
    }
  }
  std::unique_ptr<handler_frame> const over(&frame);
  settle_message(frame, handled, thrown);
}

void actor_cell::run_supervise() {
  auto& failures = extras().failures;
  auto const f = failures.front();
  if (!ROOST_PLANT(plant_supervised_twice)) failures.erase(failures.begin());
  handler_frame frame(*this, activation::supervise);
  for (auto* other = frames_; other != nullptr; other = other->next) {
    if (other->waiting != nullptr) other->waiting->hold();
  }
  link_frame(frame);
  supervising_ = &frame;
  frame.supervised = f.actor();
  auto* observer = home_->seams().observer;
  if (observer != nullptr) observer->supervise_started(id(), f.actor(), f.why().code);
  bool handled = false;
  bool unwound = false;
  error why = f.why();
  {
    frame_scope scope(frame);
    try {
      handled = user_->supervise(f);
    } catch (...) {
      auto const thrown = std::current_exception();
      unwound = is_ended(thrown);
      why = error_of(thrown).caused_by(f.why());
    }
  }
  unlink_frame(frame);
  supervising_ = nullptr;
  if (mute_) return;
  if (observer != nullptr) observer->supervise_ended(id(), f.actor(), handled);
  for (auto* other = frames_; other != nullptr; other = other->next) {
    if (other->waiting != nullptr) other->waiting->release();
  }
  if (!handled && !unwound && !ROOST_PLANT(plant_unhandled)) {
    end(error(errc::actor_failed, describe() + " did not handle the failure of " + f.mesh() +
                                      (f.point().dims() == 0 ? "" : "[" + to_string(f.point()) + "]"))
            .caused_by(why));
  }
}

void actor_cell::run_cleanup() {
  if (user_ == nullptr) return;
  handler_frame frame(*this, activation::cleanup);
  link_frame(frame);
  auto* observer = home_->seams().observer;
  if (observer != nullptr) observer->cleanup_started(id());
  {
    frame_scope scope(frame);
    try {
      user_->cleanup(end_reason_->code == errc::ok ? nullptr : end_reason_.get());
    } catch (...) {
      auto const why = error_of(std::current_exception());
      if (end_reason_->code == errc::ok)
        *end_reason_ = error(errc::actor_failed, "cleanup of " + describe() + " failed").caused_by(why);
    }
  }
  unlink_frame(frame);
  if (!mute_ && observer != nullptr) observer->cleanup_ended(id());
}

void actor_cell::advance_end() {
  switch (ending_) {
    case ending_step::handlers:
      ending_ = ending_step::children;
      if (has_children()) {
        bool const drain = end_reason_->code == errc::ok;
        for (auto const& child : extras_->children.all())
          home_->end_actor(child.id, drain, error(errc::actor_killed, "its owner " + describe() + " ended"));
      }
      if (ROOST_PLANT(plant_cleanup_first)) ending_ = ending_step::cleanup;
      break;
    case ending_step::children:
      if (has_children()) sometimes(true, "actor: owned actors outlast the cleanup bound");
      ending_ = ending_step::cleanup;
      break;
    case ending_step::cleanup:
      ending_ = ending_step::done;
      run_cleanup();
      if (!mute_) finish();
      break;
    case ending_step::done: break;
  }
}

void actor_cell::finish() {
  state_ = life::ended;
  auto const why = *end_reason_;
  if (extras_ != nullptr) {
    for (auto const& child : extras_->children.all()) home_->depend_no_more_on(child.id);
    extras_->children.clear();
    extras_->children_here = 0;
  }
  destroy_user();
  home_->retire(*this, why);
}

}  // namespace roost::detail
