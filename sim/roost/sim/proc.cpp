#include <roost/sim/proc.hpp>

#include <roost/sim/engine.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace roost::sim {

proc::proc(engine& e, roost::sim::host& where, launch_request request, proc_id by, entity_key its_key)
    : sim(e),
      on(where),
      id(request.id),
      name(std::move(request.name)),
      launched_by(by),
      key(its_key),
      user(e, *this, lane::user, child_key(its_key, "lane", "user"), ready_set(e.policy(), e.seed())),
      control(e, *this, lane::control, child_key(its_key, "lane", "control"), ready_set(e.policy(), e.seed())),
      shared_workers(e.workers()),
      bootstrap(std::move(request.bootstrap)),
      timer_key_(child_key(its_key, "timers", "")) {
  seams.clock = &clock_;
  seams.executor = &executor_;
  seams.transport = &transport_;
  seams.launcher = &launcher_;
  seams.entropy = &entropy_;
  seams.store = &store_;
  seams.log = &log_;
  seams.observer = &observer_;
  seams.probes = &probes_;
  seams.knobs = &e.knobs();
  seams.lock = &lock_;
  seams.key = key;
  for (std::uint32_t each = 1; each != shared_workers; ++each) {
    other_workers.push_back(make_worker(child_key(key, "lane", "user", each)));
  }
}

proc::~proc() = default;

std::unique_ptr<lane_runner> proc::make_worker(entity_key its_key) {
  auto made = std::make_unique<lane_runner>(sim, *this, lane::user, its_key, ready_set(sim.policy(), sim.seed()));
  if (sim.settling()) made->make_fair();
  return made;
}

lane_runner& proc::worker(std::uint32_t number) noexcept { return number == 0 ? user : *other_workers[number - 1]; }

void proc::start(proc_program& program) {
  instance_ = program.make(seams, id, std::move(bootstrap));
  instance_->begin();
}

void proc::mute() {
  if (muted) return;
  muted = true;
  muted_at = sim.now();
  each_lane([](lane_runner& each) { each.clear(); });
  sim.drop_timers(*this);
  transport_listener = nullptr;
  launcher_listener = nullptr;
}

void proc::unwind() {
  mute();
  ended = true;
  if (instance_ == nullptr) return;
  set_current_platform(&seams);
  set_inside(&library);
  instance_->unwind();
  instance_.reset();
  set_inside(nullptr);
  set_current_platform(nullptr);
}

// Clock.

instant simulated_clock::now() const { return self_.on.clocks.monotonic_at(self_.muted ? self_.muted_at : self_.sim.now()); }
instant simulated_clock::boot() const { return self_.on.clocks.boot_at(self_.muted ? self_.muted_at : self_.sim.now()); }
std::int64_t simulated_clock::wall() const { return self_.on.clocks.wall_at(self_.muted ? self_.muted_at : self_.sim.now()); }

void simulated_clock::arm(timer& t, instant when) {
  if (self_.muted) return;
  timer_event* e = nullptr;
  if (t.slot != 0) {
    e = &self_.sim.timer_in(t.slot);
    if (std::exchange(e->due_, false)) self_.control.retract(*e);
  } else {
    e = &self_.sim.take_timer(self_, t);
    t.slot = e->slot_;
  }
  e->number_ = ++self_.timers_armed_;
  // What lies beyond 146 years never comes.
  if (when.time_since_epoch().count() > (std::int64_t{1} << 62)) {
    self_.sim.queue().cancel(*e);
    return;
  }
  e->at_ = std::max(self_.sim.now(), self_.on.clocks.when_monotonic_is(when));
  // Moved to a later moment it stays where it is, and goes on from there when its old moment comes.
  if (e->queued() && e->queued_at_ <= e->at_) return;
  e->enqueue();
}

void timer_event::enqueue() {
  queued_at_ = at_;
  event_order const order{at_, owner_->timer_key_.value, number_};
  if (queued()) {
    owner_->sim.queue().move(*this, order);
  } else {
    owner_->sim.queue().push(*this, order);
  }
}

void simulated_clock::disarm(timer& t) {
  if (t.slot == 0) return;
  timer_event& e = self_.sim.timer_in(t.slot);
  if (e.due_) {
    self_.control.retract(e);
  } else {
    self_.sim.queue().cancel(e);
  }
  t.slot = 0;
  self_.sim.free_timer(e);
}

void timer_event::fire() {
  if (at_ > queued_at_) return enqueue();
  due_ = true;
  owner_->control.offer(*this);
}

void timer_event::run() {
  proc& owner = *owner_;
  timer& what = *what_;
  auto& records = owner.sim.records();
  records.note(record::timer, owner.key.value, number_);
  if (records.tracing()) records.say(to_string(owner.id) + " timer " + std::to_string(number_));
  what.slot = 0;
  owner.sim.free_timer(*this);
  what.expired();
}

void timer_event::drop() {
  what_->slot = 0;
  owner_->sim.free_timer(*this);
}

