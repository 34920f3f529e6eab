// The observer seam: observations for the judge, stamps for messages, and events for digest and trace.

#include <roost/sim/engine.hpp>
#include <roost/sim/proc.hpp>

#include <string>

namespace roost::sim {
namespace {

using check::observation;
using check::observed;

char const* name_of(observed what) {
  switch (what) {
    case observed::actor_started: return "actor_started";
    case observed::actor_ended: return "actor_ended";
    case observed::sent: return "sent";
    case observed::told: return "told";
    case observed::handler_started: return "handler_started";
    case observed::handler_ended: return "handler_ended";
    case observed::supervise_started: return "supervise_started";
    case observed::supervise_ended: return "supervise_ended";
    case observed::cleanup_started: return "cleanup_started";
    case observed::cleanup_ended: return "cleanup_ended";
    case observed::replied: return "replied";
    case observed::reply_arrived: return "reply_arrived";
    case observed::wait_started: return "wait_started";
    case observed::wait_ended: return "wait_ended";
    case observed::notice: return "notice";
    case observed::unhandled_fault: return "unhandled_fault";
    case observed::proc_started: return "proc_started";
    case observed::proc_crashed: return "proc_crashed";
    case observed::proc_exited: return "proc_exited";
    case observed::healed: return "healed";
    case observed::settled: return "settled";
    case observed::watch_started: return "watch_started";
    case observed::returned: return "returned";
    case observed::forwarded: return "forwarded";
    case observed::end_asked: return "end_asked";
    case observed::value_sent: return "value_sent";
    case observed::value_back: return "value_back";
    case observed::value_received: return "value_received";
    case observed::port_closed: return "port_closed";
    case observed::kept_busy: return "kept_busy";
  }
  return "observed";
}

std::string hex(std::uint64_t value) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = 16; i-- != 0; value >>= 4) text[i] = digits[value & 15];
  return text;
}

std::string describe(observation const& o) {
  std::string text = to_string(o.actor) + " " + name_of(o.what);
  if (o.other != actor_id{}) text += " " + to_string(o.other);
  if (o.endpoint.value != 0) text += " endpoint " + hex(o.endpoint.value);
  if (o.stamp != message_stamp{}) text += " stamp " + hex(o.stamp.high) + ":" + std::to_string(o.stamp.low);
  if (o.size != 0) text += " size " + std::to_string(o.size);
  if (o.wait != 0) text += " wait " + std::to_string(o.wait);
  if (o.outcome != errc::ok) text += " " + std::string(to_string(o.outcome));
  if (o.flag) text += " flag";
  if (!o.text.empty()) text += " " + o.text;
  return text;
}

void report(engine& sim, observation& o) {
  auto& records = sim.records();
  records.note(record::observed,
               static_cast<std::uint64_t>(o.what) | (static_cast<std::uint64_t>(o.outcome) << 8) |
                   (static_cast<std::uint64_t>(o.flag) << 32) | (static_cast<std::uint64_t>(o.kind) << 40),
               hash_of(o.actor), o.other == actor_id{} ? o.size : hash_of(o.other) + o.size, o.endpoint.value + o.wait,
               o.stamp.high ^ (o.stamp.low * 0x9e3779b97f4a7c15ULL));
  records.see(o);
  if (records.tracing()) records.say(describe(o));
}

observation about(observed what, actor_id actor) {
  observation o;
  o.what = what;
  o.actor = actor;
  return o;
}

/// A host's instant on the time line of the observations.
instant true_time(proc const& self, instant when) {
  constexpr std::int64_t far = std::int64_t{1} << 62;
  if (when.time_since_epoch().count() > far) return never;
  return instant(nanoseconds(self.on.clocks.when_monotonic_is(when)));
}

}  // namespace

void report_observation(engine& sim, observation& o) { report(sim, o); }

void simulated_observer::actor_started(actor_id actor, entity_key key, std::string_view class_name, actor_id owner) {
  if (self_.muted) return;
  auto o = about(observed::actor_started, actor);
  o.key = key;
  o.text = class_name;
  o.other = owner;
  report(self_.sim, o);
}

void simulated_observer::actor_ended(actor_id actor, errc reason) {
  if (self_.muted) return;
  auto o = about(observed::actor_ended, actor);
  o.outcome = reason;
  report(self_.sim, o);
}

message_stamp simulated_observer::sent(send_observation const& send) {
  if (self_.muted) return {};
  auto o = about(observed::sent, send.sender);
  o.other = send.receiver;
  o.endpoint = send.endpoint;
  o.size = send.size.value;
  o.flag = send.awaits_reply;
  o.deadline = true_time(self_, send.deadline);
  std::uint64_t const sender = hash_of(send.sender);
  o.stamp = {sender, ++sends_[sender]};
  report(self_.sim, o);
  return o.stamp;
}

