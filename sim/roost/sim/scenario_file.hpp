#pragma once
// Scenario files: TOML in, a `scenario` out, or every mistake of the file with its line and column.

#include <roost/base/error.hpp>
#include <roost/sim/fault_text.hpp>
#include <roost/sim/scenario.hpp>

#include <span>
#include <string>
#include <string_view>

namespace roost::sim {

struct scenario_options {
  /// "key=value" each, from the command line, put over what the file says; a knob may be named without "knobs." before it.
  std::span<std::string const> settings = {};
  /// False: names and ranges of knobs are not checked, since another executable knows them.
  bool check_knobs = true;
  /// "Class.endpoint" each, of the program that is run: triggers name one of them. Empty: not checked.
  std::span<std::string const> endpoints = {};
};

/// Reads any bytes. Error: `errc::bad_scenario` with `where` = file:line:column (or the option) and `what` = the key or value, what
/// was expected and the nearest valid key; further mistakes, up to 20, follow as lines of `what`.
result<scenario> read_scenario(std::string_view text, std::string const& file, scenario_options options = {});

/// The same, fit for standard error: "file:line:column: what", one line for each mistake.
std::string mistakes(error const& why);

}  // namespace roost::sim
