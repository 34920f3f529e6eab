#pragma once
// One simulated process: its lanes, and its seams as the runtime inside it sees them.

#include <roost/platform/platform.hpp>
#include <roost/sim/counter_table.hpp>
#include <roost/sim/inside.hpp>
#include <roost/sim/lane.hpp>
#include <roost/sim/network.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace roost::sim {

class engine;
struct host;

class proc;

/// A timer that is armed; pooled by the engine.
class timer_event final : public control_item {
 public:
  void fire() override;
  void run() override;
  void drop() override;

 private:
  friend class simulated_clock;
  friend class engine;
  friend class proc;
  void enqueue();
  proc* owner_ = nullptr;
  timer* what_ = nullptr;
  std::uint64_t number_ = 0;
  std::uint64_t slot_ = 0;
  moment at_ = 0;  ///< When it is due; it may stand in the queue for an earlier moment.
  moment queued_at_ = 0;
  timer_event* before_ = nullptr;  ///< Among the timers of its proc.
  timer_event* after_ = nullptr;
  bool due_ = false;  ///< It waits in the inbox.
};

// The seams. Each is mute when its proc is: calls have no effect and give constants.

class simulated_clock final : public clock {
 public:
  explicit simulated_clock(proc& self) : self_(self) {}
  instant now() const override;
  instant boot() const override;
  std::int64_t wall() const override;
  void arm(timer& t, instant when) override;
  void disarm(timer& t) override;

 private:
  proc& self_;
};

class simulated_executor final : public executor {
 public:
  explicit simulated_executor(proc& self) : self_(self) {}
  void ready(runnable& r, lane where) override;
  void withdraw(runnable& r) override;
  void spend(nanoseconds duration) override;
  bool run_beside(unique_function<void()> body, unique_function<void()>) override {
    body();
    return false;
  }
  instant offloaded(nanoseconds duration) override;
  std::uint32_t place(entity_key key, bool dedicated) override;
  void leave(std::uint32_t worker) override;
  void run_on(std::uint32_t, unique_function<void()> task) override { task(); }
  std::shared_ptr<side_door> door() override;
  fiber_pool& fibers() override;

 private:
  void spread(runnable& r);
  proc& self_;
};

class simulated_transport final : public transport {
 public:
  explicit simulated_transport(proc& self) : self_(self) {}
  void attach(transport_events* events) override;
  channel_id connect(proc_id peer) override;
  send_status send(channel_id c, shared_bytes const& frame) override;
  void close(channel_id c) override;
  bytes max_frame() const override;

 private:
  proc& self_;
};

class simulated_launcher final : public launcher {
 public:
  explicit simulated_launcher(proc& self) : self_(self) {}
  void attach(launcher_events* events) override;
  std::vector<host_id> hosts() const override;
  void launch(launch_request request) override;
  void kill(proc_id id) override;
  void look_at_host() override;
  void finish(error why) override;

 private:
  proc& self_;
};

class simulated_entropy final : public entropy {
 public:
  explicit simulated_entropy(proc& self) : self_(self) {}
  std::uint64_t draw(entity_key key) override;

 private:
  proc& self_;
};

class simulated_store final : public store {
 public:
  explicit simulated_store(proc& self) : self_(self) {}
  result<void> append(std::string_view file, std::span<std::byte const> data) override;
  result<void> sync(std::string_view file) override;

 private:
  proc& self_;
};

class simulated_log final : public log_sink {
 public:
  explicit simulated_log(proc& self) : self_(self) {}
  void write(log_level level, log_source const& source, std::string_view line, std::span<log_field const> fields) override;

 private:
  proc& self_;
};

class simulated_probes final : public probe_sink {
 public:
  explicit simulated_probes(proc& self) : self_(self) {}
  void always(bool held, std::string_view name, std::string_view where) override;
  void sometimes(std::string_view name) override;
  void expect_sometimes(std::string_view name) override;
  bool buggify(std::string_view name) override;

 private:
  proc& self_;
};

