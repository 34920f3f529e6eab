#pragma once
// Runs of a scenario inside a test, one seed at a time.

#include <roost/sim/run.hpp>
#include <roost/sim/scenario_file.hpp>
#include <tests/properties/workload.hpp>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace roost::workload {

inline constexpr char const* workload_file = ROOST_WORKLOAD_FOLDER "/workload.toml";

/// A scenario file with `settings` ("key=value") over it, and the program it runs: the workload, if nothing else is said.
class campaign {
 public:
  using entry = void (*)(hosts, std::vector<std::string> const&);

  explicit campaign(std::string const& file = workload_file, entry main = run, std::vector<std::string> settings = {})
      : program_(main) {
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    auto read = sim::read_scenario(text.str(), file, {.settings = std::move(settings)});
    if (!read) throw std::runtime_error(sim::mistakes(read.failure()));
    scenario_ = *std::move(read);
  }

  sim::run_result seed(std::uint64_t number) {
    sim::run_options options;
    options.seed = number;
    program_.set_arguments(scenario_.argv);
    return sim::run(scenario_, options, program_);
  }

 private:
  sim::scenario scenario_;
  program program_;
};

/// "G3: what broke", or why there is no verdict.
inline std::string first_of(sim::run_result const& done) {
  if (!done.violations.empty())
    return done.violations.front().promise + ": " + done.violations.front().what + "\n" + done.wait_graph;
  return "verdict " + std::to_string(static_cast<int>(done.outcome)) + " " + done.program_error.describe();
}

/// One decimal seed a line; "#" begins a comment.
inline std::vector<std::uint64_t> seeds_of(std::string const& file) {
  std::vector<std::uint64_t> seeds;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.front() != '#') seeds.push_back(std::stoull(line));
  }
  return seeds;
}

}  // namespace roost::workload
