#include <roost/base/knobs.hpp>
#include <roost/shape/extent.hpp>
#include <roost/sim/quantity.hpp>
#include <roost/sim/scenario_file.hpp>
#include <roost/sim/scenario_reader.hpp>
#include <roost/sim/words.hpp>

#include <array>
#include <charconv>
#include <map>

namespace roost::sim {
namespace detail {
namespace {

/// Where keys stand, for those that were written into the wrong table.
constexpr std::array<std::string_view, 34> known_paths{"topology.hosts",      "topology.procs_per_host",
                                                       "topology.dims",       "time.limit",
                                                       "time.wall_limit",     "time.fault_window",
                                                       "time.settle",         "net.max_frame",
                                                       "net.default",         "net.link",
                                                       "net.default.latency", "net.default.bandwidth",
                                                       "net.default.loss",    "net.default.duplicate",
                                                       "net.default.reorder", "net.default.corrupt",
                                                       "faults.mode",         "faults.partition",
                                                       "faults.reset",        "faults.kill_proc",
                                                       "faults.kill_host",    "faults.pause_proc",
                                                       "faults.slow_host",    "faults.noise",
                                                       "faults.clock_skew",   "faults.buggify",
                                                       "faults.spare_root",   "event.at",
                                                       "event.when",          "event.do",
                                                       "event.for",           "schedule.policy",
                                                       "check.sometimes",     "check.expect_fault_at_root"};

constexpr std::uint32_t most_hosts = 1'000'000;
constexpr std::uint32_t most_procs_per_host = 4096;
constexpr std::uint64_t most_procs = 4'000'000;

void read_dims(toml_table_reader& topology, scenario& into) {
  auto const* dims = topology.table("dims");
  if (dims == nullptr) return;
  std::uint64_t product = 1;
  for (auto const& dim : dims->children) {
    if (dim.type != toml_value::kind::integer || dim.integer < 1 || dim.integer > static_cast<std::int64_t>(most_procs)) {
      topology.complain(*dims, "the size of " + quoted(dim.key) + " is " + described(dim) + ", expected a number from 1 to " +
                                   std::to_string(most_procs));
      return;
    }
    product *= static_cast<std::uint64_t>(dim.integer);
    into.dims.emplace_back(dim.key, static_cast<std::uint32_t>(dim.integer));
    if (product > most_procs) break;
  }
  std::vector<std::string> labels;
  std::vector<std::uint64_t> sizes;
  for (auto const& [label, size] : into.dims) {
    labels.push_back(label);
    sizes.push_back(size);
  }
  if (auto const shape = extent::make(std::move(labels), std::move(sizes)); !shape)
    return topology.complain(*dims, shape.failure().what);
  auto const procs = std::uint64_t{into.hosts} * into.procs_per_host;
  if (product != procs) {
    topology.complain(*dims, "the sizes multiply to " + std::to_string(product) +
                                 ", expected hosts * procs_per_host = " + std::to_string(procs));
  }
}

void read_topology(toml_value const* table, scenario& into, toml_problems& problems) {
  toml_table_reader topology(table, "topology", problems);
  topology.read("hosts", into.hosts, 1, most_hosts);
  topology.read("procs_per_host", into.procs_per_host, 1, most_procs_per_host);
  if (std::uint64_t{into.hosts} * into.procs_per_host > most_procs) {
    topology.complain(*table->find("hosts"), std::to_string(into.hosts) + " with " + std::to_string(into.procs_per_host) +
                                                 " procs each make more than " + std::to_string(most_procs) + " procs");
  }
  read_dims(topology, into);
  topology.finish(known_paths);
}

void read_time(toml_value const* table, scenario& into, toml_problems& problems) {
  toml_table_reader time(table, "time", problems);
  auto const positive = [&](std::string_view key, nanoseconds& value) {
    if (read_duration(time, key, value) && value.count() == 0) time.complain(*table->find(key), "0 is no limit, expected more");
  };
  positive("limit", into.time_limit);
  positive("wall_limit", into.wall_limit);
  bool const window = read_duration(time, "fault_window", into.fault_window);
  positive("settle", into.settle_limit);
  if (into.fault_window > into.time_limit) {
    if (window) {
      time.complain(*table->find("fault_window"),
                    roost::to_string(into.fault_window) + " is longer than limit = " + roost::to_string(into.time_limit));
    } else {
      into.fault_window = into.time_limit;
    }
  }
  time.finish(known_paths);
}

void read_net(toml_value const* table, scenario& into, toml_problems& problems) {
  toml_table_reader net(table, "net", problems);
  if (net.parse("max_frame", into.max_frame, &parse_size) &&
      (into.max_frame < least_max_frame || into.max_frame > most_max_frame)) {
    net.complain(*net.value("max_frame"), "a limit of " + to_string(into.max_frame) + " is out of range, expected " +
                                              to_string(least_max_frame) + " to " + to_string(most_max_frame));
  }
  toml_table_reader standard(net.table("default"), "net.default", problems);
  read_link(standard, into.net, problems);
  standard.finish(known_paths);
  if (auto const* links = net.array("link")) {
    for (std::size_t i = 0; i != links->children.size(); ++i) {
      auto const& item = links->children[i];
      std::string const path = "net.link[" + std::to_string(i) + "]";
      if (item.type != toml_value::kind::table) {
        problems.add(item.place, path + " is " + described(item) + ", expected a table: [[net.link]]");
        continue;
      }
      toml_table_reader link(&item, path, problems);
      link_rule rule{{}, {}, into.net};
      link.require("between", "two targets, such as [\"host0\", \"host1\"]");
      if (auto const* between = link.array("between")) {
        if (between->children.size() != 2) {
          link.complain(*between, "expected exactly two targets, such as [\"host0\", \"host1\"]");
        } else {
          auto const one = [&](toml_value const& target) {
            auto const named = read_target(link, target, into, target_kind::any);
            if (named.size() > 1)
              link.complain(target, quoted(target.text) + " names " + std::to_string(named.size()) + " procs, expected one");
            return named.empty() ? target_name() : named.front();
          };
          rule.between_a = one(between->children[0]);
          rule.between_b = one(between->children[1]);
        }
      }
      read_link(link, rule.model, problems);
      link.finish(known_paths);
      into.links.push_back(std::move(rule));
    }
  }
  net.finish(known_paths);
}

/// The value of a knob: a number, or a text with the unit that the knob has.
result<std::int64_t> knob_value(toml_value const& value, knob_unit unit) {
  if (value.type == toml_value::kind::integer) return value.integer;
  if (value.type != toml_value::kind::text) {
    return error(errc::bad_argument, described(value) + ", expected a whole number or a text with a unit");
  }
  if (unit == knob_unit::nanosecond) {
    auto const read = parse_duration(value.text);
    if (!read) return read.failure();
    return read->count();
  }
  if (unit == knob_unit::byte) {
    auto const read = parse_size(value.text);
    if (!read) return read.failure();
    return static_cast<std::int64_t>(read->value);
  }
  std::int64_t count = 0;
  auto const* const end = value.text.data() + value.text.size();
  if (auto const read = std::from_chars(value.text.data(), end, count); read.ec != std::errc() || read.ptr != end) {
    return error(errc::bad_argument, quoted(value.text) + " is no whole number, expected a count without a unit");
  }
  return count;
}

/// Text of a knob's value whose definition is elsewhere: any unit will do.
std::int64_t unchecked_knob_value(toml_value const& value) {
  for (auto const unit : {knob_unit::count, knob_unit::nanosecond, knob_unit::byte}) {
    if (auto const read = knob_value(value, unit)) return *read;
  }
  return 0;
}

/// A value of a knob with its unit, for messages.
std::string knob_text(std::int64_t value, knob_unit unit) {
  if (unit == knob_unit::nanosecond) return roost::to_string(nanoseconds(value));
  if (unit == knob_unit::byte && value >= 0) return to_string(bytes{static_cast<std::uint64_t>(value)});
  return std::to_string(value);
}

/// Where each knob was set.
using knob_places = std::map<std::string, std::string>;

void read_knob(std::string const& name, toml_value const& value, scenario& into, knob_places& set_at, toml_problems& problems,
               bool check) {
  if (!check) {
    into.knobs[name] = unchecked_knob_value(value);
    return;
  }
  auto const* found = find_knob(name);
  if (found == nullptr) {
    std::vector<std::string_view> names;
    for (auto const* known : all_knobs()) names.push_back(known->definition().name);
    auto const near = nearest(name, names);
    problems.add(value.key_place,
                 "unknown knob " + quoted(name) +
                     (near.empty() ? ", 'roost sim knobs' lists them" : ", did you mean '" + std::string(near) + "'?"));
    return;
  }
  // A name with dots may stand in quotes or without. What comes from an option is over the file.
  auto const before = set_at.try_emplace(name, value.key_place);
  if (!before.second && !value.key_place.starts_with("--set")) {
    problems.add(value.key_place, "knob " + name + " is set twice, first at " + before.first->second);
    return;
  }
  auto const& definition = found->definition();
  auto const read = knob_value(value, definition.unit);
  if (!read) {
    problems.add(value.place, "knob " + name + ": " + read.failure().what);
  } else if (*read < definition.low || *read > definition.high) {
    problems.add(value.place, "knob " + name + ": " + knob_text(*read, definition.unit) + " is out of range, expected " +
                                  knob_text(definition.low, definition.unit) + " to " +
                                  knob_text(definition.high, definition.unit));
  } else {
    into.knobs[name] = *read;
  }
}

/// Knob names have dots, which TOML reads as nested tables unless they are quoted: both are fine.
void read_knobs(toml_value const& table, std::string const& prefix, scenario& into, knob_places& set_at, toml_problems& problems,
                bool check) {
  for (auto const& child : table.children) {
    if (prefix.empty() && child.key == "draw") continue;
    auto const name = prefix + child.key;
    if (child.type == toml_value::kind::table) {
      read_knobs(child, name + ".", into, set_at, problems, check);
    } else {
      read_knob(name, child, into, set_at, problems, check);
    }
  }
}

/// Where both ends of a range are set, they must be in order; of one that is not set the runtime takes what fits.
void check_ranges(scenario const& what, knob_places const& set_at, toml_problems& problems) {
  for (auto const& [name, low] : what.knobs) {
    if (!name.ends_with("_min")) continue;
    auto const other = name.substr(0, name.size() - 2) + "ax";
    auto const high = what.knobs.find(other);
    if (high == what.knobs.end() || low <= high->second) continue;
    auto const unit = find_knob(name)->definition().unit;
    problems.add(set_at.at(name),
                 "knob " + name + ": " + knob_text(low, unit) + " is more than " + other + " = " + knob_text(high->second, unit));
  }
}

void read_check(toml_value const* table, scenario& into, toml_problems& problems) {
  toml_table_reader check(table, "check", problems);
  check.read("sometimes", into.sometimes);
  check.read("expect_fault_at_root", into.expect_fault_at_root);
  check.finish(known_paths);
}

void read_document(toml_value const& document, scenario& into, scenario_options const& options, toml_problems& problems) {
  toml_table_reader top(&document, "", problems);
  std::uint32_t schema = 1;
  top.read("schema", schema, 1, 1);
  top.read("name", into.name);
  if (auto const* name = document.find("name"); name != nullptr && name->type == toml_value::kind::text) {
    bool const empty = into.name.empty() || into.name.find_first_of(std::string_view("/\n\r\t\0", 5)) != std::string::npos;
    if (empty) top.complain(*name, quoted(into.name) + " is no name, expected one without '/', zero bytes and line ends");
  }
  top.read("doc", into.doc);
  top.read("program", into.program);
  top.read("argv", into.argv);
  for (auto const& word : into.argv) {
    if (word.find('\0') != std::string::npos)
      top.complain(*document.find("argv"), quoted(word) + " has a zero byte in it, which no argument can");
  }
  read_topology(top.table("topology"), into, problems);
  read_time(top.table("time"), into, problems);
  read_net(top.table("net"), into, problems);
  read_faults(top.table("faults"), into.faults, problems);
  read_events(top.array("event"), into, options.endpoints, problems);

  toml_table_reader schedule(top.table("schedule"), "schedule", problems);
  constexpr std::array<std::string_view, 4> policies{"per_seed", "in_order", "uniform", "priorities"};
  if (auto const chosen = schedule.choice("policy", policies); chosen >= 0) into.policy = static_cast<schedule_policy>(chosen);
  schedule.finish(known_paths);

  if (auto const* knobs = top.table("knobs")) {
    toml_table_reader(knobs, "knobs", problems).read("draw", into.draw_knobs);
    knob_places set_at;
    read_knobs(*knobs, "", into, set_at, problems, options.check_knobs);
    if (options.check_knobs) check_ranges(into, set_at, problems);
  }
  read_check(top.table("check"), into, problems);
  top.finish(known_paths);
}

/// Whether a setting is of a knob, or of what only a knob is called like.
bool names_knob(std::string_view key) {
  if (find_knob(key) != nullptr) return true;
  auto const dot = key.find('.');
  if (dot == std::string_view::npos) return false;
  auto const floor = key.substr(0, dot + 1);
  auto const& known = known_paths;
  bool const table = std::any_of(known.begin(), known.end(), [&](std::string_view path) { return path.starts_with(floor); });
  auto const knobs = all_knobs();
  return !table && std::any_of(knobs.begin(), knobs.end(),
                               [&](auto const* each) { return std::string_view(each->definition().name).starts_with(floor); });
}

}  // namespace
}  // namespace detail

result<scenario> read_scenario(std::string_view text, std::string const& file, scenario_options options) {
  auto document = parse_toml(text, file);
  if (!document) return document.failure();
  toml_problems problems;
  for (auto const& setting : options.settings) {
    auto const key = std::string_view(setting).substr(0, setting.find('='));
    auto const applied = set_in(*document, detail::names_knob(key) ? "knobs." + setting : setting);
    if (!applied) problems.add(applied.failure().where, applied.failure().what);
  }
  scenario read;
  read.file = file;
  read.text = std::string(text);
  auto const slash = file.rfind('/');
  read.name = file.substr(slash == std::string::npos ? 0 : slash + 1);
  if (read.name.ends_with(".toml")) read.name.resize(read.name.size() - 5);
  detail::read_document(*document, read, options, problems);
  if (!problems.empty()) return problems.as_error();
  return read;
}

std::string mistakes(error const& why) { return why.where.empty() ? why.what : why.where + ": " + why.what; }

}  // namespace roost::sim
