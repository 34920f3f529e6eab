#include <roost/shape/region.hpp>
#include <roost/sim/scenario_reader.hpp>
#include <roost/sim/words.hpp>

#include <charconv>

namespace roost::sim::detail {
namespace {

constexpr std::uint64_t most_named = 1024;
constexpr std::string_view place_begin = "proc(";
constexpr std::string_view place_end = ")";

std::string_view trimmed(std::string_view text) {
  auto const first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// "node = 1, gpu = 2".
result<std::vector<dim_selector>> parse_place(std::string_view text) {
  std::vector<dim_selector> chosen;
  for (;;) {
    auto const comma = text.find(',');
    auto const part = text.substr(0, comma);
    auto const equals = part.find('=');
    auto const index = equals == std::string_view::npos ? std::string_view() : trimmed(part.substr(equals + 1));
    std::int64_t number = -1;
    auto const [end, code] = std::from_chars(index.data(), index.data() + index.size(), number);
    if (index.empty() || code != std::errc() || end != index.data() + index.size() || number < 0)
      return error(errc::bad_argument, quoted(trimmed(part)) + " is no dimension with its index");
    chosen.push_back({std::string(trimmed(part.substr(0, equals))), number});
    if (comma == std::string_view::npos) return chosen;
    text.remove_prefix(comma + 1);
  }
}

/// The procs at a place in the cluster's dims; each host has its share of them in a row, from p1.
result<std::vector<target_name>> procs_at(std::string_view place, scenario const& cluster) {
  auto const chosen = parse_place(place);
  if (!chosen) return chosen.failure();
  std::vector<std::string> labels;
  std::vector<std::uint64_t> sizes;
  for (auto const& [label, size] : cluster.dims) {
    labels.push_back(label);
    sizes.push_back(size);
  }
  try {
    auto const covered = region(extent(std::move(labels), std::move(sizes))).slice_by(*chosen);
    if (covered.size() > most_named)
      return error(errc::bad_argument,
                   "it names " + std::to_string(covered.size()) + " procs of at most " + std::to_string(most_named));
    std::vector<target_name> names;
    for (std::uint64_t rank = 0; rank != covered.size(); ++rank) {
      auto const proc = covered.base_rank(rank);
      names.push_back("host" + std::to_string(proc / cluster.procs_per_host) + "/p" +
                      std::to_string(proc % cluster.procs_per_host + 1));
    }
    return names;
  } catch (exception const& e) {
    return e.why();
  }
}

/// "\"proc(node = 0, gpu = 0)\"".
std::string first_place(scenario const& cluster) {
  std::string text;
  for (auto const& [label, size] : cluster.dims) text += (text.empty() ? "" : ", ") + label + " = 0";
  return "\"" + std::string(place_begin) + text + std::string(place_end) + "\"";
}

}  // namespace

std::vector<target_name> read_target(toml_table_reader& table, toml_value const& value, scenario const& cluster,
                                     target_kind wanted) {
  std::string_view const what = wanted == target_kind::host   ? "a host such as \"host0\""
                                : wanted == target_kind::proc ? "a proc such as \"host0/p1\""
                                                              : "a host such as \"host0\", a proc such as \"host0/p1\", or \"*\"";
  auto const refuse = [&](std::string why) {
    table.complain(value, std::move(why) + ", expected " + std::string(what));
    return std::vector<target_name>();
  };
  if (value.type != toml_value::kind::text) return refuse(described(value) + " is no target");
  std::string_view const text = value.text;
  if (text == "*") {
    if (wanted != target_kind::any) return refuse("'*' is too many");
    return {value.text};
  }
  if (text.starts_with(place_begin) && text.ends_with(place_end)) {
    if (wanted == target_kind::host) return refuse(quoted(text) + " names procs");
    if (cluster.dims.empty()) return refuse(quoted(text) + " is a place in topology.dims, which is not there");
    auto named = procs_at(text.substr(place_begin.size(), text.size() - place_begin.size() - place_end.size()), cluster);
    if (!named) {
      table.complain(value, quoted(text) + ": " + named.failure().what + ", expected a place in topology.dims, such as " +
                                first_place(cluster));
      return {};
    }
    return *std::move(named);
  }
  auto const slash = text.find('/');
  auto const number = [](std::string_view part, std::string_view prefix, std::uint32_t& into) {
    if (!part.starts_with(prefix)) return false;
    part.remove_prefix(prefix.size());
    if (part.size() > 1 && part.front() == '0') return false;
    auto const [end, code] = std::from_chars(part.data(), part.data() + part.size(), into);
    return code == std::errc() && end == part.data() + part.size();
  };
  std::uint32_t host = 0, proc = 0;
  bool const has_proc = slash != std::string_view::npos;
  if (!number(text.substr(0, slash), "host", host) || (has_proc && !number(text.substr(slash + 1), "p", proc))) {
    return refuse(quoted(text) + " is no target");
  }
  if (host >= cluster.hosts) {
    return refuse("there is no " + std::string(text.substr(0, slash)) + ", the hosts are host0 to host" +
                  std::to_string(cluster.hosts - 1));
  }
  if (has_proc && proc > cluster.procs_per_host) {
    return refuse("there is no " + std::string(text) + ", the procs of a host are p0 to p" +
                  std::to_string(cluster.procs_per_host));
  }
  if (wanted == target_kind::host && has_proc) return refuse(quoted(text) + " is a proc");
  if (wanted == target_kind::proc && !has_proc) return refuse(quoted(text) + " is a host");
  return {value.text};
}

}  // namespace roost::sim::detail
