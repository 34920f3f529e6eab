#include <roost/base/json_text.hpp>
#include <roost/platform/log.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <type_traits>

namespace roost {
namespace {

/// Shortest, and never like a whole number's.
std::string text_of(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  std::array<char, 32> digits{};
  auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  std::string text(digits.data(), end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string text_of(bool truth) { return truth ? "true" : "false"; }
std::string text_of(std::int64_t number) { return std::to_string(number); }
std::string text_of(std::uint64_t number) { return std::to_string(number); }

bool is_plain(std::string_view text) {
  constexpr std::string_view signs = "_-+./:@%,#[]()";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || signs.find(c) != std::string_view::npos;
  });
}

void append_word(std::string& to, std::string_view text) {
  if (is_plain(text)) {
    to += text;
  } else {
    append_json_text(to, text);
  }
}

}  // namespace

void append_text_fields(std::string& to, std::span<log_field const> fields) {
  for (auto const& each : fields) {
    to += ' ';
    append_word(to, each.name);
    to += '=';
    std::visit(
        [&](auto const& value) {
          if constexpr (std::is_same_v<decltype(value), std::string const&>) {
            append_word(to, value);
          } else {
            to += text_of(value);
          }
        },
        each.value.value());
  }
}

void append_json_fields(std::string& to, std::span<log_field const> fields) {
  char before = '{';
  for (std::size_t i = 0; i != fields.size(); ++i) {
    auto const& name = fields[i].name;
    if (std::ranges::any_of(fields.subspan(i + 1), [&](log_field const& other) { return other.name == name; })) continue;
    to += std::exchange(before, ',');
    append_json_text(to, name);
    to += ':';
    std::visit(
        [&](auto const& value) {
          if constexpr (std::is_same_v<decltype(value), std::string const&>) {
            append_json_text(to, value);
          } else if constexpr (std::is_same_v<decltype(value), double const&>) {
            to += std::isfinite(value) ? text_of(value) : "\"" + text_of(value) + "\"";
          } else {
            to += text_of(value);
          }
        },
        fields[i].value.value());
  }
  if (before == '{') to += before;
  to += '}';
}

}  // namespace roost
