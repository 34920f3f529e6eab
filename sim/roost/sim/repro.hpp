#pragma once
// What reproduces a run: one line to paste, and a file that holds everything the run was made of.

#include <roost/base/digest.hpp>
#include <roost/base/error.hpp>
#include <roost/sim/fault_plan.hpp>
#include <roost/sim/run.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace roost::sim {

/// "r1:<scenario>:<seed>:<8 hex of its text>". The version is that of the keyed draws: another one draws other decisions.
struct repro_line {
  std::string scenario;  ///< Path of the scenario file without ".toml".
  std::uint64_t seed = 0;
  std::uint32_t text_hash = 0;
  bool operator==(repro_line const&) const = default;
};

/// The hash that a repro line carries of a scenario's text.
std::uint32_t hash_of_text(std::string_view text) noexcept;
/// 8 hex digits.
std::string hex8(std::uint32_t value);

std::string to_string(repro_line const& line);
/// Inverse of `to_string`. Errors: `errc::bad_scenario`, naming the part that is wrong.
result<repro_line> parse_repro_line(std::string_view text);

/// "held", "violated", "program_failed": as files and `--json` have them.
std::string_view verdict_name(verdict outcome) noexcept;
std::optional<verdict> parse_verdict(std::string_view name) noexcept;
/// 32 hex digits, high half first.
std::optional<hash128> parse_digest(std::string_view text) noexcept;

/// A `.repro` file. Its text is TOML: people read it, and may take faults out of its plan.
struct repro_file {
  std::string scenario_file;  ///< Where the scenario was read; beside it stands its program.
  std::string scenario_text;
  std::uint64_t seed = 0;
  std::vector<std::string> settings;  ///< `--set` options, knobs among them.
  std::vector<std::string> plants;    ///< Planted bugs that were armed.
  std::string build;                  ///< Of the executable that ran; another one may run differently.
  verdict outcome = verdict::held;
  std::string promise;  ///< The first that broke.
  std::string what;
  std::uint64_t event = 0;  ///< At which it broke.
  instant at{};
  hash128 digest;
  fault_plan plan;                       ///< As run.
  bool plan_edited = false;              ///< Set by `read_repro`: the plan is not the one whose digest this is.
  std::vector<std::string> plan_places;  ///< Set by `read_repro`: file:line:column of each fault.
};

std::string write_repro(repro_file const& file);
/// Inverse of `write_repro`. Reads any bytes. Errors: `errc::bad_scenario` as of `read_scenario`.
result<repro_file> read_repro(std::string_view text, std::string const& file);

}  // namespace roost::sim
