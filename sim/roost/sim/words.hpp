#pragma once
// Words that people wrote, in the messages that refuse them.

#include <span>
#include <string>
#include <string_view>

namespace roost::sim {

/// `text` in one line: control characters as \x and two digits.
std::string printable(std::string_view text);

/// The candidate that `word` most likely meant, or empty where none is near. `-` and `_` count as the same, and so do cases.
std::string_view nearest(std::string_view word, std::span<std::string_view const> candidates);
/// ", did you mean 'x'?" or, where nothing is near, ", expected one of a, b, c" (or nothing without candidates).
std::string suggestion(std::string_view word, std::span<std::string_view const> candidates);
/// `text` in single quotes, cut after 40 characters, with unprintable characters escaped: fit for an error message.
std::string quoted(std::string_view text);

}  // namespace roost::sim
