// Drawing a fault plan: swarm. Each seed switches whole groups of faults on or off and scales how often they strike. Every draw is
// keyed by its group and the operation's place in it, so that one group or host more changes nothing for the others.

#include <roost/base/keyed.hpp>
#include <roost/sim/latency.hpp>
#include <roost/sim/run.hpp>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace roost::sim {
namespace {

/// ln(1 / u) of a uniformly drawn word, with 16 binary places.
std::uint64_t exponential_q16(std::uint64_t word) noexcept {
  constexpr uint128 ln_2_q32 = 2'977'044'472;
  auto const minus_log2 = static_cast<std::uint64_t>((std::int64_t{53} << 32) - log2_q32((word >> 11) + 1));
  return static_cast<std::uint64_t>((minus_log2 * ln_2_q32) >> 48);
}

class plan_drawer {
 public:
  plan_drawer(scenario const& what, std::uint64_t seed) : what_(what), seed_(seed) {}

  fault_plan draw() {
    auto const& f = what_.faults;
    group("partition", f.partition, [&](auto& op, auto& draws, auto key) { partition(op, draws, key); });
    group("reset", f.reset, [&](auto& op, auto& draws, auto key) {
      op.kind = fault_kind::reset;
      op.duration = {};
      between_hosts(op, draws, key);
    });
    group("crash_proc", f.crash_proc, [&](auto& op, auto& draws, auto key) {
      op.kind = fault_kind::crash_proc;
      op.duration = {};
      op.group_a = {proc_name(draws, key)};
    });
    group("crash_host", f.crash_host, [&](auto& op, auto&, auto key) {
      op.kind = fault_kind::crash_host;
      op.group_a = {host_name(key, f.spare_root)};
    });
    group("pause_proc", f.pause_proc, [&](auto& op, auto& draws, auto key) {
      op.kind = fault_kind::pause_proc;
      op.group_a = {proc_name(draws, key)};
    });
    group("slow_host", f.slow_host, [&](auto& op, auto& draws, auto key) {
      op.kind = fault_kind::slow_host;
      op.group_a = {host_name(key, false)};
      op.factor_percent = static_cast<std::uint32_t>(
          draws.between(f.slow_factor_low_percent, std::max(f.slow_factor_low_percent, f.slow_factor_high_percent)));
    });
    group("noise", f.noise, [&](auto& op, auto& draws, auto) {
      op.kind = fault_kind::network_noise;
      op.group_a = {"*"};
      op.loss_ppm = up_to(draws, f.loss_ppm);
      op.duplicate_ppm = up_to(draws, f.duplicate_ppm);
      op.reorder_ppm = up_to(draws, f.reorder_ppm);
      op.corrupt_ppm = up_to(draws, f.corrupt_ppm);
      if (op.loss_ppm + op.duplicate_ppm + op.reorder_ppm + op.corrupt_ppm == 0) {
        // A burst of nothing would be none.
        op.loss_ppm = f.loss_ppm;
        op.duplicate_ppm = f.duplicate_ppm;
        op.reorder_ppm = f.reorder_ppm;
        op.corrupt_ppm = f.corrupt_ppm;
      }
    });
    fault_rate steps = f.slow_host;
    steps.every = f.clock_skew_max.count() == 0 ? nanoseconds{} : std::max<nanoseconds>(what_.fault_window / 4, nanoseconds(1));
    steps.at_most = 0;
    group("clock_step", steps, [&](auto& op, auto& draws, auto key) {
      op.kind = fault_kind::clock_step;
      op.duration = {};
      op.group_a = {host_name(key, false)};
      op.amount = nanoseconds(draws.between(-f.clock_skew_max.count(), f.clock_skew_max.count()));
    });
    // By time; at one time in the order of drawing.
    std::vector<std::size_t> order(plan_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return std::pair(plan_[a].at, a) < std::pair(plan_[b].at, b); });
    fault_plan sorted;
    for (std::size_t const i : order) sorted.push_back(std::move(plan_[i]));
    return sorted;
  }

