#include <unistd.h>

#include <tools/bench_table.hpp>
#include <tools/command_line.hpp>
#include <tools/program_file.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

namespace roost::tools {
namespace {

namespace fs = std::filesystem;

double middle(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  auto const half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

}  // namespace

bench_program::bench_program(std::string const& name)
    : path_(fs::path(this_executable()).parent_path().parent_path() / "tests" / "bench" / name) {}

bool bench_program::is_built() const { return ::access(path_.c_str(), X_OK) == 0; }

result<bench_sample> bench_program::run(std::vector<std::string> const& arguments) const {
  auto command = shell_word(path());
  for (auto const& each : arguments) command += " " + shell_word(each);
  std::FILE* const from = ::popen(command.c_str(), "r");
  if (from == nullptr) return error(errc::launch_failed, "cannot be run", path());
  std::string text;
  std::array<char, 4096> part{};
  while (std::size_t const count = std::fread(part.data(), 1, part.size(), from)) text.append(part.data(), count);
  if (::pclose(from) != 0) return error(errc::launch_failed, "failed: " + command, path());
  auto read = bench_sample::parse(text, nullptr, false);
  if (!read.is_object()) return error(errc::launch_failed, "printed no object: " + command, path());
  return read;
}

double bench_series::median(char const* over, char const* under) const {
  std::vector<double> values;
  for (auto const& each : samples_) values.push_back(each.value(over, 0.0) / std::max(1.0, each.value(under, 0.0)));
  return middle(std::move(values));
}

double bench_series::median(char const* field) const {
  std::vector<double> values;
  for (auto const& each : samples_) values.push_back(each.value(field, 0.0));
  return middle(std::move(values));
}

bool bench_series::same_digests() const {
  std::set<std::string> seen;
  for (auto const& each : samples_) seen.insert(each.value("digest", ""));
  return seen.size() == 1;
}

void bench_runner::measure(bench_series& into, bench_program const& what, std::vector<std::string> const& words) {
  if (failed_) return;
  auto one = what.run(words);
  if (one) {
    into.add(*std::move(one));
  } else {
    failed_ = one.failure();
  }
}

std::string digits(double value, int behind) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", behind, value);
  std::string out(text.data());
  auto const point = std::min(out.find('.'), out.size());
  for (auto at = point; at > 3; at -= 3) out.insert(at - 3, 1, ',');
  return out;
}

void print(output& out, bench_row const& r, int behind) {
  std::string line = "  " + r.name;
  line.resize(std::max<std::size_t>(line.size() + 1, 44), ' ');
  auto value = digits(r.value, behind) + " " + r.unit;
  value.insert(0, value.size() < 22 ? 22 - value.size() : 0, ' ');
  if (r.bound == 0) {
    out.say(line + value);
    out.object("bench", {{"work", json_of(r.name)}, {"value", bench_sample(r.value).dump()}, {"unit", json_of(r.unit)}});
    return;
  }
  auto bound = std::string(r.at_most ? "at most " : "at least ") + digits(r.bound, behind);
  bound.insert(0, bound.size() < 20 ? 20 - bound.size() : 0, ' ');
  out.say(line + value + bound + "   " + digits(r.ratio(), 2) + (r.ratio() >= 1 ? " of the bound" : " of the bound: missed"));
  out.object("bench", {{"work", json_of(r.name)},
                       {"value", bench_sample(r.value).dump()},
                       {"unit", json_of(r.unit)},
                       {"bound", bench_sample(r.bound).dump()},
                       {"ratio", bench_sample(r.ratio()).dump()},
                       {"reached", r.ratio() >= 1 ? "true" : "false"}});
}

void print_costs(output& out, std::string const& name, bench_series const& of, std::string const& each) {
  auto const instructions = of.median("instructions", "messages");
  auto const allocations = of.median("allocations", "messages");
  auto const nanoseconds = of.median("processor_ns", "messages");
  out.say("    " + name + ": " + digits(nanoseconds) + " ns, " +
          (instructions > 0 ? digits(instructions) : std::string("uncounted")) + " instructions, " + digits(allocations, 2) +
          " allocations " + each);
  out.object("bench_costs", {{"work", json_of(name)},
                             {"each", json_of(each)},
                             {"ns_per_message", bench_sample(nanoseconds).dump()},
                             {"instructions_per_message", instructions > 0 ? bench_sample(instructions).dump() : "null"},
                             {"allocations_per_message", bench_sample(allocations).dump()}});
}

}  // namespace roost::tools
