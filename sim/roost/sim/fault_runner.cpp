#include <roost/sim/fault_runner.hpp>

#include <roost/base/keyed.hpp>
#include <roost/sim/engine.hpp>
#include <roost/wire/fingerprint.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace roost::sim {
namespace {

endpoint_id endpoint_of(std::string const& name) {
  auto const dot = std::min(name.rfind('.'), name.size());
  auto const endpoint = dot == name.size() ? std::string_view() : std::string_view(name).substr(dot + 1);
  return {wire::endpoint_hash(std::string_view(name).substr(0, dot), endpoint)};
}

entity_key const heal_key = child_key({}, "fault", "heal");

}  // namespace

entity_key fault_runner::key_of(std::size_t index) const { return child_key({}, "fault", to_string(plan_[index])); }

void fault_runner::begin() {
  for (std::size_t i = 0; i != plan_.size(); ++i) {
    auto const& operation = plan_[i];
    quiet_at_ = std::max(quiet_at_, engine_.what().fault_window.count());
    if (operation.after_count != 0) {
      triggers_.push_back({endpoint_of(operation.trigger_endpoint), operation.after_count, i});
      continue;
    }
    moment const at = std::max<moment>(0, operation.at.time_since_epoch().count());
    quiet_at_ = std::max(quiet_at_, at + operation.duration.count());
    engine_.schedule(at, key_of(i), i, [this, i] { strike(i); });
  }
  // An instant later, or by the order of keys the last operation might come after it, and strike nobody.
  engine_.schedule(quiet_at_ + 1, heal_key, ~std::uint64_t{0}, [this] { end(); });
}

void fault_runner::end() {
  if (std::exchange(over_, true)) return;
  triggers_.clear();
  heal();
  engine_.settle();
}

void fault_runner::count_handler(endpoint_id endpoint, proc& where) {
  for (std::size_t t = 0; t < triggers_.size(); ++t) {
    if (triggers_[t].endpoint != endpoint || triggers_[t].left == 0 || --triggers_[t].left != 0) continue;
    std::size_t const i = triggers_[t].operation;
    auto const& operation = plan_[i];
    bool const kills = operation.kind == fault_kind::crash_proc || operation.kind == fault_kind::crash_host;
    // Where the handler itself is struck it goes no further; the rest happens when its step is over.
    if (kills && target_group(operation.group_a).covers(where.id) && !spared(operation, where)) where.mute();
    engine_.schedule(engine_.now(), key_of(i), i, [this, i] { strike(i); });
  }
}

bool fault_runner::spared(fault_operation const& operation, proc const& who) const {
  if (!engine_.what().faults.spare_root || operation.pinned) return false;
  proc_id const root = engine_.procs().front()->id;
  return operation.kind == fault_kind::crash_host ? who.id.host == root.host : who.id == root;
}

std::vector<proc*> fault_runner::targets(fault_operation const& operation, bool whole_hosts) {
  std::vector<proc*> found;
  auto const add = [&](proc* p) {
    if (std::find(found.begin(), found.end(), p) == found.end()) found.push_back(p);
  };
  target_group const group(operation.group_a);
  for (target const& wanted : group.members()) {
    for (auto const& p : engine_.procs()) {
      if (p->ended || !p->started || spared(operation, *p)) continue;
      if (whole_hosts ? !wanted.host || *wanted.host == p->id.host.value : wanted.covers(p->id)) add(p.get());
    }
  }
  return found;
}

void fault_runner::lasting(fault_operation const& operation, std::size_t index, std::uint64_t name) {
  if (operation.duration.count() == 0) return;
  engine_.schedule(engine_.now() + operation.duration.count(), key_of(index), ~std::uint64_t{0} - index, [this, index, name] {
    engine_.net().mend(name);
    engine_.records().note(record::fault_over, key_of(index).value);
    if (engine_.records().tracing()) engine_.records().say("over: " + to_string(plan_[index]));
  });
}

void fault_runner::strike(std::size_t index) {
  if (over_) return;
  auto const& operation = plan_[index];
  auto& records = engine_.records();
  records.note(record::fault, key_of(index).value);
  if (records.tracing()) records.say("fault: " + to_string(operation));
  network& net = engine_.net();
  switch (operation.kind) {
    case fault_kind::partition: lasting(operation, index, net.cut(target_pair(operation), true)); return;
    case fault_kind::partition_one_way: lasting(operation, index, net.cut(target_pair(operation), false)); return;
    case fault_kind::network_noise: lasting(operation, index, net.disturb(operation)); return;
    case fault_kind::half_open: hits_ += net.half_open(target_pair(operation)) != 0 ? 1 : 0; return;
    case fault_kind::reset: hits_ += net.reset(target_pair(operation)) != 0 ? 1 : 0; return;
    case fault_kind::heal: heal(); return;
    case fault_kind::crash_proc:
    case fault_kind::crash_host:
    case fault_kind::pause_proc: strike_procs(operation, index); return;
    case fault_kind::slow_host:
    case fault_kind::clock_step: strike_hosts(operation, index); return;
  }
}

