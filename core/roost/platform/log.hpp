#pragma once
// Lines of the log: who says them, how important they are, and what they say besides their text, by name and with its type kept.

#include <roost/base/ids.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace roost {

enum class log_level : std::uint8_t { debug, info, warning, failure };

/// A truth, a whole number, a number, or text.
class log_value {
 public:
  log_value(bool value) : value_(value) {}
  template <std::signed_integral T>
  log_value(T value) : value_(static_cast<std::int64_t>(value)) {}
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  log_value(T value) : value_(static_cast<std::uint64_t>(value)) {}
  template <std::floating_point T>
  log_value(T value) : value_(static_cast<double>(value)) {}
  log_value(std::string value) : value_(std::move(value)) {}
  log_value(std::string_view value) : value_(std::string(value)) {}
  log_value(char const* value) : value_(std::string(value)) {}

  using alternatives = std::variant<bool, std::int64_t, std::uint64_t, double, std::string>;
  alternatives const& value() const noexcept { return value_; }

 private:
  alternatives value_;
};

struct log_field {
  std::string name;
  log_value value;
};

using log_fields = std::vector<log_field>;

/// Who says a line of the log.
struct log_source {
  std::string_view name;               ///< For people: "Player team[gpu=3] (h0/p1.1/a7)".
  std::optional<actor_id> actor = {};  ///< With what follows, where an actor says it.
  std::string_view mesh = {};          ///< What its mesh is called.
  std::uint64_t rank = 0;              ///< Its rank there.
};

/// Takes lines of log text, with fields. Live: standard error, as text or as JSON. Simulated: the trace, never the digest.
class log_sink {
 public:
  virtual ~log_sink() = default;
  virtual void write(log_level level, log_source const& source, std::string_view line, std::span<log_field const> fields) = 0;
};

/// Appends ` name=value` for each. Names and texts that hold more than letters, digits and a few signs stand in quotes, as JSON writes
/// them: all stays on one line, and can be taken apart again.
void append_text_fields(std::string& to, std::span<log_field const> fields);
/// Appends one JSON object. Numbers that JSON has not are texts ("nan", "inf", "-inf"); of fields of one name the last counts.
void append_json_fields(std::string& to, std::span<log_field const> fields);

}  // namespace roost
