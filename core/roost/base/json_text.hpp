#pragma once
// Text as JSON writes it.

#include <string>
#include <string_view>

namespace roost {

/// Appends `text` in quotes, whatever bytes it holds: valid JSON in valid UTF-8 on one line, where what is no UTF-8 has become U+FFFD.
void append_json_text(std::string& to, std::string_view text);

}  // namespace roost
