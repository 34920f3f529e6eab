#include <roost/actor/registry.hpp>
#include <roost/base/plant.hpp>
#include <roost/sim/scenario_file.hpp>
#include <roost/sim/words.hpp>
#include <tools/simulation.hpp>

#include <cstdio>
#include <cstring>
#include <deque>

namespace roost::tools {

result<void> read(simulation& into) {
  auto const endpoints = detail::endpoint_names();
  auto scenario = sim::read_scenario(into.text, into.file, {.settings = into.settings, .endpoints = endpoints});
  if (!scenario) return scenario.failure();
  into.what = *std::move(scenario);
  return {};
}

result<void> arm(std::vector<std::string> const& plants) {
  for (auto const& name : plants) {
    auto* const found = find_plant(name);
    if (found == nullptr) {
      std::vector<std::string_view> names;
      for (auto const* known : all_plants()) names.push_back(known->definition().name);
      if (names.empty()) return error(errc::bad_argument, "--plant " + name + ": this build has no planted bugs");
      auto const near = sim::nearest(name, names);
      return error(errc::bad_argument,
                   "--plant: there is no planted bug " + sim::quoted(name) +
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
  if (!work.trace_file.empty() && trace == nullptr) {
    std::fprintf(stderr, "%s: cannot be written: %s\n", work.trace_file.c_str(), std::strerror(errno));
  }
  std::deque<std::string> last;
  if (trace != nullptr || work.last_events != 0) {
    options.trace = [&](sim::trace_event const& event) {
      auto line = std::to_string(event.number) + " " + roost::to_string(event.at.time_since_epoch()) + " " + event.text;
      if (trace != nullptr) std::fprintf(trace, "%s\n", line.c_str());
      if (work.last_events == 0) return;
      last.push_back(std::move(line));
      if (last.size() > work.last_events) last.pop_front();
    };
  }
  program.set_arguments(of.what.argv);
  done.run = sim::run(of.what, options, program);
  if (trace != nullptr) std::fclose(trace);
  done.last_events.assign(last.begin(), last.end());
  return done;
}

}  // namespace roost::tools
