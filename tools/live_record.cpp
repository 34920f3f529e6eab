#include <fcntl.h>
#include <unistd.h>

#include <roost/live/clock.hpp>
#include <roost/live/log.hpp>
#include <roost/sim/check/record.hpp>
#include <tools/live_record.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace roost::tools {
namespace {

using sim::check::observation;
using sim::check::observed;

constexpr std::size_t most_unwritten = 64 << 10;

knob const limit_of_records({"live.record_limit", knob_unit::byte, 192 << 20, 4 << 10, 240 << 20,
                             "bytes at which the record of a proc stops; a third of it where records are not kept"});

observation about(observed what, actor_id actor) {
  observation o;
  o.what = what;
  o.actor = actor;
  return o;
}

bool write_all(int fd, std::string_view text) noexcept {
  while (!text.empty()) {
    auto const count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

std::string record_name(proc_id proc) {
  auto name = to_string(proc);
  std::replace(name.begin(), name.end(), '/', '-');
  return name + record_suffix;
}

std::uint64_t record_limit(knob_values const& knobs, bool kept) {
  auto const most = static_cast<std::uint64_t>(knobs.get(limit_of_records));
  return kept ? most : most / 3;
}

void spoken_probes::always(bool held, std::string_view name, std::string_view) {
  if (!held) write_stderr("does not hold: " + std::string(name) + "\n");
}

auto record_observer::open(std::string const& directory, proc_id self, std::uint64_t limit)
    -> result<std::unique_ptr<record_observer>> {
  auto const file = directory + "/" + record_name(self);
  auto const begun = file + ".new";
  auto const refused = [&] { return error(errc::unavailable, "cannot be written: " + std::string(std::strerror(errno)), file); };
  int const fd = ::open(begun.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return refused();
  auto made = std::unique_ptr<record_observer>(new record_observer(fd, file, self, limit));
  auto const header = sim::check::record_header(self);
  made->size_ = header.size();
  // A file of that name has its first line, whenever its proc dies.
  if (!write_all(fd, header) || std::rename(begun.c_str(), file.c_str()) != 0) return refused();
  auto started = about(observed::proc_started, {self, 0});
  made->add(started);
  return made;
}

record_observer::record_observer(int fd, std::string file, proc_id self, std::uint64_t limit)
    : fd_(fd), file_(std::move(file)), self_(self), limit_(limit) {}

record_observer::~record_observer() {
  flush();
  ::close(fd_);
}

void record_observer::flush() noexcept {
  std::lock_guard const lock(changing_);
  write_out();
}

void record_observer::write_out() noexcept {
  if (unwritten_.empty()) return;
  bool const written = write_all(fd_, unwritten_);
  unwritten_.clear();
  if (written) return;
  over_ = true;
  int const why = errno;
  // Takes no room on a disk that is full.
  static_cast<void>(std::rename(file_.c_str(), (file_ + std::string(incomplete_suffix)).c_str()));
  std::fprintf(stderr, "%s: cannot be written: %s; nothing more is recorded\n", file_.c_str(), std::strerror(why));
}

void record_observer::proc_over(error const& why) {
  auto o = about(observed::proc_exited, {self_, 0});
  o.outcome = why.code;
  add(o);
  std::lock_guard const lock(changing_);
  write_out();
  over_ = true;
}

void record_observer::add(observation& seen) {
  std::lock_guard const lock(changing_);
  bool const broken = seen.what == observed::unhandled_fault && seen.flag;
  if (over_ || (stopped_ && (!broken || std::exchange(broken_, true)))) return;
  seen.at = live_clock().now();
  auto const before = unwritten_.size();
  sim::check::append_record(unwritten_, seen);
  size_ += unwritten_.size() - before;
  if (size_ > limit_) {
    if (!broken) unwritten_.resize(before);
    stopped_ = true;
    sim::check::append_stop(unwritten_, limit_);
  }
  if (unwritten_.size() >= most_unwritten || stopped_) write_out();
}

void record_observer::actor_started(actor_id actor, entity_key key, std::string_view class_name, actor_id owner) {
  auto o = about(observed::actor_started, actor);
  o.key = key;
  o.text = class_name;
  o.other = owner;
  add(o);
}

void record_observer::actor_ended(actor_id actor, errc reason) {
  auto o = about(observed::actor_ended, actor);
  o.outcome = reason;
  add(o);
}

message_stamp record_observer::sent(send_observation const& send) {
  auto o = about(observed::sent, send.sender);
  o.other = send.receiver;
  o.endpoint = send.endpoint;
  o.size = send.size.value;
  o.flag = send.awaits_reply;
  o.deadline = send.deadline;
  std::uint64_t const sender = hash_of(send.sender);
  o.stamp = {sender, ++sends_[sender]};
  add(o);
  return o.stamp;
}

void record_observer::told(actor_id sender, message_stamp stamp, errc fate, errc why) {
  auto o = about(observed::told, sender);
  o.stamp = stamp;
  o.outcome = fate;
  o.why = why;
  add(o);
}

void record_observer::returned(actor_id sender, message_stamp stamp) {
  auto o = about(observed::returned, sender);
  o.stamp = stamp;
  add(o);
}

void record_observer::handler_started(start_observation const& start) {
  auto o = sim::check::start_seen(start);
  add(o);
}

void record_observer::handler_ended(actor_id actor, message_stamp stamp, errc outcome) {
  auto o = about(observed::handler_ended, actor);
  o.stamp = stamp;
  o.outcome = outcome;
  add(o);
}

void record_observer::supervise_started(actor_id actor, actor_id failed, errc why) {
  auto o = about(observed::supervise_started, actor);
  o.other = failed;
  o.outcome = why;
  add(o);
}

void record_observer::supervise_ended(actor_id actor, actor_id failed, bool handled) {
  auto o = about(observed::supervise_ended, actor);
  o.other = failed;
  o.flag = handled;
  add(o);
}

void record_observer::cleanup_started(actor_id actor) {
  auto o = about(observed::cleanup_started, actor);
  add(o);
}

void record_observer::cleanup_ended(actor_id actor) {
  auto o = about(observed::cleanup_ended, actor);
  add(o);
}

void record_observer::replied(actor_id replier, message_stamp request) {
  auto o = about(observed::replied, replier);
  o.stamp = request;
  add(o);
}

void record_observer::reply_arrived(actor_id caller, message_stamp request, errc outcome) {
  auto o = about(observed::reply_arrived, caller);
  o.stamp = request;
  o.outcome = outcome;
  add(o);
}

void record_observer::forwarded(actor_id from, actor_id to, message_stamp request) {
  auto o = about(observed::forwarded, from);
  o.other = to;
  o.stamp = request;
  add(o);
}

void record_observer::wait_started(wait_observation const& wait) {
  auto o = about(observed::wait_started, wait.waiter);
  o.other = wait.target;
  o.wait = wait.wait;
  o.kind = wait.kind;
  o.deadline = wait.deadline;
  o.stamp = wait.request;
  o.flag = wait.at_port;
  add(o);
}

void record_observer::wait_ended(actor_id waiter, std::uint64_t wait, errc outcome) {
  auto o = about(observed::wait_ended, waiter);
  o.wait = wait;
  o.outcome = outcome;
  add(o);
}

void record_observer::end_asked(actor_id by, actor_id whom, bool drains) {
  auto o = about(observed::end_asked, by);
  o.other = whom;
  o.flag = drains;
  add(o);
}

void record_observer::value_moved(value_observation const& value) {
  auto o = sim::check::value_seen(value);
  add(o);
}

void record_observer::watch_started(actor_id watcher, actor_id watched, bool linked) {
  auto o = about(observed::watch_started, watcher);
  o.other = watched;
  o.flag = linked;
  add(o);
}

void record_observer::notice(actor_id watcher, actor_id watched, errc reason) {
  auto o = about(observed::notice, watcher);
  o.other = watched;
  o.outcome = reason;
  add(o);
}

void record_observer::unhandled_fault(error const& why) {
  auto o = about(observed::unhandled_fault, {self_, 0});
  o.outcome = why.code;
  o.text = why.describe();
  add(o);
}

void record_observer::always(bool held, std::string_view name, std::string_view where) {
  if (held) return;
  auto o = about(observed::unhandled_fault, {self_, 0});
  o.outcome = errc::broken_invariant;
  o.flag = true;
  o.text = name;
  add(o);
  flush();
  spoken_probes::always(held, name, where);
}

}  // namespace roost::tools
