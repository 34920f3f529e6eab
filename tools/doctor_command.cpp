#include <tools/command_line.hpp>
#include <tools/doctor_command.hpp>
#include <tools/probes.hpp>
#include <tools/version.hpp>

#include <algorithm>

namespace roost::tools {
namespace {

std::string_view mark_of(probe_state state) {
  switch (state) {
    case probe_state::works: return "  ok  ";
    case probe_state::absent: return "  --  ";
    case probe_state::fails: return "FAILS ";
  }
  return "";
}

std::string_view word_of(probe_state state) {
  switch (state) {
    case probe_state::works: return "works";
    case probe_state::absent: return "absent";
    case probe_state::fails: return "fails";
  }
  return "";
}

}  // namespace

int doctor(invocation const& asked, output& out) {
  std::vector<probe_result> results;
  results.push_back({.name = "build", .found = "roost " + version_text(), .consequence = {}});
  probe_kernel(results);
  probe_attach(results);
  probe_machine(results, asked.procs);
  probe_libraries(results);
  std::size_t width = 0;
  for (auto const& each : results) width = std::max(width, each.name.size());
  std::size_t failed = 0;
  for (auto const& each : results) {
    auto line = std::string(mark_of(each.state)) + each.name;
    line.resize(6 + width + 2, ' ');
    out.say(line + each.found + (each.consequence.empty() ? "" : ": " + each.consequence));
    out.object("doctor", {{"probe", json_of(each.name)},
                          {"state", json_of(word_of(each.state))},
                          {"found", json_of(each.found)},
                          {"consequence", json_of(each.consequence)}});
    failed += each.state == probe_state::fails ? 1 : 0;
  }
  if (failed == 0) return exit_ok;
  out.say(std::to_string(failed) + (failed == 1 ? " thing" : " things") + " that Roost needs " + (failed == 1 ? "does" : "do") +
          " not work here");
  return exit_unreachable;
}

}  // namespace roost::tools