void simulated_observer::told(actor_id sender, message_stamp stamp, errc fate, errc why) {
  if (self_.muted) return;
  auto o = about(observed::told, sender);
  o.stamp = stamp;
  o.outcome = fate;
  o.why = why;
  report(self_.sim, o);
}

void simulated_observer::returned(actor_id sender, message_stamp stamp) {
  if (self_.muted) return;
  auto o = about(observed::returned, sender);
  o.stamp = stamp;
  report(self_.sim, o);
}

void simulated_observer::handler_started(start_observation const& start) {
  if (self_.muted) return;
  auto o = check::start_seen(start);
  report(self_.sim, o);
  if (start.stamp != message_stamp{}) self_.sim.saw_message();
  self_.sim.faults().handler_starts(start.endpoint, self_);
}

void simulated_observer::handler_ended(actor_id actor, message_stamp stamp, errc outcome) {
  if (self_.muted) return;
  auto o = about(observed::handler_ended, actor);
  o.stamp = stamp;
  o.outcome = outcome;
  report(self_.sim, o);
}

void simulated_observer::supervise_started(actor_id actor, actor_id failed, errc why) {
  if (self_.muted) return;
  auto o = about(observed::supervise_started, actor);
  o.other = failed;
  o.outcome = why;
  report(self_.sim, o);
}

void simulated_observer::supervise_ended(actor_id actor, actor_id failed, bool handled) {
  if (self_.muted) return;
  auto o = about(observed::supervise_ended, actor);
  o.other = failed;
  o.flag = handled;
  report(self_.sim, o);
}

void simulated_observer::cleanup_started(actor_id actor) {
  if (self_.muted) return;
  auto o = about(observed::cleanup_started, actor);
  report(self_.sim, o);
}

void simulated_observer::cleanup_ended(actor_id actor) {
  if (self_.muted) return;
  auto o = about(observed::cleanup_ended, actor);
  report(self_.sim, o);
}

void simulated_observer::replied(actor_id replier, message_stamp request) {
  if (self_.muted) return;
  auto o = about(observed::replied, replier);
  o.stamp = request;
  report(self_.sim, o);
}

void simulated_observer::reply_arrived(actor_id caller, message_stamp request, errc outcome) {
  if (self_.muted) return;
  auto o = about(observed::reply_arrived, caller);
  o.stamp = request;
  o.outcome = outcome;
  report(self_.sim, o);
}

void simulated_observer::forwarded(actor_id from, actor_id to, message_stamp request) {
  if (self_.muted) return;
  auto o = about(observed::forwarded, from);
  o.other = to;
  o.stamp = request;
  report(self_.sim, o);
}

void simulated_observer::wait_started(wait_observation const& wait) {
  if (self_.muted) return;
  auto o = about(observed::wait_started, wait.waiter);
  o.other = wait.target;
  o.wait = wait.wait;
  o.kind = wait.kind;
  o.deadline = true_time(self_, wait.deadline);
  o.stamp = wait.request;
  o.flag = wait.at_port;
  report(self_.sim, o);
}

void simulated_observer::wait_ended(actor_id waiter, std::uint64_t wait, errc outcome) {
  if (self_.muted) return;
  auto o = about(observed::wait_ended, waiter);
  o.wait = wait;
  o.outcome = outcome;
  report(self_.sim, o);
}

void simulated_observer::notice(actor_id watcher, actor_id watched, errc reason) {
  if (self_.muted) return;
  auto o = about(observed::notice, watcher);
  o.other = watched;
  o.outcome = reason;
  report(self_.sim, o);
}

void simulated_observer::end_asked(actor_id by, actor_id whom, bool drains) {
  if (self_.muted) return;
  auto o = about(observed::end_asked, by);
  o.other = whom;
  o.flag = drains;
  report(self_.sim, o);
}

void simulated_observer::value_moved(value_observation const& value) {
  if (self_.muted) return;
  auto o = check::value_seen(value);
  report(self_.sim, o);
}

void simulated_observer::watch_started(actor_id watcher, actor_id watched, bool linked) {
  if (self_.muted) return;
  auto o = about(observed::watch_started, watcher);
  o.other = watched;
  o.flag = linked;
  report(self_.sim, o);
}

void simulated_observer::unhandled_fault(error const& why) {
  if (self_.muted) return;
  auto o = about(observed::unhandled_fault, {self_.id, 0});
  o.outcome = why.code;
  o.text = why.describe();
  report(self_.sim, o);
}

void simulated_observer::frame(proc_id from, proc_id to, bool outgoing, std::uint64_t kind, std::uint64_t number,
                               std::uint64_t size) {
  auto& records = self_.sim.records();
  if (self_.muted || !records.tracing()) return;
  records.say(to_string(from) + (outgoing ? " -> " : " => ") + to_string(to) + " session kind " + std::to_string(kind) +
              " number " + std::to_string(number) + " size " + std::to_string(size));
}

}  // namespace roost::sim
