#pragma once
// Procs with fake seams for the tests of this floor: virtual time, one queue of events, a network that breaks as told.

#include <roost/base/keyed.hpp>
#include <roost/link/session_table.hpp>

#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <vector>

namespace roost::link::testing {

/// Chances are parts of 65,536 for each frame or connection.
struct fault_rates {
  std::uint64_t loss = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t corrupt = 0;
  std::uint64_t reset = 0;
  std::uint64_t half_open = 0;  ///< Of the resets: only one end, or none, hears of it.
  std::uint64_t refuse = 0;
  std::uint64_t buggify = 0;
  nanoseconds latency{50us};
  nanoseconds spread{0};        ///< Frames of a channel overtake each other within it.
  std::size_t room = 1u << 20;  ///< Frames under way before the transport is full.
};

/// Virtual time and what happens in it.
class world {
 public:
  explicit world(std::uint64_t seed) : draws_(seed, draw_domain::network, {1}) {}

  instant now() const noexcept { return now_; }
  void at(instant when, std::function<void()> what) { events_.push({std::max(when, now_), order_++, std::move(what)}); }
  void after(nanoseconds delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }
  std::uint64_t below(std::uint64_t bound) { return draws_.below(bound); }
  bool chance(std::uint64_t parts) { return parts != 0 && below(65'536) < parts; }
  nanoseconds up_to(nanoseconds longest) {
    return nanoseconds(static_cast<std::int64_t>(below(static_cast<std::uint64_t>(longest.count()) + 1)));
  }

  bool step() {
    if (events_.empty()) return false;
    auto next = std::move(const_cast<event&>(events_.top()));
    events_.pop();
    now_ = next.when;
    ++steps_;
    next.what();
    return true;
  }
  void run_until(instant end) {
    while (!events_.empty() && events_.top().when <= end) step();
    now_ = std::max(now_, end);
  }
  /// True when nothing is left to happen before `end`.
  bool run_dry(instant end) {
    while (!events_.empty() && events_.top().when <= end) step();
    return events_.empty();
  }
  std::uint64_t steps() const noexcept { return steps_; }

 private:
  struct event {
    instant when;
    std::uint64_t order;
    std::function<void()> what;
    bool operator<(event const& other) const { return when != other.when ? when > other.when : order > other.order; }
  };
  std::priority_queue<event> events_;
  keyed_stream draws_;
  instant now_{};
  std::uint64_t order_ = 0;
  std::uint64_t steps_ = 0;
};

class fake_net;

/// One proc: its seams, and the sessions on them.
class fake_proc final : public clock, public executor, public transport, public entropy, public probe_sink {
 public:
  fake_proc(world& w, fake_net& net, proc_id id, knob_values const& knobs, identity who, session_events& events,
            std::set<std::string>& seen, bool keeps_bytes = false, nanoseconds lease = nanoseconds::max())
      : world_(w),
        net_(net),
        id_(id),
        knobs_(knobs),
        draws_(id.host.value, draw_domain::entropy, {id.ordinal}),
        seen_(seen),
        keeps_bytes_(keeps_bytes) {
    seams_.clock = this;
    seams_.executor = this;
    seams_.transport = this;
    seams_.entropy = this;
    seams_.probes = this;
    seams_.knobs = &knobs_;
    seams_.key = {id.host.value * 1000 + id.incarnation};
    who.self = id;
    platform_scope scope(&seams_);
    table = std::make_unique<session_table>(seams_, std::move(who), events, lease);
  }

  ~fake_proc() { die(); }

  /// Runs `what` as this proc, unless it is dead.
  void as_self(std::function<void()> const& what) {
    if (table == nullptr) return;
    platform_scope scope(&seams_);
    what();
  }
  void die() {
    platform_scope scope(&seams_);
    dying_ = true;
    table.reset();
  }
  bool alive() const noexcept { return table != nullptr && !dying_; }
  proc_id id() const noexcept { return id_; }
  transport_events* listener() noexcept { return alive() ? listener_ : nullptr; }
  knob_values const& knobs() const noexcept { return knobs_; }

  instant now() const override { return world_.now(); }
  instant boot() const override { return world_.now(); }
  std::int64_t wall() const override { return world_.now().time_since_epoch().count(); }
  void arm(timer& t, instant when) override {
    timers_.erase(t.slot);
    auto const slot = ++slots_;
    t.slot = slot;
    timers_[slot] = &t;
    world_.at(when, [this, slot] {
      auto const found = timers_.find(slot);
      if (found == timers_.end()) return;
      auto* due = found->second;
      timers_.erase(found);
      if (due->slot != slot) return;
      due->slot = 0;
      as_self([due] { due->expired(); });
    });
  }
  void disarm(timer& t) override {
    timers_.erase(t.slot);
    t.slot = 0;
  }

  void ready(runnable& r, lane) override {
    if (r.queued) return;
    r.queued = true;
    auto const turn = ++turns_;
    queued_[&r] = turn;
    world_.after(world_.up_to(3us), [this, turn, at = &r] {
      auto const found = queued_.find(at);
      if (found == queued_.end() || found->second != turn) return;
      queued_.erase(found);
      at->queued = false;
      as_self([at] { at->run(); });
    });
  }
  void withdraw(runnable& r) override {
    queued_.erase(&r);
    r.queued = false;
  }
  void spend(nanoseconds) override {}
  bool run_beside(unique_function<void()> body, unique_function<void()>) override {
    body();
    return false;
  }
  instant offloaded(nanoseconds) override { return now(); }
  std::uint32_t place(entity_key, bool) override { return 0; }
  void leave(std::uint32_t) override {}
  void run_on(std::uint32_t, unique_function<void()> task) override { task(); }
  std::shared_ptr<side_door> door() override { return nullptr; }
  fiber_pool& fibers() override { std::terminate(); }

  void attach(transport_events* events) override { listener_ = events; }
  channel_id connect(proc_id peer) override;
  send_status send(channel_id c, shared_bytes const& frame) override;
  void close(channel_id c) override;
  bytes max_frame() const override { return {1u << 20}; }
  bool keeps_bytes() const override { return keeps_bytes_; }

  std::uint64_t draw(entity_key) override { return draws_.next(); }

  void always(bool held, std::string_view name, std::string_view) override {
    if (!held) throw std::runtime_error("always: " + std::string(name));
  }
  void sometimes(std::string_view name) override { seen_.emplace(name); }
  void expect_sometimes(std::string_view) override {}
  bool buggify(std::string_view) override;

  std::unique_ptr<session_table> table;

 private:
  world& world_;
  fake_net& net_;
  proc_id id_;
  knob_values knobs_;
  keyed_stream draws_;
  std::set<std::string>& seen_;
  bool keeps_bytes_;
  platform seams_;
  transport_events* listener_ = nullptr;
  bool dying_ = false;
  std::uint64_t slots_ = 0;
  std::uint64_t turns_ = 0;
  std::map<std::uint64_t, timer*> timers_;
  std::map<runnable*, std::uint64_t> queued_;  // banned-call: looked up, never walked
};

/// The network between the procs.
class fake_net {
 public:
  explicit fake_net(world& w) : world_(w) {}

  fault_rates rates;
  /// Called with every whole frame that a proc hands to its transport, and that one receives undamaged.
  std::function<void(proc_id from, proc_id to, shared_bytes const&)> on_sent;
  std::function<void(proc_id from, proc_id to, shared_bytes const&)> on_received;
  std::uint64_t resets = 0;
  std::uint64_t frames = 0;

  void add(fake_proc& p) { procs_[{p.id().host, p.id().ordinal}] = &p; }
  void cut_way(host_id from, host_id to) { cut_.insert({from, to}); }
  void heal_ways(host_id a, host_id b) {
    cut_.erase({a, b});
    cut_.erase({b, a});
  }
  void heal() {
    cut_.clear();
    auto const latency = rates.latency;
    rates = {};
    rates.latency = latency;
  }
  bool passes(proc_id from, proc_id to) const { return !cut_.contains({from.host, to.host}); }
  /// Closes a channel at both ends, as a reset does.
  void reset_all() {
    for (auto& [number, l] : lines_) reset(number, l);
  }

  channel_id connect(fake_proc& from, proc_id to) {
    auto const number = ++numbers_;
    auto& l = lines_[number];
    l.ends[0].proc = &from;
    l.ends[0].open = true;
    auto const found = procs_.find({to.host, to.ordinal});
    auto* const other = found == procs_.end() ? nullptr : found->second;
    auto const refused = other == nullptr || !other->alive() || world_.chance(rates.refuse);
    world_.after(delay(), [this, number, other, refused, id = from.id(), to] {
      if (!passes(id, to) || !passes(to, id)) return;  // Neither is told.
      auto& asked = lines_[number];
      if (!asked.ends[0].open) return;
      if (refused || other->listener() == nullptr) {
        hear_closed(number, 0);
        return;
      }
      asked.ends[1].proc = other;
      asked.ends[1].open = true;
      other->as_self([&] { other->listener()->connected(2 * number + 1, id, false); });
      world_.after(delay(), [this, number, other] {
        auto& back = lines_[number];
        auto* const self = back.ends[0].proc;
        if (!back.ends[0].open || !self->alive()) return;
        self->as_self([&] { self->listener()->connected(2 * number, other->id(), true); });
      });
    });
    return 2 * number;
  }

  send_status send(channel_id c, shared_bytes const& frame) {
    auto const number = c / 2;
    auto const side = static_cast<std::size_t>(c % 2);
    auto& l = lines_[number];
    auto& from = l.ends[side];
    if (!from.open) return send_status::closed;
    if (from.under_way >= rates.room) {
      from.wants_room = true;
      return send_status::full;
    }
    ++frames;
    auto* const target = l.ends[1 - side].proc;
    if (target == nullptr) return send_status::sent;
    if (on_sent) on_sent(from.proc->id(), target->id(), frame);
    auto const copies = world_.chance(rates.duplicate) ? 2 : 1;
    for (int i = 0; i != copies; ++i) {
      auto lost = world_.chance(rates.loss) || !passes(from.proc->id(), target->id());
      auto data = frame;
      auto damaged = false;
      if (world_.chance(rates.corrupt)) {
        std::vector<std::byte> copy(frame.view().begin(), frame.view().end());
        copy[world_.below(copy.size())] ^= static_cast<std::byte>(1 + world_.below(255));
        data = shared_bytes(copy);
        damaged = true;
      }
      ++from.under_way;
      world_.after(delay(), [this, number, side, lost, damaged, data] { arrive(number, side, lost, damaged, data); });
    }
    if (world_.chance(rates.reset)) {
      world_.after(world_.up_to(2 * rates.latency), [this, number] { reset(number, lines_[number]); });
    }
    return send_status::sent;
  }

  void close(channel_id c) {
    auto const number = c / 2;
    auto const side = static_cast<std::size_t>(c % 2);
    auto& l = lines_[number];
    if (!l.ends[side].open) return;
    l.ends[side].open = false;
    if (l.ends[1 - side].proc == nullptr) return;
    auto const heard = passes(l.ends[side].proc->id(), l.ends[1 - side].proc->id());
    if (heard) world_.after(delay(), [this, number, side] { hear_closed(number, 1 - side); });
  }

  /// The proc is dead: its channels close at the other end, later or never.
  void died(fake_proc& p) {
    for (auto& [number, l] : lines_) {
      for (std::size_t side = 0; side != 2; ++side) {
        if (l.ends[side].proc != &p || !l.ends[side].open) continue;
        l.ends[side].open = false;
        if (!world_.chance(rates.half_open)) {
          world_.after(delay(), [this, n = number, side] { hear_closed(n, 1 - side); });
        }
      }
    }
  }

 private:
  struct end {
    fake_proc* proc = nullptr;
    bool open = false;
    bool wants_room = false;
    std::size_t under_way = 0;
  };
  struct line {
    end ends[2];
    bool dead = false;
  };

  nanoseconds delay() { return rates.latency + world_.up_to(rates.spread); }

  void hear_closed(std::uint64_t number, std::size_t side) {
    auto& e = lines_[number].ends[side];
    if (!e.open || e.proc == nullptr) return;
    e.open = false;
    if (e.proc->listener() == nullptr) return;
    e.proc->as_self([&] { e.proc->listener()->closed(2 * number + side, error(errc::unavailable, "the channel was reset")); });
  }

  void reset(std::uint64_t number, line& l) {
    if (l.dead) return;
    l.dead = true;
    ++resets;
    auto const half = world_.chance(rates.half_open);
    auto const deaf = half ? world_.below(3) : 3;
    for (std::size_t side = 0; side != 2; ++side) {
      if (deaf == 2 || deaf == side) continue;
      world_.after(world_.up_to(rates.latency), [this, number, side] { hear_closed(number, side); });
    }
  }

  void arrive(std::uint64_t number, std::size_t side, bool lost, bool damaged, shared_bytes const& data) {
    auto& l = lines_[number];
    auto& from = l.ends[side];
    auto& to = l.ends[1 - side];
    --from.under_way;
    if (from.wants_room && from.open && from.proc->alive()) {
      from.wants_room = false;
      world_.after(1us, [this, number, side] {
        auto& e = lines_[number].ends[side];
        if (e.open && e.proc->listener() != nullptr) {
          e.proc->as_self([&] { e.proc->listener()->writable(2 * number + side); });
        }
      });
    }
    if (lost || l.dead || !to.open || to.proc->listener() == nullptr) return;
    if (!passes(from.proc->id(), to.proc->id())) return;
    if (!damaged && on_received) on_received(from.proc->id(), to.proc->id(), data);
    to.proc->as_self([&] { to.proc->listener()->received(2 * number + (1 - side), data); });
  }

  world& world_;
  std::map<std::pair<host_id, std::uint32_t>, fake_proc*> procs_;
  std::map<std::uint64_t, line> lines_;
  std::set<std::pair<host_id, host_id>> cut_;
  std::uint64_t numbers_ = 0;
};

inline bool fake_proc::buggify(std::string_view) { return world_.chance(net_.rates.buggify); }
inline channel_id fake_proc::connect(proc_id peer) { return net_.connect(*this, peer); }
inline send_status fake_proc::send(channel_id c, shared_bytes const& frame) { return net_.send(c, frame); }
inline void fake_proc::close(channel_id c) { net_.close(c); }

}  // namespace roost::link::testing