void fault_runner::strike_procs(fault_operation const& operation, std::size_t index) {
  bool const with_host = operation.kind == fault_kind::crash_host;
  bool hit = false;
  auto const those = targets(operation, with_host);
  if (those.empty() && !with_host && engine_.records().tracing())
    engine_.records().say("fault: " + to_string(operation) + ": nobody is there");
  for (proc* p : those) {
    if (operation.kind == fault_kind::pause_proc) {
      moment const until =
          operation.duration.count() == 0 ? std::max(engine_.now(), quiet_at_) : engine_.now() + operation.duration.count();
      p->each_lane([&](lane_runner& each) { each.hold(until); });
      continue;
    }
    hit = hit || engine_.net().open_channels(*p) != 0;
    if (!with_host && !operation.pinned && operation.after_count == 0) {
      crash_soon(*p, index);
    } else {
      engine_.crash(*p, with_host);
    }
  }
  if (hit) ++hits_;
  if (!with_host) return;
  target_group const group(operation.group_a);
  for (host& h : engine_.hosts()) {
    bool const root_host = engine_.what().faults.spare_root && !operation.pinned && h.id == engine_.procs().front()->id.host;
    bool const struck = std::any_of(group.members().begin(), group.members().end(),
                                    [&](target const& t) { return !t.host || *t.host == h.id.value; });
    if (root_host || !struck) continue;
    std::uint32_t const life = ++h.crashes;
    h.down = true;
    if (operation.duration.count() == 0) {
      h.down = false;
      continue;
    }
    engine_.schedule(engine_.now() + operation.duration.count(), h.key, life, [this, &h, life] {
      if (h.crashes != life) return;
      h.down = false;
      engine_.records().note(record::fault_over, h.key.value);
      if (engine_.records().tracing()) engine_.records().say(to_string(h.id) + " is up again");
    });
  }
}

void fault_runner::crash_soon(proc& who, std::size_t index) {
  // A process dies between two of its events, or at one of its next sends, half way through a handler.
  auto const word = keyed_hash(engine_.seed(), draw_domain::faults, child_key(key_of(index), "at-send", to_string(who.id)), 0);
  std::uint64_t const sends = scale_below(word.low, 4);
  if (sends == 0) {
    engine_.crash(who, false);
    return;
  }
  who.doomed_sends = sends;
  engine_.schedule(engine_.now() + 1'000'000, who.key, ~std::uint64_t{0} - index, [this, &who] { engine_.crash(who, false); });
}

void fault_runner::strike_hosts(fault_operation const& operation, std::size_t index) {
  target_group const group(operation.group_a);
  for (host& h : engine_.hosts()) {
    bool const struck = std::any_of(group.members().begin(), group.members().end(),
                                    [&](target const& t) { return !t.host || *t.host == h.id.value; });
    if (!struck) continue;
    if (operation.kind == fault_kind::clock_step) {
      h.clocks.step_wall(operation.amount);
      continue;
    }
    h.slow_percent = std::max<std::uint32_t>(1, operation.factor_percent);
    std::uint32_t const mark = ++h.slowed;
    if (operation.duration.count() == 0) continue;
    engine_.schedule(engine_.now() + operation.duration.count(), h.key, (std::uint64_t{1} << 32) + index * 4096 + mark,
                     [this, &h, mark] {
                       if (h.slowed != mark) return;
                       h.slow_percent = 100;
                       engine_.records().note(record::fault_over, h.key.value);
                       if (engine_.records().tracing()) engine_.records().say(to_string(h.id) + " is as fast as before");
                     });
  }
}

void fault_runner::heal() {
  engine_.net().mend_all();
  for (host& h : engine_.hosts()) {
    ++h.slowed;
    h.slow_percent = 100;
    h.down = false;
  }
  for (auto const& p : engine_.procs()) {
    if (p->ended) continue;
    p->each_lane([&](lane_runner& each) { each.hold(engine_.now()); });
  }
}

}  // namespace roost::sim