// Executor.

void simulated_executor::ready(runnable& r, lane where) {
  if (self_.muted) return;
  if (where == lane::control) return self_.control.ready(r);
  if (self_.shared_workers != 1 && r.worker < self_.shared_workers && !r.queued && r.may_move()) spread(r);
  self_.worker(r.worker).ready(r);
}

void simulated_executor::withdraw(runnable& r) {
  if (!r.queued) return;
  self_.worker(r.worker).withdraw(r);
  self_.control.withdraw(r);
}

/// Half of those who would wait for their worker go to one that has nothing to do; but nobody whose own step keeps it busy.
void simulated_executor::spread(runnable& r) {
  if (self_.worker(r.worker).idle() || self_.worker(r.worker).works_for(r.key)) return;
  if ((keyed_hash(self_.sim.seed(), draw_domain::schedule, child_key(r.key, "worker", "spread"), r.steps).low & 1) != 0) return;
  for (std::uint32_t each = 0; each != self_.shared_workers; ++each) {
    if (!self_.worker(each).idle()) continue;
    reachable("sim: an actor moved to an idle worker");
    r.worker = each;
    return;
  }
}

void simulated_executor::spend(nanoseconds duration) {
  lane_runner* const running = self_.sim.running();
  if (self_.muted || running == nullptr || &running->owner() != &self_ || duration.count() <= 0) return;
  // Longer than any run: more would not fit into a moment.
  constexpr moment longest = nanoseconds(24h * 365).count();
  if (running->spent() < longest) running->spend(self_.sim.slowed(self_, std::min(duration.count(), longest)));
  constexpr moment much = nanoseconds(1ms).count();
  if (running->spent() < much) return;
  check::observation seen;
  seen.what = check::observed::kept_busy;
  seen.actor.proc = self_.id;
  seen.deadline = instant(nanoseconds(running->busy_until()));
  report_observation(self_.sim, seen);
}

instant simulated_executor::offloaded(nanoseconds duration) {
  return self_.seams.clock->now() + nanoseconds(self_.sim.slowed(self_, std::max<std::int64_t>(0, duration.count())));
}

std::uint32_t simulated_executor::place(entity_key key, bool dedicated) {
  if (self_.muted) return 0;
  if (!dedicated) {
    if (self_.shared_workers == 1) return 0;
    auto const drawn = keyed_hash(self_.sim.seed(), draw_domain::schedule, child_key(key, "worker", "place"), 0).low;
    return static_cast<std::uint32_t>(scale_below(drawn, self_.shared_workers));
  }
  auto& all = self_.other_workers;
  auto const free = std::find(all.begin() + (self_.shared_workers - 1), all.end(), nullptr);
  auto const at = free != all.end() ? free : all.insert(all.end(), nullptr);
  *at = self_.make_worker(child_key(self_.key, "lane", "dedicated", key.value));
  return static_cast<std::uint32_t>(at - all.begin()) + 1;
}

void simulated_executor::leave(std::uint32_t worker) {
  if (worker < self_.shared_workers || self_.muted) return;
  self_.other_workers[worker - 1]->clear();
  self_.other_workers[worker - 1].reset();
}

namespace {

/// Code that runs beside its handler is all there is of other threads, and it runs at once.
class simulated_door final : public side_door {
 public:
  explicit simulated_door(proc& self) : self_(self) {}
  bool enter(unique_function<void()> task) override {
    if (self_.muted) return false;
    runtime_entry const inside;
    task();
    return true;
  }
  void change(unique_function<void()> how) override { how(); }
  bool wait(unique_function<bool()> holds, nanoseconds) override {
    if (self_.muted || holds()) return !self_.muted;
    throw exception(
        error(errc::would_block, "there are no other threads in simulation, so that a thread that blocks is never woken"));
  }

 private:
  proc& self_;
};

}  // namespace

std::shared_ptr<side_door> simulated_executor::door() { return std::make_shared<simulated_door>(self_); }

fiber_pool& simulated_executor::fibers() { return self_.sim.fibers(); }

// The C library.

moment simulated_library::look() {
  // A look at the clock takes 20 ns of the step, and the step's own time is seen, so that a loop that waits for a time ends.
  constexpr nanoseconds a_look{20};
  if (self_.muted) return self_.muted_at;
  self_.seams.executor->spend(a_look);
  lane_runner const* const running = self_.sim.running();
  return running == nullptr ? self_.sim.now() : self_.sim.now() + running->spent();
}

std::int64_t simulated_library::monotonic() { return self_.on.clocks.monotonic_at(look()).time_since_epoch().count(); }
std::int64_t simulated_library::boot() { return self_.on.clocks.boot_at(look()).time_since_epoch().count(); }
std::int64_t simulated_library::wall() { return self_.on.clocks.wall_at(look()); }
void simulated_library::blocks(std::int64_t duration) { self_.seams.executor->spend(nanoseconds(duration)); }
std::uint64_t simulated_library::random_word() { return self_.seams.entropy->draw(self_.key); }
std::string simulated_library::name() const { return to_string(self_.id) + " (" + self_.name + ")"; }

