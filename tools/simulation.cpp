#include <roost/actor/registry.hpp>
#include <roost/base/plant.hpp>
#include <roost/sim/scenario_file.hpp>
#include <roost/sim/toml_document.hpp>
#include <roost/sim/words.hpp>
#include <tools/program_file.hpp>
#include <tools/simulation.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <filesystem>

namespace roost::tools {

result<void> read(simulation& into) {
  auto const endpoints = detail::endpoint_names();
  auto scenario = sim::read_scenario(into.text, into.file, {.settings = into.settings, .endpoints = endpoints});
  if (!scenario) return scenario.failure();
  into.what = *std::move(scenario);
  return {};
}

std::string place_of_program(simulation const& what) {
  if (auto const document = sim::parse_toml(what.text, what.file)) {
    if (auto const* found = document->find("program")) return found->place;
  }
  return what.file + ":1:1";
}

result<void> for_this_program(simulation const& what) {
  namespace fs = std::filesystem;
  auto const& named = what.what.program;
  fs::path const self = this_executable();
  if (named.empty() || fs::path(named).filename() == self.filename()) return {};
  // It may be a link to this one.
  for (auto const& folder : {fs::path(what.file).parent_path(), self.parent_path()}) {
    std::error_code ignored;
    if (fs::equivalent(folder / named, self, ignored)) return {};
  }
  return error(errc::bad_argument,
               "the scenario is for the program " + sim::quoted(named) + ", and this is " + self.filename().string(),
               place_of_program(what));
}

result<void> arm(std::vector<std::string> const& plants, std::string const& named_by) {
  for (auto const& name : plants) {
    auto* const found = find_plant(name);
    if (found == nullptr) {
      std::vector<std::string_view> names;
      for (auto const* known : all_plants()) names.push_back(known->definition().name);
      if (names.empty()) return error(errc::bad_argument, named_by + " " + name + ": this build has no planted bugs");
      auto const near = sim::nearest(name, names);
      return error(errc::bad_argument,
                   named_by + ": there is no planted bug " + sim::quoted(name) +
                       (near.empty() ? ", 'sim plants' lists them" : ", did you mean '" + std::string(near) + "'?"));
    }
    found->arm(true);
  }
  return {};
}

outcome run_here(simulation const& of, job const& work, proc_program& program) {
  outcome done;
  done.seed = work.seed;
  sim::run_options options;
  options.seed = work.seed;
  options.plan = work.plan;
  options.until_event = work.until_event;
  std::FILE* const trace = work.trace_file.empty() ? nullptr : std::fopen(work.trace_file.c_str(), "w");
  int problem = trace == nullptr && !work.trace_file.empty() ? errno : 0;
  std::deque<std::string> last;
  if (trace != nullptr || work.last_events != 0) {
    options.trace = [&](sim::trace_event const& event) {
      auto line = std::to_string(event.number) + " " + roost::to_string(event.at.time_since_epoch()) + " " + event.text;
      if (trace != nullptr && std::fprintf(trace, "%s\n", line.c_str()) < 0 && problem == 0) problem = errno;
      if (work.last_events == 0) return;
      last.push_back(std::move(line));
      if (last.size() > work.last_events) last.pop_front();
    };
  }
  program.set_arguments(of.what.argv);
  done.run = sim::run(of.what, options, program);
  if (trace != nullptr && std::fclose(trace) != 0 && problem == 0) problem = errno;
  if (problem != 0) done.trace_lost = std::strerror(problem);
  done.last_events.assign(last.begin(), last.end());
  return done;
}

}  // namespace roost::tools
