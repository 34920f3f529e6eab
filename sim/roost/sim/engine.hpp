#pragma once
// The engine of one simulated run: one queue of events, one virtual time, all hosts, procs and the network.

#include <roost/base/fiber.hpp>
#include <roost/base/keyed.hpp>
#include <roost/sim/fault_runner.hpp>
#include <roost/sim/host.hpp>
#include <roost/sim/network.hpp>
#include <roost/sim/proc.hpp>
#include <roost/sim/recorder.hpp>
#include <roost/sim/run.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace roost::sim {

/// Something rare that happens once: an operation of the plan, a launch.
class rare_event final : public event {
 public:
  explicit rare_event(std::function<void()> action) : action_(std::move(action)) {}
  void fire() override;

 private:
  std::function<void()> action_;
};

/// Hands an observation to the judge, the digest and the trace.
void report_observation(engine& sim, check::observation& seen);

class engine {
 public:
  engine(scenario const& what, run_options const& options, proc_program& program);
  ~engine();
  engine(engine const&) = delete;
  engine& operator=(engine const&) = delete;

  run_result run();

  moment now() const noexcept { return now_; }
  std::uint64_t seed() const noexcept { return seed_; }
  event_queue& queue() noexcept { return queue_; }
  recorder& records() noexcept { return recorder_; }
  network& net() noexcept { return network_; }
  fault_runner& faults() noexcept { return faults_; }
  fiber_pool& fibers() noexcept { return fibers_; }
  knob_values const& knobs() const noexcept { return knobs_; }
  scenario const& what() const noexcept { return scenario_; }
  schedule_policy policy() const noexcept { return policy_; }
  std::vector<host>& hosts() noexcept { return hosts_; }
  std::vector<std::unique_ptr<proc>> const& procs() const noexcept { return procs_; }
  host* find_host(host_id id) noexcept { return id.value < hosts_.size() ? &hosts_[id.value] : nullptr; }
  /// The proc of that id if it lives.
  proc* find_living(proc_id id) noexcept;
  /// Lets `action` happen at `at`; `by` and its `sequence` order it among others of that moment.
  void schedule(moment at, entity_key by, std::uint64_t sequence, std::function<void()> action);

  // Steps.
  moment control_time() const noexcept { return control_time_; }
  /// Of each proc, that its actors share.
  std::uint32_t workers() const noexcept { return workers_; }
  moment handler_time(entity_key key, std::uint64_t step) const noexcept {
    return handler_time_ / 2 + static_cast<moment>(scale_below(keyed_hash(seed_, draw_domain::handler_time, key, step).low,
                                                               static_cast<std::uint64_t>(handler_time_)));
  }
  /// A step of that lane begins; it ends when the engine is next asked for an event.
  void begin_step(lane_runner& which, moment duration);
  lane_runner* running() noexcept { return running_; }
  void note_step(lane_runner& which, entity_key key, std::uint64_t step);

  // Timers.
  timer_event& take_timer(proc& owner, timer& what);
  timer_event& timer_in(std::uint64_t slot) noexcept { return timers_[slot - 1]; }
  void free_timer(timer_event& t);
  /// Disarms all timers of the proc.
  void drop_timers(proc& owner);

  // Procs.
  void launch(proc& by, launch_request request);
  /// The root knows of the launch: the host is told to start it.
  void order(proc_id born);
  /// The proc will never run.
  void forgo(proc_id born);
  void kill(proc& by, proc_id id);
  /// Tells a proc what the agent of its host knows of the procs there.
  void look_at_host(proc& by);
  /// A fault ends the proc: it is mute from now on and unwound when no step runs. `with_host`: its peers hear nothing.
  void crash(proc& who, bool with_host);
  /// The proc's own step asked for its end.
  void finish(proc& who, error why);

  /// The plan is over: everyone is served fairly, and what was rare is off.
  void settle();
  bool settling() const noexcept { return settling_; }
  void saw_message() noexcept { ++messages_; }
  std::uint64_t& sometimes_count(std::string_view name);
  /// `duration` as it takes on the proc's host.
  static moment slowed(proc const& who, moment duration) noexcept {
    std::uint32_t const percent = who.on.slow_percent;
    return percent == 100 ? duration : duration / 100 * percent + duration % 100 * percent / 100;
  }
  /// The run ends before the next event, without a verdict on the program.
  void give_up(std::string why);

 private:
  bool step();
  void end_step();
  bool wall_limit_passed();
  void nothing_left();
  void deadline_passed();
  void report_end(proc& who, check::observed how, bool silently, errc why);
  void end_proc(proc& who, check::observed how, bool silently, error why);
  void start(proc& who);
  void try_start(proc& who, std::uint32_t host_life);
  void tell_launcher(proc& who, error why, bool exited);
  void carry_word(proc& who, error why, bool exited, moment at);
  void carry_kill(proc& by, proc_id id, moment at);
  void carry_request(proc& by, proc_id id, moment at);
  std::vector<host_proc_status> procs_of(host const& where) const;
  void say_launching(proc& to, proc_id about, proc_id by);
  void say_launched(proc& to, proc_id about);
  void say_exited(proc& to, proc_id about, error why);
  void stop_when_all_ended();
  proc& add_proc(launch_request request, proc_id by);
  void tear_down();
  void unsettled(std::string promise, std::string why);

  scenario const& scenario_;
  proc_program& program_;
  std::uint64_t seed_;
  moment now_ = 0;
  event_queue queue_;
  knob_values knobs_;
  schedule_policy policy_;
  recorder recorder_;
  moment control_time_;
  std::uint32_t workers_;
  moment handler_time_;
  lane_runner* running_ = nullptr;
  std::vector<host> hosts_;  ///< Never grows after the start.
  network network_;
  std::vector<std::unique_ptr<proc>> procs_;
  std::map<proc_id, proc*> by_id_;
  std::deque<timer_event> timers_;
  std::vector<std::uint64_t> free_timers_;
  fault_runner faults_;
  std::map<std::string, std::uint64_t, std::less<>> sometimes_;
  std::vector<std::function<void()>> after_step_;
  std::uint64_t messages_ = 0;
  std::uint64_t turns_ = 0;
  std::uint64_t turns_at_now_ = 0;
  moment deadline_ = 0;
  bool settling_ = false;
  bool stopping_ = false;
  bool no_verdict_ = false;
  bool root_finished_ = false;
  error program_error_;
  std::string wait_graph_;
  std::int64_t wall_started_ = 0;
  fiber_pool fibers_;
};

}  // namespace roost::sim
