#include <roost/sim/fault_check.hpp>
#include <roost/sim/target.hpp>
#include <roost/sim/words.hpp>

#include <algorithm>
#include <set>

namespace roost::sim {
namespace {

constexpr std::uint32_t million = 1'000'000;

bool cuts(fault_kind kind) {
  return kind == fault_kind::partition || kind == fault_kind::partition_one_way || kind == fault_kind::half_open;
}

std::string check_target(std::string const& name, fault_kind kind, scenario const& cluster) {
  bool const of_proc = kind == fault_kind::crash_proc || kind == fault_kind::pause_proc;
  bool const of_host = kind == fault_kind::crash_host || kind == fault_kind::slow_host || kind == fault_kind::clock_step;
  auto const read = parse_target(name);
  if (!read) return quoted(name) + " is no target, expected a host such as host0, a proc such as host0/p1, or *";
  if (read->host && *read->host >= cluster.hosts)
    return "there is no " + name + ", the hosts are host0 to host" + std::to_string(cluster.hosts - 1);
  if (read->ordinal && *read->ordinal > cluster.procs_per_host)
    return "there is no " + name + ", the procs of a host are p0 to p" + std::to_string(cluster.procs_per_host);
  if (of_proc && !read->ordinal) return quoted(name) + " is no proc, expected one such as host0/p1";
  if (of_host && (!read->host || read->ordinal)) return quoted(name) + " is no host, expected one such as host0";
  return {};
}

std::string check_targets(fault_operation const& fault, scenario const& cluster) {
  bool const one = !cuts(fault.kind) && fault.kind != fault_kind::reset && fault.kind != fault_kind::network_noise;
  if (fault.kind == fault_kind::heal) {
    return fault.group_a.empty() ? std::string() : "it heals everything, expected no target";
  }
  if (fault.group_a.empty()) return "it has no target";
  if (one && (fault.group_a.size() != 1 || !fault.group_b.empty())) return "expected one target";
  for (auto const* group : {&fault.group_a, &fault.group_b}) {
    for (auto const& name : *group) {
      if (auto why = check_target(name, fault.kind, cluster); !why.empty()) return why;
    }
  }
  target_group const near(fault.group_a);
  target_group const far(fault.group_b);
  for (auto const& here : near.members()) {
    for (auto const& there : far.members()) {
      if (overlap(here, there)) return "somebody stands on both sides";
    }
  }
  if (cuts(fault.kind) && fault.group_b.empty() && names_all_hosts(fault.group_a, cluster.hosts))
    return "all hosts stand on one side, expected somebody on the other";
  return {};
}

std::string check_time(fault_operation const& fault, scenario const& cluster, std::span<std::string const> endpoints) {
  if (!fault.trigger_endpoint.empty()) {
    if (fault.after_count == 0) return "'when' counts from 1";
    std::vector<std::string_view> const names(endpoints.begin(), endpoints.end());
    if (!names.empty() && std::find(names.begin(), names.end(), fault.trigger_endpoint) == names.end())
      return "the program has no endpoint " + quoted(fault.trigger_endpoint) + suggestion(fault.trigger_endpoint, names);
  } else if (fault.at < instant()) {
    return "'at' is before the run begins";
  } else if (fault.at != never && fault.at.time_since_epoch() > cluster.time_limit) {
    return "'at' is after time.limit = " + roost::to_string(cluster.time_limit);
  }
  bool const lasts = (cuts(fault.kind) && fault.kind != fault_kind::half_open) || fault.kind == fault_kind::pause_proc ||
                     fault.kind == fault_kind::slow_host || fault.kind == fault_kind::network_noise;
  if (fault.duration < nanoseconds(0)) return "'for' is less than nothing";
  if (lasts && fault.duration == nanoseconds(0)) return "it lasts no time, expected how long, such as for 3s";
  return {};
}

std::string check_amounts(fault_operation const& fault) {
  constexpr auto decade = std::chrono::seconds(315'360'000);
  if (fault.kind == fault_kind::clock_step && (fault.amount == nanoseconds(0) || fault.amount > decade || fault.amount < -decade))
    return "expected how far, such as by -200ms, and at most 315360000s";
  if (fault.kind == fault_kind::slow_host && (fault.factor_percent < 100 || fault.factor_percent > million))
    return "expected a factor from 100% to 1000000%";
  auto const parts = {fault.loss_ppm, fault.duplicate_ppm, fault.reorder_ppm, fault.corrupt_ppm};
  if (std::max(parts) > million) return "expected at most 1000000ppm";
  if (fault.kind == fault_kind::network_noise && std::max(parts) == 0)
    return "makes no noise, expected loss, duplicate, reorder or corrupt";
  return {};
}

}  // namespace

std::string impossible(fault_operation const& fault, scenario const& cluster, std::span<std::string const> endpoints) {
  if (auto why = check_targets(fault, cluster); !why.empty()) return why;
  if (auto why = check_time(fault, cluster, endpoints); !why.empty()) return why;
  return check_amounts(fault);
}

bool names_all_hosts(std::vector<target_name> const& group, std::uint32_t hosts) {
  std::set<std::uint64_t> named;
  for (auto const& name : group) {
    if (auto const read = parse_target(name); read && read->host && !read->ordinal) named.insert(*read->host);
  }
  return named.size() == hosts;
}

}  // namespace roost::sim
