// Procs of the simulated cluster, on virtual time.

#include <roost/sim/run.hpp>
#include <roost/sim/scenario.hpp>
#include <roost/wire/fingerprint.hpp>
#include <tests/conformance/adapter.hpp>
#include <tests/conformance/stage.hpp>

#include <array>
#include <string>

namespace roost::conformance {
namespace {

// Faults strike when a handler starts: the handlers of a class that is none are their triggers.
constexpr std::string_view trigger_class = "Conformance";
constexpr std::string_view go_on = "go_on";
// How often one run can do a deed; the row that does one most often resets four times.
constexpr std::uint64_t repetitions = 4;

class simulated_world final : public surroundings {
 public:
  void strike(deed what, stage& here) override { trigger(to_string(what), here); }
  void let_go(stage& root, std::uint64_t) override { trigger(go_on, root); }

 private:
  static void trigger(std::string_view name, stage& here) {
    endpoint_id const endpoint{wire::endpoint_hash(trigger_class, name)};
    actor_id const actor{here.self, 1};
    auto& observer = *here.seams.observer;
    auto const stamp = observer.sent({actor, actor, endpoint, bytes{0}});
    observer.handler_started({actor, endpoint, stamp, 1, {}});
    observer.handler_ended(actor, stamp, errc::ok);
  }
};

void plan(sim::scenario& s, std::string_view name, sim::fault_operation what) {
  what.trigger_endpoint = std::string(trigger_class) + "." + std::string(name);
  what.pinned = true;
  for (what.after_count = 1; what.after_count <= repetitions; ++what.after_count) s.events.push_back(what);
}

/// Peers live on host 1, the first of them as its proc 1.
void plan(sim::scenario& s, deed what) {
  constexpr nanoseconds for_good = std::chrono::seconds(100);
  sim::fault_operation fault;
  fault.group_a = {"host1"};
  fault.duration = for_good;
  switch (what) {
    case deed::stand_still:
    case deed::stand_for_good:
      fault.kind = sim::fault_kind::pause_proc;
      fault.group_a = {"host1/p1"};
      break;
    case deed::reset: fault.kind = sim::fault_kind::reset; break;
    case deed::cut: fault.kind = sim::fault_kind::partition; break;
    case deed::damage:
      fault.kind = sim::fault_kind::network_noise;
      fault.corrupt_ppm = 200'000;
      break;
    case deed::lose_host: fault.kind = sim::fault_kind::crash_host; break;
    case deed::scribble: return;
  }
  plan(s, to_string(what), fault);
  sim::fault_operation heal;
  heal.kind = sim::fault_kind::heal;
  plan(s, go_on, heal);
}

sim::scenario scenario_of(row const& what) {
  sim::scenario s;
  s.name = std::string(what.name);
  s.hosts = 2;
  s.draw_knobs = false;
  s.policy = sim::schedule_policy::in_order;
  s.fault_window = std::chrono::seconds(100);
  if (what.limits.max_frame == largest_frame)
    s.max_frame = sim::most_max_frame;
  else if (what.limits.max_frame != 0)
    s.max_frame = {what.limits.max_frame};
  if (what.limits.under_way != 0) s.knobs["sim.in_flight_bytes"] = static_cast<std::int64_t>(what.limits.under_way);
  if (what.limits.path_bound.count() != 0) s.knobs["link.path_bound"] = what.limits.path_bound.count();
  if (what.needs) plan(s, *what.needs);
  return s;
}

class over_simulation final : public adapter {
 public:
  std::string_view name() const override { return "simulated"; }
  std::string_view obstacle(deed what) const override {
    if (what != deed::scribble) return {};
    return "Between simulated procs there is no memory but frames; what a real peer's garbage does to the session, which is to "
           "lose the channel or a frame, *reset* and *damage* do.";
  }
  outcome run(row const& what, nanoseconds longest) const override {
    simulated_world world;
    program rows(what, world, longest);
    auto const s = scenario_of(what);
    auto const result = sim::run(s, {}, rows);
    if (!result.violations.empty())
      return {verdict::fails, result.violations.front().promise + ": " + result.violations.front().what, {}};
    if (result.outcome != sim::verdict::held) return {verdict::fails, result.program_error.describe(), {}};
    return rows.seen;
  }
};

}  // namespace

std::vector<adapter const*> const& adapters() {
  static over_simulation const made;
  static std::vector<adapter const*> const all{&made};
  return all;
}

bool run_as_peer(int, char**, int&) { return false; }

}  // namespace roost::conformance
