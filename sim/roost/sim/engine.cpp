#include <roost/sim/engine.hpp>

#include <roost/base/plant.hpp>
#include <roost/sim/sim_knobs.hpp>
#include <roost/sim/wall_time.hpp>

#include <algorithm>
#include <utility>

namespace roost::sim {
namespace {

constexpr std::uint64_t most_turns_at_one_moment = 1'000'000;
constexpr moment agents_patience = 10'000'000;
constexpr std::uint64_t turns_between_looks_at_the_wall = 4'096;

ROOST_DEFINE_PLANT(crash_still_sends, "crash-still-sends", "G1",
                   "A proc that crashes goes on for a while, and what it sends arrives.");
[[maybe_unused]] constexpr moment planted_afterlife = 10'000'000;

knob_values knobs_of(scenario const& what, std::uint64_t seed) {
  knob_values values = what.draw_knobs ? knob_values::drawn(seed) : knob_values();
  for (auto const& [name, value] : what.knobs) {
    if (knob const* k = find_knob(name)) static_cast<void>(values.set(*k, value));
  }
  // What a proc that never starts holds up is known after that time; where several follow from each other, all must be in time to settle.
  if (knob const* start = find_knob("actor.launch_bound");
      start != nullptr && what.draw_knobs && !what.knobs.contains("actor.launch_bound")) {
    auto const fits = std::max<std::int64_t>(start->definition().low, what.settle_limit.count() / 6);
    if (values.get(*start) > fits) static_cast<void>(values.set(*start, fits));
  }
  return values;
}

check::judge_settings settings_of(scenario const& what, knob_values const& knobs) {
  check::judge_settings settings;
  // A network that nothing breaks does not heal either: then the program may take its time.
  bool const calm = what.events.empty() && what.faults.mode == fault_mode::off;
  settings.calm = calm;
  settings.settle_limit = calm ? std::max(what.settle_limit, what.time_limit) : what.settle_limit;
  if (knob const* k = find_knob("link.credit_messages")) settings.credit_messages = knobs.get(*k);
  if (knob const* k = find_knob("link.credit_bytes")) settings.credit_bytes = knobs.get(*k);
  // What a silent host took with it is known when its path is given up; a second more is for the handlers on the way. A proc that
  // its host took before it ever ran has the time to start as well.
  if (knob const* k = find_knob("link.path_bound")) {
    auto silence = knobs.duration(*k) + std::chrono::seconds(1);
    bool const hosts_die = what.faults.crash_host.every.count() > 0 ||
                           std::any_of(what.events.begin(), what.events.end(),
                                       [](fault_operation const& o) { return o.kind == fault_kind::crash_host; });
    if (knob const* start = find_knob("actor.launch_bound"); start != nullptr && hosts_die) silence += knobs.duration(*start);
    settings.detection_bound = std::max<nanoseconds>(settings.detection_bound, silence);
  }
  // Of the host's running time: a lease, 1% of drift, the time for cleanup, and a second.
  knob const* lease = find_knob("actor.lease");
  knob const* cleanup = find_knob("actor.cleanup_bound");
  if (cleanup != nullptr) settings.cleanup_bound = knobs.duration(*cleanup);
  if (lease != nullptr && cleanup != nullptr) {
    settings.orphan_bound = knobs.duration(*lease) / 100 * 101 + knobs.duration(*cleanup) + std::chrono::seconds(1);
  }
  return settings;
}

entity_key const engine_key = child_key({}, "engine", "");

}  // namespace

void rare_event::fire() {
  auto const action = std::move(action_);
  delete this;
  action();
}

engine::engine(scenario const& what, run_options const& options, proc_program& program)
    : scenario_(what),
      program_(program),
      seed_(options.seed),
      knobs_(knobs_of(what, options.seed)),
      policy_(draw_policy(what, options.seed)),
      recorder_(options, settings_of(what, knobs_)),
      control_time_(knobs_.get(knob_control_time)),
      workers_(static_cast<std::uint32_t>(knobs_.get(knob_workers))),
      handler_time_(knobs_.get(knob_handler_time)),
      network_(*this, what),
      faults_(*this, options.plan ? *options.plan : draw_plan(what, options.seed)),
      fibers_([this] { return step(); }) {
  std::uint64_t const hosts = std::max<std::uint32_t>(1, what.hosts);
  hosts_.reserve(hosts);
  for (std::uint64_t i = 0; i != hosts; ++i) {
    host& h = hosts_.emplace_back();
    h.id = {i};
    h.key = child_key({}, "host", "host" + std::to_string(i));
    h.clocks = host_clocks(what, seed_, h.key);
  }
  for (auto const& name : what.sometimes) sometimes_[name];
}

engine::~engine() {
  event_order order;
  while (event* e = queue_.pop(order)) {
    if (auto* rare = dynamic_cast<rare_event*>(e)) delete rare;
  }
}

run_result engine::run() {
  wall_started_ = wall_nanoseconds();
  faults_.begin();
  deadline_ = scenario_.time_limit.count();
  if (faults_.quiet_at() != 0) deadline_ = std::min(deadline_, faults_.quiet_at() + scenario_.settle_limit.count());
  proc& root = add_proc({{{0}, 0, 1}, "root", {}}, {});
  schedule(0, root.key, 0, [this, &root] { start(root); });
  fibers_.run();

  run_result result;
  if (root_finished_ && !no_verdict_ && !recorder_.wants_stop()) {
    check::observation settled;
    settled.what = check::observed::settled;
    report_observation(*this, settled);
  }
  recorder_.judge().finish();
  result.violations = recorder_.violations();
  result.program_error = program_error_;
  result.digest = recorder_.digest();
  result.events = recorder_.events();
  result.messages = messages_;
  result.frames = network_.frames();
  result.end = instant(nanoseconds(now_));
  result.plan = faults_.plan();
  result.faults_hitting_sessions = faults_.hits();
  result.sometimes.insert(sometimes_.begin(), sometimes_.end());
  result.policy = to_string(policy_);
  result.wait_graph = wait_graph_;
  if (!result.violations.empty()) {
    result.outcome = verdict::violated;
  } else if (no_verdict_) {
    result.outcome = verdict::no_verdict;
  } else if (program_error_ && !scenario_.expect_fault_at_root) {
    result.outcome = verdict::program_failed;
  }
  return result;
}

// Turns.

bool engine::step() {
  end_step();
  if (stopping_ || recorder_.wants_stop() || (++turns_ % turns_between_looks_at_the_wall == 0 && wall_limit_passed())) {
    if (wait_graph_.empty()) wait_graph_ = recorder_.judge().wait_graph();
    tear_down();
    return false;
  }
  event_order order;
  event* const next = queue_.pop(order);
  if (next == nullptr) {
    nothing_left();
    return true;
  }
  if (order.at != now_) {
    if (order.at > deadline_) {
      queue_.push(*next, order);
      deadline_passed();
      return true;
    }
    now_ = order.at;
    recorder_.set_now(now_);
    turns_at_now_ = 0;
  } else if (++turns_at_now_ > most_turns_at_one_moment) {
    queue_.push(*next, order);
    give_up("virtual time stands still");
    return true;
  }
  next->fire();
  return true;
}

void engine::begin_step(lane_runner& which, moment duration) {
  running_ = &which;
  which.running_ = true;
  which.busy_until_ = now_ + slowed(which.owner(), duration);
  which.spent_ = 0;
  set_current_platform(&which.owner().seams);
  set_inside(&which.owner().library);
}

void engine::end_step() {
  set_current_platform(nullptr);
  set_inside(nullptr);
  if (lane_runner* const ended = std::exchange(running_, nullptr)) {
    ended->running_ = false;
    if (!ended->owner().muted) ended->kick();
  }
  while (!after_step_.empty()) {
    auto const actions = std::exchange(after_step_, {});
    for (auto const& action : actions) action();
  }
}

void engine::note_step(lane_runner& which, entity_key key, std::uint64_t step) {
  recorder_.note(record::step, which.owner().key.value + static_cast<std::uint64_t>(which.which()), key.value, step);
  if (recorder_.tracing()) {
    recorder_.say(to_string(which.owner().id) + (which.which() == lane::user ? " user" : " control") + " step " +
                  std::to_string(step) + " of " + std::to_string(key.value));
  }
}

bool engine::wall_limit_passed() {
  if (wall_nanoseconds() - wall_started_ <= scenario_.wall_limit.count()) return false;
  give_up("the wall limit is passed");
  return true;
}

void engine::nothing_left() {
  if (root_finished_) {
    unsettled("G7", "no event is left, and a process outlives the program");
  } else {
    unsettled("G4", "no event is left, and the program has not finished");
  }
}

void engine::deadline_passed() {
  if (root_finished_) {
    unsettled("G7", "a process outlives the program by more than time.settle");
  } else if (faults_.quiet_at() != 0 && deadline_ < scenario_.time_limit.count()) {
    unsettled("G4", "the program has not finished within time.settle of the end of all faults");
  } else {
    unsettled("G4", "the program has not finished within time.limit");
  }
}

void engine::give_up(std::string why) {
  no_verdict_ = true;
  stopping_ = true;
  wait_graph_ = why + "\n" + recorder_.judge().wait_graph();
}

void engine::unsettled(std::string promise, std::string why) {
  stopping_ = true;
  wait_graph_ = recorder_.judge().wait_graph();
  recorder_.violated(std::move(promise), std::move(why));
}

void engine::settle() {
  settling_ = true;
  for (auto const& p : procs_) {
    p->each_lane([](lane_runner& each) { each.make_fair(); });
  }
  recorder_.note(record::healed, 0);
  check::observation healed;
  healed.what = check::observed::healed;
  report_observation(*this, healed);
}

void engine::schedule(moment at, entity_key by, std::uint64_t sequence, std::function<void()> action) {
  queue_.push(*new rare_event(std::move(action)), {at, by.value, sequence});
}

std::uint64_t& engine::sometimes_count(std::string_view name) {
  auto const at = sometimes_.find(name);
  return at != sometimes_.end() ? at->second : sometimes_[std::string(name)];
}

// Timers.

timer_event& engine::take_timer(proc& owner, timer& what) {
  if (free_timers_.empty()) {
    timer_event& made = timers_.emplace_back();
    made.slot_ = timers_.size();
    free_timers_.push_back(made.slot_);
  }
  timer_event& t = timers_[free_timers_.back() - 1];
  free_timers_.pop_back();
  t.owner_ = &owner;
  t.what_ = &what;
  t.due_ = false;
  t.before_ = nullptr;
  t.after_ = owner.timers;
  if (owner.timers != nullptr) owner.timers->before_ = &t;
  owner.timers = &t;
  return t;
}

void engine::free_timer(timer_event& t) {
  (t.before_ != nullptr ? t.before_->after_ : t.owner_->timers) = t.after_;
  if (t.after_ != nullptr) t.after_->before_ = t.before_;
  free_timers_.push_back(t.slot_);
}

void engine::drop_timers(proc& owner) {
  while (owner.timers != nullptr) {
    queue_.cancel(*owner.timers);
    owner.timers->drop();
  }
}

// Procs.

proc* engine::find_living(proc_id id) noexcept {
  auto const at = by_id_.find(id);
  return at == by_id_.end() || at->second->muted || !at->second->started ? nullptr : at->second;
}

proc& engine::add_proc(launch_request request, proc_id by) {
  host& on = *find_host(request.id.host);
  entity_key const place = child_key(on.key, "proc", request.name, request.id.ordinal);
  entity_key const key = child_key(place, "life", "", request.id.incarnation);
  proc_id const id = request.id;
  procs_.push_back(std::make_unique<proc>(*this, on, std::move(request), by, key));
  by_id_[id] = procs_.back().get();
  return *procs_.back();
}

void engine::start(proc& who) {
  who.started = true;
  recorder_.note(record::proc_started, who.key.value);
  check::observation seen;
  seen.what = check::observed::proc_started;
  seen.actor.proc = who.id;
  seen.other.proc = who.launched_by;
  seen.key = who.key;
  report_observation(*this, seen);
  begin_step(who.control, control_time_);
  who.start(program_);
}

void engine::launch(proc& by, launch_request request) {
  proc_id const id = request.id;
  recorder_.note(record::launch, by.key.value, ++by.launches, hash_of(id));
  if (recorder_.tracing()) recorder_.say(to_string(by.id) + " launches " + to_string(id) + " (" + request.name + ")");
  host* const on = find_host(id.host);
  if (on == nullptr || by_id_.contains(id)) {
    std::string const why = on == nullptr ? "there is no such host" : "a proc of that id was launched before";
    proc_id const asked = by.id;
    schedule(now_, by.key, ++by.words, [this, asked, id, why] {
      proc* const launcher = find_living(asked);
      if (launcher != nullptr) say_exited(*launcher, id, error(errc::launch_failed, why, to_string(id)));
    });
    return;
  }
  add_proc(std::move(request), by.id);
  proc_id const root = procs_.front()->id;
  if (by.id == root) {
    order(id);
  } else {
    carry_request(by, id, now_ + (by.id.host == root.host ? control_time_ : network_.delay(by, root)));
  }
}

void engine::carry_request(proc& by, proc_id id, moment at) {
  std::uint32_t const life = by.on.crashes;
  schedule(at, by.key, ++by.words, [this, &by, id, life] {
    proc* const root = find_living(procs_.front()->id);
    if (root == nullptr || by.on.crashes != life) return forgo(id);
    // The host's agent keeps the request until there is a path again.
    if (network_.is_cut(by.id, root->id)) return carry_request(by, id, now_ + agents_patience);
    say_launching(*root, id, by.id);
  });
}

void engine::forgo(proc_id id) {
  proc& never = *by_id_.at(id);
  never.mute();
  never.ended = true;
  stop_when_all_ended();
}

void engine::order(proc_id id) {
  proc& born = *by_id_.at(id);
  proc& root = *procs_.front();
  moment const typical = knobs_.get(knob_launch_time);
  moment const takes =
      slowed(born, typical / 2 + static_cast<moment>(scale_below(keyed_hash(seed_, draw_domain::network, born.key, 0).low,
                                                                 static_cast<std::uint64_t>(typical))));
  moment const ordered = root.id.host == id.host ? 0 : network_.delay(root, id);
  std::uint32_t const life = born.on.crashes;
  schedule(now_ + ordered + takes, born.key, 0, [this, &born, life] { try_start(born, life); });
}

void engine::try_start(proc& who, std::uint32_t host_life) {
  if (who.ended) return;
  bool const unreachable = network_.is_cut(procs_.front()->id, who.id);
  if (who.on.down || who.on.crashes != host_life || unreachable) {
    forgo(who.id);
    moment const later = now_ + knobs_.get(knob_connect_timeout);
    proc_id const asked = who.launched_by;
    proc_id const id = who.id;
    schedule(later, who.key, 1, [this, asked, id] {
      if (proc* const launcher = find_living(asked)) {
        error why(errc::launch_failed, "the host does not answer", to_string(id.host));
        why.simulated = true;
        say_exited(*launcher, id, std::move(why));
      }
    });
    return;
  }
  tell_launcher(who, {}, false);
  start(who);
}

void engine::tell_launcher(proc& who, error why, bool exited) {
  proc* const launcher = find_living(who.launched_by);
  if (launcher == nullptr) return;
  moment at = now_ + (who.id.host == launcher->id.host ? control_time_ : network_.delay(who, launcher->id));
  carry_word(who, std::move(why), exited, at);
}

void engine::carry_word(proc& who, error why, bool exited, moment at) {
  std::uint32_t const life = who.on.crashes;
  schedule(at, who.key, ++who.words, [this, &who, exited, life, why = std::move(why)]() mutable {
    proc* const hears = find_living(who.launched_by);
    if (hears == nullptr || who.on.crashes != life) return;
    // The host's agent keeps the word until there is a path again.
    if (network_.is_cut(who.id, who.launched_by)) return carry_word(who, std::move(why), exited, now_ + agents_patience);
    if (!std::exchange(who.told_of_launch, true)) say_launched(*hears, who.id);
    if (exited) say_exited(*hears, who.id, std::move(why));
  });
}

namespace {

/// That another proc launches one, to the root.
class launching_word final : public control_item {
 public:
  launching_word(proc& root, proc_id about, proc_id by) : root_(root), about_(about), by_(by) {}
  void fire() override { root_.control.offer(*this); }
  void run() override {
    proc& root = root_;
    proc_id const about = about_;
    proc_id const by = by_;
    delete this;
    root.sim.records().note(record::launch, root.key.value, hash_of(about), 3);
    if (root.sim.records().tracing())
      root.sim.records().say(to_string(root.id) + " hears that " + to_string(by) + " launches " + to_string(about));
    if (root.launcher_listener != nullptr) root.launcher_listener->launching(about, by);
    root.sim.order(about);
  }
  void drop() override {
    root_.sim.forgo(about_);
    delete this;
  }