// Transport.

void simulated_transport::attach(transport_events* events) {
  if (!self_.muted) self_.transport_listener = events;
}

channel_id simulated_transport::connect(proc_id peer) {
  if (!self_.muted) return self_.sim.net().connect(self_, peer).number;
  self_.channels.push_back(nullptr);
  return self_.channels.size();
}

send_status simulated_transport::send(channel_id c, shared_bytes const& frame) {
  if (!self_.muted && self_.doomed_sends != 0 && --self_.doomed_sends == 0) self_.sim.crash(self_, false);
  if (self_.muted) return send_status::sent;
  channel_end* const end = c == 0 || c > self_.channels.size() ? nullptr : self_.channels[c - 1];
  if (end == nullptr) return send_status::closed;
  return self_.sim.net().send(*end, frame);
}

void simulated_transport::close(channel_id c) {
  if (self_.muted || c == 0 || c > self_.channels.size() || self_.channels[c - 1] == nullptr) return;
  self_.sim.net().close(*self_.channels[c - 1]);
}

bytes simulated_transport::max_frame() const { return self_.sim.what().max_frame; }

// Launcher.

void simulated_launcher::attach(launcher_events* events) {
  if (!self_.muted) self_.launcher_listener = events;
}

std::vector<host_id> simulated_launcher::hosts() const {
  std::vector<host_id> all{self_.on.id};
  for (host const& each : self_.sim.hosts()) {
    if (each.id != self_.on.id) all.push_back(each.id);
  }
  return all;
}

void simulated_launcher::launch(launch_request request) {
  if (!self_.muted) self_.sim.launch(self_, std::move(request));
}

void simulated_launcher::kill(proc_id id) {
  if (!self_.muted) self_.sim.kill(self_, id);
}

void simulated_launcher::look_at_host() {
  if (!self_.muted) self_.sim.look_at_host(self_);
}

void simulated_launcher::finish(error why) {
  if (!self_.muted) self_.sim.finish(self_, std::move(why));
}

// Entropy, store, log.

std::uint64_t simulated_entropy::draw(entity_key key) {
  if (self_.muted) return 0;
  std::uint64_t const count = self_.entropy_draws[key.value]++;
  std::uint64_t const word =
      keyed_hash(self_.sim.seed(), draw_domain::entropy, child_key(self_.key, "entropy", "", key.value), count).low;
  auto& records = self_.sim.records();
  records.note(record::drawn, self_.key.value, key.value, word);
  if (records.tracing()) records.say(to_string(self_.id) + " draws " + std::to_string(word));
  return word;
}

result<void> simulated_store::append(std::string_view file, std::span<std::byte const> data) {
  if (self_.muted) return {};
  auto& records = self_.sim.records();
  records.note(record::stored, self_.key.value, hash_text(file), data.size(), hash_bytes(data));
  if (records.tracing())
    records.say(to_string(self_.id) + " appends " + std::to_string(data.size()) + " bytes to " + std::string(file));
  auto& content = self_.on.files[std::string(file)];
  content.insert(content.end(), data.begin(), data.end());
  return {};
}

result<void> simulated_store::sync(std::string_view) { return {}; }

void simulated_log::write(log_level level, log_source const& source, std::string_view line, std::span<log_field const> fields) {
  auto& records = self_.sim.records();
  if (self_.muted || !records.tracing()) return;
  constexpr std::string_view names[] = {"debug", "info", "warning", "failure"};
  auto text = to_string(self_.id) + " log " + std::string(names[static_cast<std::size_t>(level)]) + " " +
              std::string(source.name) + ": " + std::string(line);
  append_text_fields(text, fields);
  records.say(text);
}

// Probes.

void simulated_probes::always(bool held, std::string_view name, std::string_view where) {
  if (held || self_.muted) return;
  self_.sim.records().violated(std::string(name), "always(" + std::string(name) + ") does not hold in " + to_string(self_.id) +
                                                      (where.empty() ? "" : " at " + std::string(where)));
}

void simulated_probes::sometimes(std::string_view name) {
  if (!self_.muted) ++self_.sim.sometimes_count(name);
}

void simulated_probes::expect_sometimes(std::string_view name) {
  if (!self_.muted) static_cast<void>(self_.sim.sometimes_count(name));
}

bool simulated_probes::buggify(std::string_view name) {
  std::uint32_t const ppm = self_.sim.what().faults.buggify_ppm;
  if (self_.muted || ppm == 0 || self_.sim.settling()) return false;
  entity_key const site = child_key(self_.key, "buggify", name);
  std::uint64_t const count = self_.buggify_draws[site.value]++;
  return scale_below(keyed_hash(self_.sim.seed(), draw_domain::buggify, site, count).low, 1'000'000) < ppm;
}

}  // namespace roost::sim
