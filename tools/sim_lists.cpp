#include <roost/base/knobs.hpp>
#include <roost/base/plant.hpp>
#include <roost/base/units.hpp>
#include <tools/command_line.hpp>
#include <tools/sim_commands.hpp>

#include <algorithm>

namespace roost::tools {
namespace {

std::string with_unit(std::int64_t value, knob_unit unit) {
  if (unit == knob_unit::nanosecond) return roost::to_string(nanoseconds(value));
  if (unit == knob_unit::byte && value >= 0) return roost::to_string(bytes{static_cast<std::uint64_t>(value)});
  return std::to_string(value);
}

/// Rows of text as columns.
std::string table(std::vector<std::vector<std::string>> const& rows) {
  std::vector<std::size_t> widths;
  for (auto const& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i != row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (auto const& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) out += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    out += row.back() + "\n";
  }
  return out;
}

}  // namespace

int sim_knobs(output& out) {
  constexpr std::string_view units[] = {"count", "bytes", "duration"};
  std::vector<std::vector<std::string>> rows{{"KNOB", "STANDARD", "FROM", "TO", "MEANING"}};
  for (auto const* each : all_knobs()) {
    auto const& knob = each->definition();
    rows.push_back({std::string(knob.name), with_unit(knob.standard, knob.unit), with_unit(knob.low, knob.unit),
                    with_unit(knob.high, knob.unit), std::string(knob.meaning)});
    out.object("knob", {{"name", json_of(knob.name)},
                        {"unit", json_of(units[static_cast<std::size_t>(knob.unit)])},
                        {"standard", std::to_string(knob.standard)},
                        {"low", std::to_string(knob.low)},
                        {"high", std::to_string(knob.high)},
                        {"meaning", json_of(knob.meaning)}});
  }
  if (!out.json()) out.print(table(rows));
  return exit_ok;
}

int sim_plants(output& out) {
  std::vector<std::vector<std::string>> rows{{"PLANT", "PROMISE", "MEANING"}};
  for (auto const* each : all_plants()) {
    auto const& plant = each->definition();
    rows.push_back({std::string(plant.name), std::string(plant.promise), std::string(plant.meaning)});
    out.object("plant",
               {{"name", json_of(plant.name)}, {"promise", json_of(plant.promise)}, {"meaning", json_of(plant.meaning)}});
  }
  if (all_plants().empty()) out.say("this build has no planted bugs");
  if (!out.json()) out.print(table(rows));
  return exit_ok;
}

}  // namespace roost::tools