 private:
  proc& root_;
  proc_id about_;
  proc_id by_;
};

/// A launcher's word to its proc.
class launcher_word final : public control_item {
 public:
  launcher_word(proc& to, proc_id about, bool exited, error why)
      : to_(to), about_(about), why_(std::move(why)), exited_(exited) {}
  void fire() override { to_.control.offer(*this); }
  void run() override {
    proc& to = to_;
    proc_id const about = about_;
    error why = std::move(why_);
    bool const exited = exited_;
    delete this;
    to.sim.records().note(record::launch, to.key.value, hash_of(about), exited ? 2 : 1);
    if (to.sim.records().tracing()) {
      to.sim.records().say(to_string(to.id) + " hears that " + to_string(about) + (exited ? " exited" : " runs"));
    }
    if (to.launcher_listener == nullptr) return;
    if (exited) {
      to.launcher_listener->exited(about, std::move(why));
    } else {
      to.launcher_listener->launched(about);
    }
  }
  void drop() override { delete this; }

 private:
  proc& to_;
  proc_id about_;
  error why_;
  bool exited_;
};

}  // namespace

void engine::say_launching(proc& to, proc_id about, proc_id by) { (new launching_word(to, about, by))->fire(); }
void engine::say_launched(proc& to, proc_id about) { (new launcher_word(to, about, false, {}))->fire(); }
void engine::say_exited(proc& to, proc_id about, error why) { (new launcher_word(to, about, true, std::move(why)))->fire(); }

void engine::kill(proc& by, proc_id id) {
  carry_kill(by, id, now_ + (by.id.host == id.host ? control_time_ : network_.delay(by, id)));
}

void engine::carry_kill(proc& by, proc_id id, moment at) {
  schedule(at, by.key, ++by.words, [this, &by, id] {
    auto const found = by_id_.find(id);
    if (found == by_id_.end()) return;
    if (network_.is_cut(by.id, id)) return carry_kill(by, id, now_ + agents_patience);
    end_proc(*found->second, check::observed::proc_exited, false,
             error(errc::proc_failed, "the proc was killed by its launcher", to_string(id)));
  });
}

void engine::crash(proc& who, bool with_host) {
  if (who.ended || who.crashing) return;
  who.crashing = true;
  recorder_.note(record::proc_crashed, who.key.value);
  if (recorder_.tracing()) recorder_.say(to_string(who.id) + (with_host ? " ends with its host" : " crashes"));
  auto const end = [this, &who, with_host] {
    error why(errc::proc_failed, "the process was killed by a fault", to_string(who.id));
    why.simulated = true;
    end_proc(who, check::observed::proc_crashed, with_host, std::move(why));
  };
  if (ROOST_PLANT(crash_still_sends) && who.started) {
    report_end(who, check::observed::proc_crashed, with_host, errc::proc_failed);
    schedule(now_ + planted_afterlife, who.key, ++who.words, end);
    return;
  }
  who.mute();
  after_step_.push_back(end);
}

void engine::finish(proc& who, error why) {
  if (who.finishing) return;
  who.finishing = true;
  recorder_.note(record::finished, who.key.value, static_cast<std::uint64_t>(why.code));
  if (recorder_.tracing()) recorder_.say(to_string(who.id) + " finishes: " + std::string(to_string(why.code)));
  if (who.id == procs_.front()->id) {
    // The program is over; what it launched must end by itself, as it would on real hosts.
    root_finished_ = true;
    program_error_ = why;
    deadline_ = now_ + scenario_.settle_limit.count();
    after_step_.push_back([this] { faults_.end(); });
  }
  after_step_.push_back([this, &who, why = std::move(why)] { end_proc(who, check::observed::proc_exited, false, why); });
}

void engine::report_end(proc& who, check::observed how, bool silently, errc why) {
  check::observation seen;
  seen.what = how;
  seen.actor.proc = who.id;
  seen.key = who.key;
  seen.outcome = why;
  seen.flag = silently;
  recorder_.note(record::proc_ended, who.key.value, static_cast<std::uint64_t>(why));
  report_observation(*this, seen);
}

void engine::end_proc(proc& who, check::observed how, bool silently, error why) {
  if (who.ended) return;
  bool const ran = who.started;
  who.mute();
  if (ran) report_end(who, how, silently, why.code);
  who.unwind();
  network_.proc_gone(who, silently);
  if (!silently) {
    who.end = std::make_unique<error const>(why);
    tell_launcher(who, std::move(why), true);
  }
  stop_when_all_ended();
  if (&who == procs_.front().get() && !root_finished_) {
    stopping_ = true;
    program_error_ = error(errc::proc_failed, "the root's process ended", to_string(who.id));
  }
}

void engine::stop_when_all_ended() {
  if (root_finished_ && std::all_of(procs_.begin(), procs_.end(), [](auto const& p) { return p->ended; })) stopping_ = true;
}

void engine::tear_down() {
  // Nothing of what follows is seen: everyone is mute before anyone is unwound.
  for (auto const& p : procs_) p->mute();
  std::vector<proc*> order;
  for (auto const& [id, p] : by_id_) order.push_back(p);
  for (proc* p : order) {
    if (!p->ended) p->unwind();
  }
}

run_result run(scenario const& what, run_options const& options, proc_program& program) {
  engine sim(what, options, program);
  return sim.run();
}

}  // namespace roost::sim
