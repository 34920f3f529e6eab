#pragma once
// Text put together while the program is compiled.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace roost::wire::detail {

/// Counts, or also writes where it has a buffer.
struct text_sink {
  char* out = nullptr;
  std::size_t size = 0;

  constexpr void put(std::string_view text) {
    for (char const c : text) {
      if (out != nullptr) out[size] = c;
      ++size;
    }
  }
  constexpr void put_number(std::uint64_t value, unsigned base = 10) {
    std::array<char, 20> digits{};
    std::size_t at = digits.size();
    do {
      digits[--at] = "0123456789abcdef"[value % base];
      value /= base;
    } while (value != 0);
    put({digits.data() + at, digits.size() - at});
  }
};

template <class Writer>
struct text_storage {
  static constexpr std::size_t size = [] {
    text_sink count;
    Writer::write(count);
    return count.size;
  }();
  static constexpr std::array<char, size + 1> text = [] {
    std::array<char, size + 1> filled{};
    text_sink fill{filled.data()};
    Writer::write(fill);
    return filled;
  }();
};

/// What `Writer::write(text_sink&)` writes.
template <class Writer>
inline constexpr std::string_view static_text{text_storage<Writer>::text.data(), text_storage<Writer>::size};

}  // namespace roost::wire::detail
