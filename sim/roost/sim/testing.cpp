#include <roost/sim/testing.hpp>

#include <roost/sim/quantity.hpp>
#include <roost/sim/repro.hpp>
#include <roost/sim/scenario_file.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace roost::sim {

using namespace std::chrono_literals;

scenario calm() {
  scenario s;
  s.name = "calm";
  s.net.latency = {latency_model::shape::lognormal, 50us, 500us};
  s.time_limit = 300s;
  s.settle_limit = 300s;  // Bodies sleep as long as they like.
  s.net.loss_ppm = 1'000;
  s.net.duplicate_ppm = 1'000;
  s.net.reorder_ppm = 10'000;
  return s;
}

scenario stormy() {
  auto s = calm();
  s.name = "stormy";
  s.fault_window = 200ms;
  auto& f = s.faults;
  f.mode = fault_mode::swarm;
  f.partition = {100ms, 1ms, 40ms, 0};
  f.reset = {20ms, 0ms, 0ms, 0};
  f.crash_proc = {100ms, 0ms, 0ms, 2};
  f.pause_proc = {60ms, 1ms, 40ms, 0};
  f.slow_host = {80ms, 5ms, 50ms, 0};
  f.noise = {40ms, 1ms, 30ms, 0};
  f.slow_factor_high_percent = 2'000;
  f.loss_ppm = 200'000;
  f.duplicate_ppm = 100'000;
  f.reorder_ppm = 300'000;
  f.corrupt_ppm = 50'000;
  f.clock_skew_max = 200ms;
  f.clock_drift_ppm = 200;
  f.buggify_ppm = 50'000;
  return s;
}

result<scenario> test_scenario(std::string_view file, std::string_view source) {
  auto const path = std::filesystem::path(source).parent_path() / file;
  std::ifstream in(path, std::ios::binary);
  if (!in) return error(errc::bad_scenario, "the scenario file cannot be read", path.string());
  std::ostringstream text;
  text << in.rdbuf();
  return read_scenario(text.str(), path.string());
}

std::vector<std::uint64_t> test_seeds(std::uint64_t from, std::uint64_t to) {
  // banned-call: before and outside of every run, so that the line of a failed test repeats it.
  if (char const* text = std::getenv("ROOST_SEED")) {
    auto const seed = parse_seed(text);
    if (!seed) throw exception(error(errc::bad_argument, "ROOST_SEED: " + seed.failure().what));
    return {*seed};
  }
  if (from > to) {
    throw exception(error(errc::bad_argument, "there are no seeds from " + std::to_string(from) + " to " + std::to_string(to)));
  }
  std::vector<std::uint64_t> seeds{from};
  while (seeds.back() != to) seeds.push_back(seeds.back() + 1);
  return seeds;
}

std::string repeat_line(std::uint64_t seed, std::string_view test, scenario const& what) {
  auto line = "seed " + std::to_string(seed) + ": repeat with ROOST_SEED=" + std::to_string(seed) +
              " and --gtest_filter=" + std::string(test);
  if (!what.file.empty()) {
    auto const stem = std::filesystem::path(what.file).replace_extension().string();
    line += " (" + to_string(repro_line{stem, seed, hash_of_text(what.text)}) + ")";
  }
  return line;
}

std::string test_failure(run_result const& run, std::uint64_t seed, std::string_view test, scenario const& what) {
  std::string text;
  for (auto const& broken : run.violations) {
    text += broken.promise + " broke at event " + std::to_string(broken.event) + ", " + to_string(broken.at) + ": " +
            broken.what + "\n";
  }
  if (run.outcome == verdict::program_failed) text += "the program failed: " + run.program_error.describe() + "\n";
  if (run.outcome != verdict::held && text.empty()) text = "the run ended as " + std::string(verdict_name(run.outcome)) + "\n";
  if (text.empty()) return text;
  if (!run.wait_graph.empty()) text += "open waits:\n" + run.wait_graph + "\n";
  for (auto const& fault : run.plan) text += "fault: " + to_string(fault) + "\n";
  return text + repeat_line(seed, test, what);
}

}  // namespace roost::sim
