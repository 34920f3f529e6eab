#include <roost/sim/fault_check.hpp>
#include <roost/sim/fault_text.hpp>
#include <roost/sim/quantity.hpp>
#include <roost/sim/scenario_reader.hpp>
#include <roost/sim/target.hpp>
#include <roost/sim/words.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace roost::sim::detail {
namespace {

/// One duration, or the shortest and the longest.
void read_span(toml_table_reader& table, std::string_view key, nanoseconds& shortest, nanoseconds& longest,
               toml_problems& problems) {
  table.require(key, R"(a duration, or the shortest and the longest: ["100ms", "5s"])");
  auto const* found = table.value(key);
  if (found == nullptr) return;
  if (found->type != toml_value::kind::array) {
    if (read_time_span(table, key, shortest)) longest = shortest;
    return;
  }
  if (found->children.size() != 2) {
    return table.complain(*found, R"(expected the shortest and the longest duration: ["100ms", "5s"])");
  }
  toml_value ends;  // The two as a table, so that they are read and reported as any other duration.
  ends.children = found->children;
  ends.children[0].key = "0";
  ends.children[1].key = "1";
  toml_table_reader pair(&ends, table.path_of(key), problems);
  bool const first = read_time_span(pair, "0", shortest);
  bool const second = read_time_span(pair, "1", longest);
  if (first && second && longest < shortest) {
    table.complain(*found,
                   "the longest, " + roost::to_string(longest) + ", is less than the shortest, " + roost::to_string(shortest));
  }
}

struct group_keys {
  bool duration = false;
  bool factor = false;
  bool noise = false;
};

std::uint32_t percent_of(toml_table_reader& table, toml_value const& at, toml_value const& value) {
  double const factor = value.type == toml_value::kind::real      ? value.real
                        : value.type == toml_value::kind::integer ? static_cast<double>(value.integer)
                                                                  : -1.0;
  if (!(factor >= 1 && factor <= 10'000)) {
    table.complain(at, described(value) + " is no factor, expected a number from 1 to 10000");
    return 100;
  }
  return static_cast<std::uint32_t>(std::lround(factor * 100));
}

void read_factor(toml_table_reader& table, fault_settings& into) {
  auto const* found = table.value("factor");
  if (found == nullptr) return;
  if (found->type != toml_value::kind::array) {
    into.slow_factor_low_percent = into.slow_factor_high_percent = percent_of(table, *found, *found);
    return;
  }
  if (found->children.size() != 2)
    return table.complain(*found, "expected one factor, or the least and the greatest: [2.0, 50.0]");
  into.slow_factor_low_percent = percent_of(table, *found, found->children[0]);
  into.slow_factor_high_percent = percent_of(table, *found, found->children[1]);
  if (into.slow_factor_high_percent < into.slow_factor_low_percent) {
    table.complain(*found, "the greatest factor is less than the least");
  }
}

void read_group(toml_table_reader& faults, std::string_view name, fault_rate& rate, fault_settings& into, group_keys keys,
                toml_problems& problems) {
  auto const* found = faults.table(name);
  toml_table_reader group(found, "faults." + std::string(name), problems);
  group.require("rate", "how often, such as \"1/30s\"");
  group.parse("rate", rate.every, &parse_rate);
  group.read("max", rate.at_most, 0, most_operations);
  if (keys.duration) read_span(group, "duration", rate.shortest, rate.longest, problems);
  if (keys.factor) read_factor(group, into);
  if (keys.noise) {
    read_ppm(group, "loss", into.loss_ppm);
    read_ppm(group, "duplicate", into.duplicate_ppm);
    read_ppm(group, "reorder", into.reorder_ppm);
    read_ppm(group, "corrupt", into.corrupt_ppm);
    bool const silent = into.loss_ppm == 0 && into.duplicate_ppm == 0 && into.reorder_ppm == 0 && into.corrupt_ppm == 0;
    if (found != nullptr && silent) group.complain(*found, "makes no noise, expected loss, duplicate, reorder or corrupt");
  }
  group.finish();
}

/// "endpoint Player.ping count >= 100".
void read_trigger(toml_table_reader& event, toml_value const& when, std::span<std::string const> endpoints,
                  fault_operation& into) {
  std::vector<std::string_view> words;
  for (std::string_view rest = when.text; !rest.empty();) {
    auto const end = std::min(rest.find(' '), rest.size());
    if (end != 0) words.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  bool good = words.size() == 5 && words[0] == "endpoint" && words[2] == "count" && words[3] == ">=";
  if (good) {
    auto const count = words[4];
    auto const [end, code] = std::from_chars(count.data(), count.data() + count.size(), into.after_count);
    good = code == std::errc() && end == count.data() + count.size() && into.after_count != 0;
    into.trigger_endpoint = words[1];
    good = good && into.trigger_endpoint.find('.') != std::string::npos;
  }
  if (!good) return event.complain(when, quoted(when.text) + " is no trigger, expected 'endpoint Player.ping count >= 100'");
  if (endpoints.empty() || std::find(endpoints.begin(), endpoints.end(), into.trigger_endpoint) != endpoints.end()) return;
  std::vector<std::string_view> const names(endpoints.begin(), endpoints.end());
  event.complain(when, "the program has no endpoint " + quoted(into.trigger_endpoint) + suggestion(into.trigger_endpoint, names));
}

bool is_network(fault_kind kind) {
  return kind == fault_kind::partition || kind == fault_kind::partition_one_way || kind == fault_kind::half_open ||
         kind == fault_kind::reset;
}
bool lasts(fault_kind kind) {
  return kind == fault_kind::partition || kind == fault_kind::partition_one_way || kind == fault_kind::half_open ||
         kind == fault_kind::pause_proc || kind == fault_kind::slow_host || kind == fault_kind::network_noise;
}

/// Nobody is cut off from himself.
void check_sides(toml_table_reader& event, toml_value const& value, std::vector<target_name> const& named,
                 std::vector<target_name> const& opposite) {
  target_group const near(named);
  target_group const far(opposite);
  for (auto const& here : near.members()) {
    for (auto const& there : far.members()) {
      if (overlap(here, there))
        return event.complain(value, quoted(value.text) + " stands on both sides, expected others than on the first");
    }
  }
}

void read_group_of_targets(toml_table_reader& event, toml_value const& value, scenario const& cluster,
                           std::vector<target_name>& into, std::vector<target_name> const& opposite = {}) {
  if (value.type != toml_value::kind::array || value.children.empty()) {
    return event.complain(value, R"(expected groups of targets: [["host0"], ["host1"]])");
  }
  for (auto const& target : value.children) {
    auto const named = read_target(event, target, cluster, target_kind::any);
    check_sides(event, target, named, opposite);
    into.insert(into.end(), named.begin(), named.end());
  }
}

void read_targets(toml_table_reader& event, scenario const& cluster, fault_operation& into) {
  if (is_network(into.kind)) {
    auto const* groups = event.array("groups");
    auto const* between = event.array("between");
    if (groups != nullptr && between != nullptr)
      return event.complain(*between, "groups say it already, expected one of the two");
    if (groups != nullptr) {
      if (groups->children.empty() || groups->children.size() > 2) {
        return event.complain(*groups, R"(expected one or two groups: [["host0"], ["host1"]])");
      }
      read_group_of_targets(event, groups->children[0], cluster, into.group_a);
      bool const alone = groups->children.size() == 1 && into.kind != fault_kind::reset;
      if (alone && names_all_hosts(into.group_a, cluster.hosts))
        return event.complain(*groups, R"(all hosts stand in one group, expected a second one, or fewer)");
      if (groups->children.size() == 2) read_group_of_targets(event, groups->children[1], cluster, into.group_b, into.group_a);
    } else if (between != nullptr) {
      if (between->children.size() != 2) return event.complain(*between, R"(expected two targets: ["host0", "host1"])");
      into.group_a = read_target(event, between->children[0], cluster, target_kind::any);
      into.group_b = read_target(event, between->children[1], cluster, target_kind::any);
      check_sides(event, between->children[1], into.group_b, into.group_a);
    } else if (into.kind == fault_kind::reset) {
      into.group_a = {"*"};
    } else {
      event.require("groups", R"(groups = [["host0"], ["host1"]] or between = ["host0", "host1"])");
    }
  } else if (into.kind == fault_kind::network_noise) {
    into.group_a = {"*"};
    if (auto const* target = event.text("target")) {
      into.group_a = read_target(event, *target, cluster, target_kind::any);
    }
  } else if (into.kind != fault_kind::heal) {
    bool const proc = into.kind == fault_kind::crash_proc || into.kind == fault_kind::pause_proc;
    event.require("target", proc ? "a proc such as \"host1/p2\"" : "a host such as \"host1\"");
    if (auto const* target = event.text("target")) {
      into.group_a = read_target(event, *target, cluster, proc ? target_kind::proc : target_kind::host);
    }
  }
}

void read_amounts(toml_table_reader& event, toml_value const& table, fault_operation& into) {
  if (lasts(into.kind)) {
    event.require("for", "how long, such as \"3s\"");
    read_time_span(event, "for", into.duration);
  }
  if (into.kind == fault_kind::clock_step) {
    event.require("by", "how far, such as \"-200ms\"");
    if (event.parse("by", into.amount, &parse_signed_duration) && into.amount.count() == 0)
      event.complain(*event.value("by"), "0 is no step, expected a duration above or below it");
  }
  if (into.kind == fault_kind::slow_host) {
    event.require("factor", "how many times slower, such as 10.0");
    if (auto const* factor = event.value("factor")) into.factor_percent = percent_of(event, *factor, *factor);
  }
  if (into.kind == fault_kind::network_noise) {
    read_ppm(event, "loss", into.loss_ppm);
    read_ppm(event, "duplicate", into.duplicate_ppm);
    read_ppm(event, "reorder", into.reorder_ppm);
    read_ppm(event, "corrupt", into.corrupt_ppm);
    if (into.loss_ppm == 0 && into.duplicate_ppm == 0 && into.reorder_ppm == 0 && into.corrupt_ppm == 0) {
      event.complain(table, "makes no noise, expected loss, duplicate, reorder or corrupt");
    }
  }
}

void read_event(toml_value const& item, std::string path, scenario& into, std::span<std::string const> endpoints,
                toml_problems& problems) {
  toml_table_reader event(&item, std::move(path), problems);
  fault_operation operation;
  operation.pinned = true;
  event.require("do", "a fault such as \"partition\"");
  auto const kind = event.choice("do", fault_names);
  nanoseconds at{};
  if (read_duration(event, "at", at)) {
    operation.at = instant(at);
    if (at > into.time_limit) {
      event.complain(*item.find("at"), roost::to_string(at) + " is after time.limit = " + roost::to_string(into.time_limit));
    }
  }
  auto const* when = event.text("when");
  if (when != nullptr) read_trigger(event, *when, endpoints, operation);
  if (item.find("at") == nullptr && item.find("when") == nullptr) {
    event.require("at", "at = \"10s\" or when = \"endpoint Player.ping count >= 100\"");
  } else if (item.find("at") != nullptr && when != nullptr) {
    event.complain(*when, "'at' says it already, expected one of the two");
  }
  if (kind < 0) return;  // Which other keys are right depends on it.
  operation.kind = static_cast<fault_kind>(kind);
  read_targets(event, into, operation);
  read_amounts(event, item, operation);
  event.finish();
  into.events.push_back(std::move(operation));
}

}  // namespace

void read_faults(toml_value const* table, fault_settings& into, toml_problems& problems) {
  toml_table_reader faults(table, "faults", problems);
  constexpr std::array<std::string_view, 3> modes{"off", "fixed", "swarm"};
  faults.require("mode", "one of off, fixed, swarm");
  if (auto const chosen = faults.choice("mode", modes); chosen >= 0) into.mode = static_cast<fault_mode>(chosen);
  read_group(faults, "partition", into.partition, into, {.duration = true}, problems);
  read_group(faults, "reset", into.reset, into, {}, problems);
  read_group(faults, "kill_proc", into.crash_proc, into, {}, problems);
  read_group(faults, "kill_host", into.crash_host, into, {}, problems);
  read_group(faults, "pause_proc", into.pause_proc, into, {.duration = true}, problems);
  read_group(faults, "slow_host", into.slow_host, into, {.duration = true, .factor = true}, problems);
  read_group(faults, "noise", into.noise, into, {.duration = true, .noise = true}, problems);
  toml_table_reader skew(faults.table("clock_skew"), "faults.clock_skew", problems);
  read_duration(skew, "max", into.clock_skew_max);
  skew.read("drift_ppm", into.clock_drift_ppm, 0, 100'000);
  skew.finish();
  read_ppm(faults, "buggify", into.buggify_ppm);
  faults.read("spare_root", into.spare_root);
  faults.finish();
}

void read_events(toml_value const* array, scenario& into, std::span<std::string const> endpoints, toml_problems& problems) {
  if (array == nullptr) return;
  for (std::size_t i = 0; i != array->children.size(); ++i) {
    auto const& item = array->children[i];
    std::string path = "event[" + std::to_string(i) + "]";
    if (item.type == toml_value::kind::table) {
      read_event(item, std::move(path), into, endpoints, problems);
    } else {
      problems.add(item.place, path + " is " + described(item) + ", expected a table: [[event]]");
    }
  }
}

}  // namespace roost::sim::detail