 private:
  template <class Fill>
  void group(std::string_view name, fault_rate const& rate, Fill fill) {
    if (rate.every.count() <= 0) return;
    entity_key const key = child_key({}, "faults", name);
    keyed_stream of_group(seed_, draw_domain::faults, key);
    bool const on = of_group.below(4) != 0;
    std::uint64_t const scale = of_group.below(5);  // 1/4, 1/2, 1, 2, 4 times as often
    if (!on) return;
    auto const mean = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(rate.every.count()) * 4 >> scale);
    auto const window = static_cast<std::uint64_t>(what_.fault_window.count());
    std::uint64_t at = 0;
    for (std::uint32_t i = 0; i != std::min(rate.at_most == 0 ? most_operations : rate.at_most, most_operations); ++i) {
      entity_key const of_operation = child_key(key, "operation", "", i);
      keyed_stream draws(seed_, draw_domain::faults, of_operation);
      auto const wait = static_cast<uint128>(mean) * exponential_q16(draws.next()) >> 16;
      if (wait >= window || (at += static_cast<std::uint64_t>(wait)) >= window) return;
      fault_operation op;
      op.at = instant(nanoseconds(static_cast<std::int64_t>(at)));
      op.duration = nanoseconds(draws.between(rate.shortest.count(), std::max(rate.shortest, rate.longest).count()));
      fill(op, draws, of_operation);
      plan_.push_back(std::move(op));
    }
  }

  static std::uint32_t up_to(keyed_stream& draws, std::uint32_t most) {
    // Half of the bursts leave each kind of damage out.
    std::uint64_t const chosen = draws.below(2);
    return static_cast<std::uint32_t>(draws.below(std::uint64_t{most} + 1) * chosen);
  }

  /// The host that this operation would rather strike than any other: a further host takes no more than its share.
  std::uint32_t host(entity_key of_operation, bool spare_first, std::uint32_t but = ~0U) const {
    std::uint32_t best = 0;
    std::uint64_t best_word = 0;
    for (std::uint32_t i = spare_first && what_.hosts > 1 ? 1 : 0; i < std::max(1U, what_.hosts); ++i) {
      if (i == but) continue;
      auto const word = keyed_hash(seed_, draw_domain::faults, child_key(of_operation, "host", "", i), 0).low;
      if (word >= best_word) {
        best_word = word;
        best = i;
      }
    }
    return best;
  }
  static std::string name_of(std::uint32_t host) { return "host" + std::to_string(host); }
  std::string host_name(entity_key of_operation, bool spare_first) const { return name_of(host(of_operation, spare_first)); }
  std::string proc_name(keyed_stream& draws, entity_key of_operation) const {
    // Those that the scenario says there are; the root's, which is on the first host alone, where it is not spared.
    std::uint32_t const where = host(of_operation, false);
    auto ordinal = draws.below(std::uint64_t{what_.procs_per_host} + 1);
    if (ordinal == 0 && (where != 0 || what_.faults.spare_root) && what_.procs_per_host != 0)
      ordinal = 1 + draws.below(what_.procs_per_host);
    return name_of(where) + "/p" + std::to_string(ordinal);
  }

  void between_hosts(fault_operation& op, keyed_stream& draws, entity_key key) const {
    if (what_.hosts < 2 || draws.below(4) == 0) {
      op.group_a = {"*"};
      return;
    }
    std::uint32_t const one = host(key, false);
    op.group_a = {name_of(one)};
    if (draws.below(2) == 0) op.group_b = {name_of(host(child_key(key, "other", ""), false, one))};
  }

  void partition(fault_operation& op, keyed_stream& draws, entity_key key) const {
    constexpr fault_kind kinds[] = {fault_kind::partition, fault_kind::partition, fault_kind::partition_one_way,
                                    fault_kind::half_open};
    op.kind = kinds[draws.below(std::size(kinds))];
    if (op.kind == fault_kind::half_open) op.duration = {};
    std::uint64_t const shape = draws.below(3);
    if (what_.hosts < 2) {
      op.group_a = {name_of(0) + "/p" + std::to_string(draws.below(std::uint64_t{what_.procs_per_host} + 1))};
      return;
    }
    std::uint32_t const one = host(key, false);
    op.group_a = {name_of(one)};
    if (shape == 0) return;  // One host against all others.
    if (shape == 1) {
      op.group_b = {name_of(host(child_key(key, "other", ""), false, one))};
      return;
    }
    for (std::uint32_t i = 0; i != what_.hosts; ++i) {
      if (i != one && (keyed_hash(seed_, draw_domain::faults, child_key(key, "side", "", i), 0).low & 1) != 0)
        op.group_a.push_back(name_of(i));
    }
    if (op.group_a.size() == what_.hosts) op.group_a.pop_back();  // Somebody is on the other side.
  }

  scenario const& what_;
  std::uint64_t seed_;
  fault_plan plan_;
};

}  // namespace

fault_plan draw_plan(scenario const& what, std::uint64_t seed) {
  fault_plan plan = what.events;
  for (auto& operation : plan) operation.pinned = true;
  if (what.faults.mode != fault_mode::swarm) return plan;
  fault_plan drawn = plan_drawer(what, seed).draw();
  plan.insert(plan.end(), std::make_move_iterator(drawn.begin()), std::make_move_iterator(drawn.end()));
  return plan;
}

}  // namespace roost::sim
