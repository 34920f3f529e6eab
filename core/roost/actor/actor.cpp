#include <roost/actor/actor.hpp>

#include <roost/actor/cell.hpp>
#include <roost/actor/frame.hpp>
#include <roost/actor/proc_runtime.hpp>
#include <roost/base/keyed.hpp>
#include <roost/base/plant.hpp>

namespace roost {

std::string to_string(failure const& f) {
  auto const at = f.point().dims() == 0 ? std::string() : "[" + to_string(f.point()) + "]";
  return f.mesh() + at + " (" + to_string(f.actor()) + ") failed: " + f.why().describe();
}

context here() { return context(detail::require_frame("here()")); }

roost::point const& context::point() const { return frame_->cell->where(); }
roost::point context::message_point() const {
  auto const* m = frame_->handled;
  if (m != nullptr && m->travel != nullptr && m->travel->place != nullptr)
    return roost::point(m->travel->place->shape, m->travel->place->rank);
  return point();
}
actor_id context::self() const { return frame_->cell->id(); }
proc_id context::proc() const { return frame_->cell->id().proc; }
host_id context::host() const { return proc().host; }
std::string const& context::name() const { return frame_->cell->name(); }
actor_id context::caller() const { return frame_->handled != nullptr ? frame_->handled->sender : actor_id{}; }
instant context::deadline() const { return frame_->deadline; }

std::vector<flight_record> context::recent() const {
  runtime_entry const inside;
  return frame_->cell->home().flight_of(self().local);
}

instant now() { return detail::require_frame("now()").cell->home().seams().clock->now(); }

void sleep(nanoseconds duration) {
  runtime_entry const inside;
  auto& frame = detail::require_frame("sleep()");
  auto const until = later(frame.cell->home().seams().clock->now(), duration);
  detail::waiter w(frame);
  auto const outcome = w.wait(wait_kind::sleep, frame.cell->id(), until);
  if (outcome == errc::timeout && frame.deadline < until) {
    throw exception(error(errc::timeout, "the deadline inherited from the caller passed during sleep()", frame.cell->describe()));
  }
}

std::uint64_t random_bits() {
  runtime_entry const inside;
  auto& frame = detail::require_frame("random_bits()");
  return frame.cell->home().seams().entropy->draw(frame.cell->key);
}
std::uint64_t random_below(std::uint64_t bound) {
  if (bound == 0) throw exception(error(errc::bad_argument, "random_below(0): no number is below 0"));
  return scale_below(random_bits(), bound);
}

void log_line(log_level level, std::string_view line, log_fields const& fields) {
  runtime_entry const inside;
  detail::require_frame("log()").cell->log(level, line, fields);
}

void spend(nanoseconds duration) {
  runtime_entry const inside;
  detail::require_frame("spend()").cell->home().seams().executor->spend(duration);
}

ROOST_DEFINE_PLANT(plant_offload_unshielded, "offload-unshielded", "G1",
                   "The handler of an actor that is killed unwinds under the code that it offloaded, which goes on.");

void detail::run_offloaded(nanoseconds takes, unique_function<void()> body) {
  auto& frame = require_frame("offload()");
  auto& seams = frame.cell->home().seams();
  bool const busy = [&] {
    runtime_entry const inside;
    return frame.must_end || frame.may_not_wait();
  }();
  if (busy) {
    // Where no wait is allowed any more, as in a destructor, the worker is busy instead.
    body();
    runtime_entry const inside;
    return seams.executor->spend(takes);
  }
  runtime_entry const inside;
  waiter w(frame);
  // The code may use what is on the stack of its handler, which therefore stays until it is over, whatever becomes of the actor.
  if (!ROOST_PLANT(plant_offload_unshielded)) w.shield();
  // Nothing of the runtime works in it, wherever it runs.
  auto alone_with_itself = [body = std::move(body)]() mutable {
    auto* const before = current_frame();
    set_current_frame(nullptr);
    body();
    set_current_frame(before);
  };
  bool const beside = seams.executor->run_beside(std::move(alone_with_itself), [&w] { w.wake(errc::ok); });
  auto const until = beside ? never : seams.executor->offloaded(takes);
  if (!beside && until <= seams.clock->now()) return;
  struct no_deadline {
    explicit no_deadline(handler_frame& of) : frame(&of), inherited(std::exchange(of.deadline, never)) {}
    ~no_deadline() { frame->deadline = inherited; }
    handler_frame* frame;
    instant inherited;
  } const alone(frame);
  (void)w.wait(wait_kind::offload, frame.cell->id(), until);
}

namespace {

void note_end_asked(detail::actor_cell const& by, actor_id whom, bool drains) {
  if (auto* const observer = by.home().seams().observer) observer->end_asked(by.id(), whom, drains);
}

void require_somebody(actor_id who, char const* what) {
  if (who == actor_id{}) throw exception(error(errc::bad_argument, std::string(what) + " of an id that names no actor"));
}

/// Who lives as long as its proc is nobody's to end.
void require_mortal(actor_id who, char const* what) {
  require_somebody(who, what);
  if (detail::is_agent(who.local))
    throw exception(
        error(errc::bad_argument, std::string(what) + " of an agent, which lives as long as its proc", to_string(who)));
}

}  // namespace

void watch(actor_id other) {
  require_somebody(other, "watch()");
  runtime_entry const inside;
  auto& frame = detail::require_frame("watch()");
  frame.cell->home().watch(frame.cell->id(), other, false);
}
void link_to(actor_id other) {
  require_mortal(other, "link_to()");
  runtime_entry const inside;
  auto& frame = detail::require_frame("link_to()");
  frame.cell->home().watch(frame.cell->id(), other, true);
}
void stop_self() {
  runtime_entry const inside;
  auto& cell = *detail::require_frame("stop_self()").cell;
  note_end_asked(cell, cell.id(), true);
  cell.stop();
}

void kill(actor_id other) {
  require_mortal(other, "kill()");
  runtime_entry const inside;
  auto& frame = detail::require_frame("kill()");
  note_end_asked(*frame.cell, other, false);
  frame.cell->home().end_actor(other, false, error(errc::actor_killed, "killed by " + frame.cell->describe()));
}
void stop(actor_id other) {
  require_mortal(other, "stop()");
  runtime_entry const inside;
  auto& frame = detail::require_frame("stop()");
  note_end_asked(*frame.cell, other, true);
  frame.cell->home().end_actor(other, true, {});
}

actor::actor() : cell_(detail::require_frame("An actor's constructor").cell) {}
bool actor::supervise(failure const&) { return false; }
void actor::cleanup(error const*) {}
void actor::undelivered(roost::undelivered const& receipt) {
  runtime_entry const inside;
  cell_->log(log_level::warning,
             receipt.endpoint + " to " + to_string(receipt.receiver) + " was not handled: " + receipt.why.describe(),
             {{"endpoint", receipt.endpoint}, {"receiver", to_string(receipt.receiver)}});
}
void actor::down(actor_id, error const&) {}

}  // namespace roost
