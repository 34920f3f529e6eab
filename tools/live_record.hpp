#pragma once
// What one proc of a live run saw, written to a file as it happens, for the judge that reads it after the run.

#include <roost/base/error.hpp>
#include <roost/base/knobs.hpp>
#include <roost/platform/observer.hpp>
#include <roost/sim/check/observation.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace roost::tools {

/// The ending of the names of record files.
inline constexpr char const* record_suffix = ".record";
/// Behind that, of a record that could not be written to its end.
inline constexpr std::string_view incomplete_suffix = ".incomplete";
/// Beside the records: knobs that are not at their standard.
inline constexpr std::string_view knobs_file = "knobs";
/// "h0-p1.1.record".
std::string record_name(proc_id proc);

/// How many bytes of record one proc may have: where the records are to be kept what `live.record_limit` says, else a third of it.
std::uint64_t record_limit(knob_values const& knobs, bool kept);

/// Says of an `always` that does not hold, on standard error, and nothing else.
class spoken_probes : public probe_sink {
 public:
  void always(bool held, std::string_view name, std::string_view where) override;
  void sometimes(std::string_view) override {}
  void expect_sometimes(std::string_view) override {}
  bool buggify(std::string_view) override { return false; }
};

/// Observes one proc and appends what it sees to "DIRECTORY/h0-p1.1.record", in the form of sim/check/record.hpp.
///
/// Records are kept in memory until `flush`, which the proc calls before anything leaves it: whatever another proc saw of this
/// one is then in this one's file, even when this one was killed. A file that does not end with `proc_exited` is of a proc that
/// crashed. Times are the host's monotonic clock, which all procs of a host share. At its limit a record stops, and says so in its
/// last line.
///
/// An `always` that does not hold is said on standard error, and recorded as an `unhandled_fault` with the flag set; the first one
/// also where the record has stopped.
/// Call `flush` and the probes from any thread, all else from the thread that runs the proc's loop.
class record_observer final : public observer, public spoken_probes {
 public:
  /// Makes the file with its first line; it gets `limit` bytes and a last line. Errors: `errc::unavailable`, at the file.
  static result<std::unique_ptr<record_observer>> open(std::string const& directory, proc_id self, std::uint64_t limit);
  ~record_observer();
  record_observer(record_observer const&) = delete;
  record_observer& operator=(record_observer const&) = delete;

  /// Puts all that was seen into the file. Where the file takes no more, says so once and records nothing from then on.
  void flush() noexcept;
  /// The proc ends in order; nothing is recorded afterwards.
  void proc_over(error const& why);

  void actor_started(actor_id actor, entity_key key, std::string_view class_name, actor_id owner) override;
  void actor_ended(actor_id actor, errc reason) override;
  message_stamp sent(send_observation const& send) override;
  void told(actor_id sender, message_stamp stamp, errc fate, errc why) override;
  void returned(actor_id sender, message_stamp stamp) override;
  void handler_started(start_observation const& start) override;
  void handler_ended(actor_id actor, message_stamp stamp, errc outcome) override;
  void supervise_started(actor_id actor, actor_id failed, errc why) override;
  void supervise_ended(actor_id actor, actor_id failed, bool handled) override;
  void cleanup_started(actor_id actor) override;
  void cleanup_ended(actor_id actor) override;
  void replied(actor_id replier, message_stamp request) override;
  void reply_arrived(actor_id caller, message_stamp request, errc outcome) override;
  void forwarded(actor_id from, actor_id to, message_stamp request) override;
  void wait_started(wait_observation const& wait) override;
  void wait_ended(actor_id waiter, std::uint64_t wait, errc outcome) override;
  void end_asked(actor_id by, actor_id whom, bool drains) override;
  void value_moved(value_observation const& value) override;
  void watch_started(actor_id watcher, actor_id watched, bool linked) override;
  void notice(actor_id watcher, actor_id watched, errc reason) override;
  void unhandled_fault(error const& why) override;
  void frame(proc_id, proc_id, bool, std::uint64_t, std::uint64_t, std::uint64_t) override {}

  void always(bool held, std::string_view name, std::string_view where) override;

 private:
  record_observer(int fd, std::string file, proc_id self, std::uint64_t limit);
  void add(sim::check::observation& seen);
  void write_out() noexcept;

  std::mutex changing_;
  int fd_;
  std::string file_;
  proc_id self_;
  std::uint64_t limit_;
  std::uint64_t size_ = 0;  ///< Of what was recorded.
  std::string unwritten_;
  std::unordered_map<std::uint64_t, std::uint64_t> sends_;  ///< Of each sender, by its hash.
  bool stopped_ = false;                                    ///< At the limit.
  bool broken_ = false;                                     ///< An `always` did not hold since then.
  bool over_ = false;
};

}  // namespace roost::tools
