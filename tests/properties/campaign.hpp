#pragma once
// Runs of a scenario inside a test, one seed at a time.

#include <roost/sim/run.hpp>
#include <roost/sim/scenario_file.hpp>
#include <tests/properties/workload.hpp>

#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace roost::workload {

inline constexpr char const* workload_file = ROOST_WORKLOAD_FOLDER "/workload.toml";

/// A seed of a list of those that once failed.
struct listed_seed {
  std::uint64_t number = 0;
  std::map<std::string, std::string> struck;  ///< By its time ("12.5ms"): whom a drawn fault struck then, where that was another.
};

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

  sim::run_result seed(std::uint64_t number) { return seed(listed_seed{number, {}}); }
  /// Throws where no fault is drawn for a time in `struck`.
  sim::run_result seed(listed_seed const& which) {
    sim::run_options options;
    options.seed = which.number;
    if (!which.struck.empty()) options.plan = plan_of(which);
    program_.set_arguments(scenario_.argv);
    return sim::run(scenario_, options, program_);
  }

 private:
  sim::fault_plan plan_of(listed_seed const& which) const {
    auto plan = sim::draw_plan(scenario_, which.number);
    auto left = which.struck;
    for (auto& operation : plan) {
      if (auto const found = left.extract(to_string(operation.at))) operation.group_a = {found.mapped()};
    }
    if (!left.empty()) throw std::runtime_error("seed " + std::to_string(which.number) + ": no fault at " + left.begin()->first);
    return plan;
  }

  sim::scenario scenario_;
  program program_;
};

/// "G3: what broke", or why there is no verdict.
inline std::string first_of(sim::run_result const& done) {
  if (!done.violations.empty())
    return done.violations.front().promise + ": " + done.violations.front().what + "\n" + done.wait_graph;
  return "verdict " + std::to_string(static_cast<int>(done.outcome)) + " " + done.program_error.describe();
}

/// One decimal seed a line, with "TIME=TARGET" after it for each of `struck`; "#" begins a comment.
inline std::vector<listed_seed> seeds_of(std::string const& file) {
  std::vector<listed_seed> seeds;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream words(line);
    words >> seeds.emplace_back().number;
    for (std::string word; words >> word;) seeds.back().struck[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
  }
  return seeds;
}

}  // namespace roost::workload
