#include <roost/actor/cell.hpp>

#include <roost/actor/actor.hpp>
#include <roost/actor/proc_runtime.hpp>
#include <roost/base/plant.hpp>

#include <algorithm>

namespace roost::detail {
namespace {

ROOST_DEFINE_PLANT(plant_reentry, "re-entry-while-waiting", "G1",
                   "An actor starts its next message while a handler of it waits.");
ROOST_DEFINE_PLANT(plant_mailbox_swap, "mailbox-swap", "G2", "Of two queued messages the later is sometimes taken first.");
ROOST_DEFINE_PLANT(plant_early_callback, "callback-while-waiting", "G1",
                   "A callback (then, timer, notice, receipt) starts while a handler of its actor waits.");
ROOST_DEFINE_PLANT(plant_unheld, "message-during-supervise", "G1", "An actor starts its next message while its supervise waits.");
ROOST_DEFINE_PLANT(plant_nested_supervise, "supervise-nested", "G1", "A second failure is supervised while supervise waits.");
ROOST_DEFINE_PLANT(plant_unlimited, "concurrent-limit-ignored", "G1",
                   "A concurrent endpoint starts more handlers at a time than its limit.");
ROOST_DEFINE_PLANT(plant_supervised_twice, "supervised-twice", "G8", "A failure that was supervised stays due.");
ROOST_DEFINE_PLANT(plant_unhandled, "unhandled-forgotten", "G8",
                   "An actor that does not handle a failure goes on, and its owner hears nothing.");

ROOST_DEFINE_PLANT(plant_cleanup_unbounded, "cleanup-unbounded", "G7",
                   "A cleanup that begins when the cleanup bound has passed waits as long as it likes.");

bool is_ended(std::exception_ptr thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (ended const&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace

actor_cell::actor_cell(proc_runtime& home, spawn_order&& order)
    : home_(&home),
      local_(order.id.local),
      owner_(order.owner),
      mesh_(order.mesh),
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
  home_->seams().executor->leave(worker);
}

void actor_cell::used_outside() const {
  broken("inside_runtime()", describe() + " is used outside the runtime", __FILE__, __LINE__);
}

void actor_cell::set_user(std::unique_ptr<actor> object) {
  user_ = std::move(object);
  if (now_.state == life::starting) now_.state = life::running;
}

std::string describe_actor(actor_id id, class_descriptor const& what, std::string const& name, point const& where) {
  auto const at = where.dims() == 0 ? std::string() : "[" + to_string(where) + "]";
  return std::string(what.name) + " " + name + at + " (" + to_string(id) + ")";
}

std::string actor_cell::describe() const { return describe_actor(id(), *class_, name_, where_); }

void actor_cell::log(log_level level, std::string_view line, log_fields const& fields) const {
  auto* const sink = home_->seams().log;
  if (sink != nullptr)
    sink->write(level, {.name = describe(), .actor = id(), .mesh = name_, .rank = where_.rank()}, line, fields);
}

std::uint32_t actor_cell::queued_from(actor_id sender) const noexcept {
  std::uint32_t count = 0;
  for (auto const* m = mailbox_.front(); m != nullptr; m = m->next)
    count += m->endpoint != nullptr && m->sender == sender ? 1 : 0;
  return count;
}

void actor_cell::accept_beside(std::unique_ptr<message> m) {
  if (now_.state != life::running && now_.state != life::starting) return refuse_late(*m);
  if (frames_ != nullptr && m->reply && closes_cycle(*m)) return refuse_cycle(*m);
  if (ROOST_PLANT(plant_mailbox_swap) && user_ != nullptr && mailbox_.size() == 2 && (local_ & 2) == 0) {
    auto first = mailbox_.pop();
    auto second = mailbox_.pop();
    mailbox_.push(std::move(second));
    mailbox_.push(std::move(first));
  }
  mailbox_.push(std::move(m));
  check_ready();
}

void actor_cell::take_in_beside(message* m) {
  runtime_entry const inside;
  accept_beside(std::unique_ptr<message>(m));
}

void actor_cell::refuse_late(message& m) {
  home_->message_returned(id(), m,
                          now_.state == life::draining ? error(errc::actor_stopped, describe() + " is stopping") : *end_reason_);
}

bool actor_cell::closes_cycle(message const& m) const noexcept {
  actor_id next_hop = id();
  for (auto const* link = m.chain.get(); link != nullptr; link = link->outer.get()) {
    if (link->caller == id() && needs(next_hop)) return true;
    next_hop = link->caller;
  }
  return false;
}

bool actor_cell::needs(actor_id const& who, bool endless) const noexcept {
  for (auto* f = frames_; f != nullptr; f = f->next) {
    if (f->waiting == nullptr || f->concurrent || (endless && f->waiting->has_deadline())) continue;
    if (f->waiting->needs(who)) return true;
  }
  return false;
}

void actor_cell::refuse_cycle(message& m) {
  sometimes(true, "actor: a cycle of waiting callers is refused");
  home_->message_returned(id(), m,
                          error(errc::deadlock, "the call would wait for " + describe() + ", which waits for its caller",
                                m.endpoint != nullptr ? m.endpoint->full_name() : ""));
}

void actor_cell::post(std::unique_ptr<message> m) {
  check_inside();
  if (now_.state == life::ending || now_.state == life::ended) return;
  mailbox_.push(std::move(m));
  check_ready();
}

cell_extras& actor_cell::extras() {
  if (extras_ == nullptr) extras_ = std::make_unique<cell_extras>();
  return *extras_;
}

void actor_cell::add_child_away(owned_actor child) {
  home_->depend_on(child.id);
  extras().children_away.add(std::move(child));
}

std::vector<owned_actor> actor_cell::children_on(proc_id where) const {
  if (extras_ == nullptr) return {};
  return extras_->children_away.those([&](owned_actor const& c) { return c.id.proc == where; });
}

bool actor_cell::owns(actor_id child) const noexcept {
  if (extras_ == nullptr) return false;
  if (child.proc != home_->self()) return extras_->children_away.contains(child);
  auto const* const here = home_->find(child.local);
  return here != nullptr && here->sibling::is_linked() && here->owner_ == id();
}

void actor_cell::child_ended(actor_cell& child, error const& why) {
  if (!child.sibling::is_linked()) return;
  child.sibling::unlink();
  owned_ended(child.mesh_, child.where_, why);
  if (why.code != errc::ok) add_failure(failure(child.id(), child.name_, child.where_, why));
}

void actor_cell::child_ended(actor_id child, error const& why) {
  if (extras_ == nullptr) return;
  auto const record = extras_->children_away.take(child);
  if (!record) return;
  home_->depend_no_more_on(child);
  owned_ended(record->mesh, record->where, why);
  if (why.code != errc::ok) add_failure(failure(record->id, record->mesh_name, record->where, why));
}

void actor_cell::owned_ended(mesh_id mesh, point const& where, error const& why) {
  // An actor that was alone in its mesh and has stopped leaves nobody who could be in a next epoch.
  if (why.code != errc::ok || where.extent().size() > 1) home_->members().rank_ended(mesh);
  check_ready();
}

void actor_cell::add_failure(failure f) {
  if (now_.state == life::ending || now_.state == life::ended) return;
  extras().failures.push_back(std::move(f));
  now_.failing = true;
  check_ready();
}

void actor_cell::frame_suspended(handler_frame& frame) {
  if (now_.state == life::ending) {
    keep_cleanup_bound();
    if (overdue_ && !ROOST_PLANT(plant_cleanup_unbounded)) {
      frame.end_because(error(errc::timeout, "the cleanup bound passed"));
      frame.waiting->wake(errc::ended);
    }
  }
  if (frame.waiting->kind() == wait_kind::reply || frame.waiting->kind() == wait_kind::several) {
    // What is queued may wait for this very wait: look again now that it is known. Who is being stopped has taken it in, too.
    if (!mailbox_.empty()) {
      std::vector<std::unique_ptr<message>> queued_messages;
      while (auto m = mailbox_.pop()) queued_messages.push_back(std::move(m));
      for (auto& m : queued_messages) {
        if (m->reply && m->chain != nullptr && now_.state != life::ending && closes_cycle(*m)) {
          refuse_cycle(*m);
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
  if (!now_.mute && !queued && has_step()) home_->seams().executor->ready_user(*this);
}

bool actor_cell::failure_is_due() const noexcept {
  if (!now_.failing) return false;
  if (supervising_ != nullptr && !ROOST_PLANT(plant_nested_supervise)) return false;
  if (now_.state != life::running && now_.state != life::draining) return false;
  for (auto* f = frames_; f != nullptr; f = f->next) {
    if (f->kind == activation::construct) return false;
  }
  auto const failed = extras_->failures.front().actor();
  for (auto const* m = mailbox_.front(); m != nullptr; m = m->next) {
    if (m->sender == failed && m->endpoint != nullptr) return false;
  }
  return true;
}

bool actor_cell::may_start_beside(message const& m) const noexcept {
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

bool actor_cell::has_other_step() const noexcept {
  if (now_.state == life::ended) return false;
  if (now_.state == life::ending) {
    switch (now_.ending) {
      case ending_step::handlers: return frames_ == nullptr;
      case ending_step::children: return frames_ == nullptr && !awaits_children();
      case ending_step::cleanup: return frames_ == nullptr;
      case ending_step::done: return false;
    }
  }
  if (failure_is_due()) return true;
  if (auto const* m = mailbox_.front()) return may_start(*m);
  return now_.state == life::draining && frames_ == nullptr;
}

void actor_cell::tell_of_start(handler_frame const& frame, message const& m) {
  auto const* const endpoint = m.endpoint;
  home_->seams().observer->handler_started({.actor = id(),
                                            .endpoint = {endpoint != nullptr ? endpoint->id : 0},
                                            .stamp = m.stamp,
                                            .limit = frame.concurrent ? static_cast<std::uint32_t>(endpoint->concurrency) : 0,
                                            .size = bytes{m.size}});
}

[[gnu::always_inline]] inline void actor_cell::start_message(handler_frame& frame, message& m,
                                                             endpoint_descriptor const* endpoint) {
  auto& home = *home_;
  auto const& seams = home.seams();
  frame.concurrent = endpoint != nullptr && endpoint->concurrency != 0;
  frame.handled = &m;
  frame.deadline = m.deadline;
  link_frame(frame);
  home.message_started(m);
  if (seams.observer != nullptr) tell_of_start(frame, m);
  auto& entry = home.next_flight();
  entry.at = seams.clock->lately();
  entry.actor = local_;
  entry.endpoint = endpoint != nullptr ? endpoint->id : 0;
  entry.sender = m.sender;
  ++home.counters().handlers_started;
}

[[gnu::always_inline]] inline void actor_cell::settle_message(handler_frame& frame, message& m, platform const& seams) {
  unlink_frame(frame);
  if (now_.mute) return;
  auto* observer = seams.observer;
  if (observer != nullptr) observer->handler_ended(id(), m.stamp, errc::ok);
  if (m.reply && !frame.answered) answer_nothing(m);
}

[[gnu::always_inline]] inline void actor_cell::run_message(std::unique_ptr<message> m, activation kind,
                                                           endpoint_descriptor const* endpoint) {
  if (m->coroutine) return run_coroutine(std::move(m), kind);
  auto const& seams = home_->seams();
  handler_frame frame(*this, kind);
  start_message(frame, *m, endpoint);
  try {
    frame_scope scope(frame, *seams.lock);
    proc_runtime::show(*this, endpoint);
    m->invoke(frame);
  } catch (...) {
    return settle_thrown(frame, *m, std::current_exception());
  }
  settle_message(frame, *m, seams);
  message::handled(std::move(m));
}

void actor_cell::run() {
  set_current_platform(&home_->seams());
  if (!takes_messages_only()) return run_other_step();
  auto const* const first = mailbox_.front();
  if (first == nullptr || !may_start(*first)) return;
  auto m = mailbox_.pop();
  if (auto const* const endpoint = m->endpoint; endpoint != nullptr && user_ != nullptr) {
    run_message(std::move(m), activation::handler, endpoint);
  } else {
    run_message_of_none(std::move(m));
  }
  if (!mailbox_.empty() || !takes_messages_only()) check_ready();
}

void actor_cell::run_next_message() {
  auto m = mailbox_.pop();
  if (user_ == nullptr || m->endpoint == nullptr) return run_message_of_none(std::move(m));
  auto const* const endpoint = m->endpoint;
  run_message(std::move(m), activation::handler, endpoint);
}

void actor_cell::run_message_of_none(std::unique_ptr<message> m) {
  auto const* const endpoint = m->endpoint;
  run_message(std::move(m), user_ == nullptr ? activation::construct : activation::callback, endpoint);
}

void actor_cell::run_other_step() {
  if (!has_step()) return;
  if (now_.state == life::running && !failure_is_due()) {
    run_next_message();
  } else if (now_.state == life::ending) {
    advance_end();
  } else if (failure_is_due()) {
    run_supervise();
  } else if (mailbox_.front() != nullptr) {
    run_next_message();
  } else {
    end({});
  }
  check_ready();
}

void actor_cell::unlink_inner(handler_frame& frame) noexcept {
  for (auto** at = &frames_; *at != nullptr; at = &(*at)->next) {
    if (*at == &frame) {
      *at = frame.next;
      return;
    }
  }
}

void actor_cell::run_coroutine(std::unique_ptr<message> m, activation kind) {
  auto& handled = *m;
  auto* const lasting = new coroutine_frame(*this, kind, std::move(m));
  start_message(*lasting, handled, handled.endpoint);
  step_coroutine(*lasting, nullptr);
}

void actor_cell::answer_nothing(message const& m) {
  home_->answer_error(m.reply, error(errc::no_reply, "the handler ended without an answer", describe()), id(), m.stamp);
}

void actor_cell::settle_thrown(handler_frame& frame, message& m, std::exception_ptr const& thrown) {
  unlink_frame(frame);
  if (now_.mute || out_of_memory(thrown)) return;
  auto* observer = home_->seams().observer;
  bool const unwound = is_ended(thrown);
  errc const outcome = unwound ? errc::ended : errc::handler_threw;
  error why = error_of(thrown);
  if (why.where.empty() && m.endpoint != nullptr) why.where = m.endpoint->full_name() + " of " + describe();
  if (observer != nullptr) observer->handler_ended(id(), m.stamp, outcome);
  bool const explicit_reply = frame.answered;
  if (m.reply && !frame.answered) home_->answer_error(m.reply, why, id(), m.stamp);
  if (!unwound && (frame.kind != activation::handler || !m.reply || explicit_reply)) {
    end(error(errc::actor_failed, describe() + " failed").caused_by(why));
  } else if (now_.state != life::ending && unwound && !frame.must_end) {
    end(error(errc::actor_failed, describe() + " threw roost::ended by itself"));
  }
}

void actor_cell::step_coroutine(handler_frame& frame, std::coroutine_handle<> at) {
  auto& handled = *frame.handled;
  std::exception_ptr thrown;
  {
    frame_scope scope(frame, *home_->seams().lock);
    home_->show(frame);
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
  std::unique_ptr<coroutine_frame> const over(static_cast<coroutine_frame*>(&frame));
  if (thrown) {
    settle_thrown(frame, handled, thrown);
  } else {
    settle_message(frame, handled, home_->seams());
  }
  if (!now_.mute) check_ready();
}

void actor_cell::run_supervise() {
  auto& failures = extras().failures;
  auto const f = failures.front();
  if (!ROOST_PLANT(plant_supervised_twice)) failures.erase(failures.begin());
  now_.failing = !failures.empty();
  handler_frame frame(*this, activation::supervise);
  for (auto* other = frames_; other != nullptr; other = other->next) {
    if (other->waiting != nullptr) other->waiting->hold();
  }
  link_frame(frame);
  supervising_ = &frame;
  frame.supervised = &f;
  auto* observer = home_->seams().observer;
  if (observer != nullptr) observer->supervise_started(id(), f.actor(), f.why().code);
  bool handled = false;
  bool unwound = false;
  bool no_memory = false;
  error why = f.why();
  {
    frame_scope scope(frame, *home_->seams().lock);
    home_->show(frame);
    try {
      handled = user_->supervise(f);
    } catch (...) {
      auto const thrown = std::current_exception();
      unwound = is_ended(thrown);
      why = error_of(thrown).caused_by(f.why());
      no_memory = out_of_memory(thrown);
    }
  }
  unlink_frame(frame);
  supervising_ = nullptr;
  if (now_.mute || no_memory) return;
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

}  // namespace roost::detail
