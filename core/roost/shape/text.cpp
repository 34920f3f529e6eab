#include <roost/shape/limits.hpp>
#include <roost/shape/text.hpp>

#include <algorithm>
#include <charconv>

namespace roost::detail {
namespace {

// Not <cctype>: that depends on the locale.
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool starts_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
constexpr bool in_word(char c) { return starts_word(c) || is_digit(c) || c == '-' || c == '.' || c == '/'; }
constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::string hex(char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  auto const byte = static_cast<unsigned char>(c);
  return {digits[byte >> 4], digits[byte & 15]};
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::string in_quotes(std::string_view label) {
  std::string text = "\"";
  for (char const c : label) {
    if (is_control(c)) {
      text += "\\x" + hex(c);
    } else {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
  }
  return text + '"';
}

}  // namespace

text_reader::text_reader(std::string_view form, std::string_view text) : form_(form), text_(text) {
  if (text.size() > max_shape_text_bytes) {
    fail(errc::too_large, std::string(form) + " text has " + std::to_string(text.size()) + " bytes, at most " +
                              std::to_string(max_shape_text_bytes) + " are allowed");
  }
}

void text_reader::skip_blanks() {
  while (at_ < text_.size() && text_[at_] == ' ') ++at_;
}

std::string text_reader::found() const {
  if (at_ >= text_.size()) return "the end";
  char const c = text_[at_];
  if (is_control(c) || static_cast<unsigned char>(c) > 0x7e) return "byte 0x" + hex(c);
  return std::string("'") + c + "'";
}

bool text_reader::fail(errc code, std::string sentence) {
  skip_blanks();
  if (!failure_) {
    failure_ =
        error(code, std::move(sentence), "character " + std::to_string(at_ + 1) + " of the " + std::string(form_) + " text");
  }
  return false;
}

bool text_reader::fail_expecting(std::string_view wanted) {
  skip_blanks();
  return fail(errc::bad_argument, "expected " + std::string(wanted) + ", found " + found());
}

bool text_reader::next_is(char wanted) {
  skip_blanks();
  return ok() && at_ < text_.size() && text_[at_] == wanted;
}

bool text_reader::next_is_number() {
  skip_blanks();
  return ok() && at_ < text_.size() && is_digit(text_[at_]);
}

bool text_reader::take(char wanted) {
  if (!next_is(wanted)) return false;
  ++at_;
  return true;
}

bool text_reader::expect(char wanted) { return take(wanted) || fail_expecting(std::string("'") + wanted + "'"); }

bool text_reader::number(std::uint64_t& out) {
  if (!next_is_number()) return fail_expecting("a number");
  auto const* const first = text_.data() + at_;
  auto const [end, problem] = std::from_chars(first, text_.data() + text_.size(), out);
  if (problem != std::errc{} || out > max_ranks) {
    return fail(errc::too_large, "expected a number up to " + std::to_string(max_ranks) + ", found a larger one");
  }
  at_ += static_cast<std::size_t>(end - first);
  return true;
}

bool text_reader::label(std::string& out) {
  out.clear();
  if (take('"')) return quoted(out);
  skip_blanks();
  if (!ok() || at_ >= text_.size() || !starts_word(text_[at_])) return fail_expecting("a label");
  while (at_ < text_.size() && in_word(text_[at_])) out += text_[at_++];
  return true;
}

bool text_reader::quoted(std::string& out) {
  while (at_ < text_.size()) {
    char const c = text_[at_++];
    if (c == '"') return true;
    if (c != '\\') {
      out += c;
    } else if (!escape(out)) {
      return false;
    }
  }
  return fail_expecting("a closing '\"'");
}

bool text_reader::escape(std::string& out) {
  if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\\')) {
    out += text_[at_++];
    return true;
  }
  if (at_ + 2 < text_.size() && text_[at_] == 'x') {
    int const high = hex_value(text_[at_ + 1]);
    int const low = hex_value(text_[at_ + 2]);
    if (high >= 0 && low >= 0) {
      out += static_cast<char>(high * 16 + low);
      at_ += 3;
      return true;
    }
  }
  return fail_expecting("'\"', '\\' or 'x' and two hex digits after '\\'");
}

bool text_reader::expect_end() {
  skip_blanks();
  return ok() && (at_ >= text_.size() || fail_expecting("the end"));
}

std::string label_text(std::string_view label) {
  bool const bare = !label.empty() && starts_word(label.front()) && std::all_of(label.begin(), label.end(), in_word);
  return bare ? std::string(label) : in_quotes(label);
}

std::string list_text(std::span<std::string const> labels) {
  if (labels.empty()) return "none";
  std::string text;
  for (auto const& label : labels) text += (text.empty() ? "" : ", ") + in_quotes(label);
  return text;
}

void refuse(std::string sentence, std::string place) {
  throw exception(error(errc::bad_argument, std::move(sentence), std::move(place)));
}

result<void> check_labels(std::span<std::string const> labels) {
  if (labels.size() > max_dims) {
    return error(errc::bad_argument, "a shape has at most " + std::to_string(max_dims) + " dimensions, this one has " +
                                         std::to_string(labels.size()));
  }
  for (auto label = labels.begin(); label != labels.end(); ++label) {
    if (label->empty()) return error(errc::bad_argument, "a dimension's label must not be empty");
    if (label->size() > max_label_bytes) {
      return error(errc::bad_argument, "a dimension's label has at most " + std::to_string(max_label_bytes) +
                                           " bytes, this one has " + std::to_string(label->size()));
    }
    if (std::find(labels.begin(), label, *label) != label) {
      return error(errc::bad_argument, "dimension " + in_quotes(*label) + " is named twice");
    }
  }
  return {};
}

std::optional<std::uint64_t> bounded_product(std::span<std::uint64_t const> sizes) noexcept {
  std::uint64_t product = 1;
  for (auto const size : sizes) {
    if (__builtin_mul_overflow(product, size == 0 ? 1 : size, &product) || product > max_ranks) return std::nullopt;
  }
  return product;
}

}  // namespace roost::detail
