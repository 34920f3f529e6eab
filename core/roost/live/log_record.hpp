#pragma once
// One line of a log as a JSON object, whatever bytes it holds.

#include <roost/platform/log.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace roost {

/// What is empty is left out.
struct log_record {
  std::string_view level = {};             ///< "debug", "info", "warning", "failure".
  std::string_view logger = {};            ///< Who says it, for people.
  std::string_view host = {};              ///< "h0".
  std::string_view proc = {};              ///< "h0/p1.1".
  std::string_view mesh = {};              ///< Of the actor that says it.
  std::optional<std::uint64_t> rank = {};  ///< Its rank there.
  std::string_view actor = {};             ///< "h0/p1.1/a7".
  std::string_view stream = {};            ///< "log", "stdout", "stderr".
  std::string_view message;
  std::span<log_field const> fields = {};
};

/// `{"ts":"2026-01-31T12:00:00.000000001Z","level":...,"msg":...}` and a newline, which is its only one: valid JSON in valid UTF-8,
/// where what is no UTF-8 has become U+FFFD. The time is the machine's, in UTC, when this is called. Any thread.
std::string json_line(log_record const& record);

}  // namespace roost
