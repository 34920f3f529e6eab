#include <roost/base/json_text.hpp>

#include <array>
#include <cstddef>
#include <cstdio>

namespace roost {
namespace {

/// How many bytes from the front of `text` are one character of UTF-8; 0 where none begins there. Neither surrogates, nor what is
/// longer than it must be, nor what is over U+10FFFF is one.
std::size_t character_at_front(std::string_view text) noexcept {
  auto const byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
  auto const within = [&](std::size_t at, unsigned least, unsigned most) { return byte(at) >= least && byte(at) <= most; };
  unsigned const first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return within(1, 0x80, 0xbf) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    bool const second = within(1, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf);
    return second && within(2, 0x80, 0xbf) ? 3 : 0;
  }
  if (first < 0xf0 || first > 0xf4) return 0;
  bool const second = within(1, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf);
  return second && within(2, 0x80, 0xbf) && within(3, 0x80, 0xbf) ? 4 : 0;
}

}  // namespace

void append_json_text(std::string& to, std::string_view text) {
  to += '"';
  while (!text.empty()) {
    std::size_t const size = character_at_front(text);
    auto const c = static_cast<unsigned char>(text.front());
    if (size == 0) {
      to += "\xef\xbf\xbd";
    } else if (c == '"' || c == '\\') {
      to.append({'\\', text.front()});
    } else if (c < 0x20 || c == 0x7f) {
      std::array<char, 8> escaped{};
      std::snprintf(escaped.data(), escaped.size(), "\\u%04x", static_cast<unsigned>(c));
      to += escaped.data();
    } else {
      to += text.substr(0, size);
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  to += '"';
}

}  // namespace roost