class simulated_observer final : public observer {
 public:
  explicit simulated_observer(proc& self) : self_(self) {}
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
  void notice(actor_id watcher, actor_id watched, errc reason) override;
  void end_asked(actor_id by, actor_id whom, bool drains) override;
  void value_moved(value_observation const& value) override;
  void watch_started(actor_id watcher, actor_id watched, bool linked) override;
  void unhandled_fault(error const& why) override;
  void frame(proc_id from, proc_id to, bool outgoing, std::uint64_t kind, std::uint64_t number, std::uint64_t size) override;

 private:
  proc& self_;
  counter_table sends_;
};

/// The C library as the proc's steps see it.
class simulated_library final : public inside {
 public:
  explicit simulated_library(proc& self) : self_(self) {}
  std::int64_t monotonic() override;
  std::int64_t boot() override;
  std::int64_t wall() override;
  void blocks(std::int64_t nanoseconds) override;
  std::uint64_t random_word() override;
  std::string name() const override;

 private:
  moment look();
  proc& self_;
};

/// One life of one simulated process. Stays as a husk when it has ended, since others may still name it.
class proc {
 public:
  proc(engine& sim, roost::sim::host& on, launch_request request, proc_id launched_by, entity_key key);
  ~proc();

  /// Makes the runtime and lets it begin; a control step.
  void start(proc_program& program);
  /// Nothing that the proc does from now on has an effect or is seen, and nothing reaches it.
  void mute();
  /// Unwinds and destroys the runtime. The proc is mute.
  void unwind();
  lane_runner& worker(std::uint32_t number) noexcept;
  std::unique_ptr<lane_runner> make_worker(entity_key its_key);
  /// Calls `act` with each lane.
  template <class Act>
  void each_lane(Act act) {
    act(user);
    act(control);
    for (auto const& lane : other_workers) {
      if (lane != nullptr) act(*lane);
    }
  }

  engine& sim;
  roost::sim::host& on;
  proc_id id;
  std::string name;
  proc_id launched_by;
  entity_key key;
  lane_runner user;
  lane_runner control;
  std::uint32_t shared_workers;  ///< `user` and the first of the others.
  std::vector<std::unique_ptr<lane_runner>>
      other_workers;  ///< By number, from 1; behind those shared, of one actor each, null when gone.
  transport_events* transport_listener = nullptr;
  launcher_events* launcher_listener = nullptr;
  std::vector<channel_end*> channels;  ///< By number, from 1; null when gone.
  std::map<proc_id, link> links;       ///< To others.
  counter_table entropy_draws;
  counter_table buggify_draws;
  std::uint64_t launches = 0;
  std::uint64_t words = 0;         ///< Words to or from launchers, for their order.
  timer_event* timers = nullptr;   ///< Armed.
  std::uint32_t pauses = 0;        ///< Counts pauses, so that an old one does not end a newer one.
  std::uint64_t doomed_sends = 0;  ///< Crashes at this send from now; 0: does not.
  bool started = false;
  bool told_of_launch = false;  ///< Its launcher was.
  bool finishing = false;
  bool crashing = false;
  bool muted = false;
  bool ended = false;
  moment muted_at = 0;
  std::unique_ptr<error const> end;  ///< Why it ended, where the agent of its host saw it.
  shared_bytes bootstrap;
  platform seams;
  simulated_library library{*this};

 private:
  friend class simulated_clock;
  friend class timer_event;
  simulated_clock clock_{*this};
  simulated_executor executor_{*this};
  simulated_transport transport_{*this};
  simulated_launcher launcher_{*this};
  simulated_entropy entropy_{*this};
  simulated_store store_{*this};
  simulated_log log_{*this};
  no_lock lock_;
  simulated_probes probes_{*this};
  simulated_observer observer_{*this};
  entity_key timer_key_;
  std::uint64_t timers_armed_ = 0;
  std::unique_ptr<proc_instance> instance_;
};

}  // namespace roost::sim
