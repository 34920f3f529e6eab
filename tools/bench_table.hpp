#pragma once
// What the benchmark commands share: programs run once each, medians of what they printed, and rows beside their bounds.

#include <roost/base/error.hpp>
#include <nlohmann/json.hpp>
#include <tools/output.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace roost::tools {

/// What one repetition printed.
using bench_sample = nlohmann::json;

/// A benchmark program that is built beside this executable.
class bench_program {
 public:
  explicit bench_program(std::string const& name);
  std::string path() const { return path_.lexically_normal().string(); }
  bool is_built() const;
  /// One repetition. Errors: `errc::launch_failed`, with what it was.
  result<bench_sample> run(std::vector<std::string> const& arguments) const;

 private:
  std::filesystem::path path_;
};

/// All repetitions of one side.
class bench_series {
 public:
  void add(bench_sample one) { samples_.push_back(std::move(one)); }
  bool empty() const { return samples_.empty(); }
  /// The median of a quotient of two fields.
  double median(char const* over, char const* under) const;
  double median(char const* field) const;
  bool same_digests() const;

 private:
  std::vector<bench_sample> samples_;
};

/// Runs repetitions until one fails.
class bench_runner {
 public:
  void measure(bench_series& into, bench_program const& what, std::vector<std::string> const& words);
  std::optional<error> const& failed() const noexcept { return failed_; }

 private:
  std::optional<error> failed_;
};

/// "1,234.5", with so many digits behind the point.
std::string digits(double value, int behind = 0);

/// One row of the table: what was reached, and its ratio to the bound, where there is one; at least 1 is reached.
struct bench_row {
  std::string name;
  double value = 0;
  std::string unit;
  double bound = 0;  ///< 0: none.
  bool at_most = false;
  double ratio() const { return at_most ? bound / value : value / bound; }
};

void print(output& out, bench_row const& r, int behind);
/// What it takes for each ("a message").
void print_costs(output& out, std::string const& name, bench_series const& of, std::string const& each = "a message");

}  // namespace roost::tools
