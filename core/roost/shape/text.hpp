#pragma once
// Reading and writing the text forms of shapes. Not for users: each shape has its own `to_string` and `parse`.

#include <roost/base/error.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roost::detail {

/// Reads tokens from left to right, with blanks between them. The first failure is kept; every later step fails too.
class text_reader {
 public:
  /// `form` names what is read ("point") in errors. Both must outlive the reader.
  text_reader(std::string_view form, std::string_view text);

  bool ok() const noexcept { return !failure_; }
  /// True where the next token is `wanted`, which is not taken.
  bool next_is(char wanted);
  bool next_is_number();
  /// Takes `wanted` where it is next; no failure where it is not.
  bool take(char wanted);
  bool expect(char wanted);
  /// A decimal number up to `max_ranks`.
  bool number(std::uint64_t& out);
  /// A bare word (letter or '_', then letters, digits, '_', '-', '.', '/') or a quoted label.
  bool label(std::string& out);
  bool expect_end();
  /// Fails at the next token: "expected <wanted>, found <token>".
  bool fail_expecting(std::string_view wanted);
  /// Fails at the next token with a sentence of the caller's.
  bool fail(errc code, std::string sentence);
  /// The first failure. Call only where `ok()` is false.
  error failure() const { return *failure_; }

 private:
  bool quoted(std::string& out);
  bool escape(std::string& out);
  void skip_blanks();
  std::string found() const;

  std::string_view form_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::optional<error> failure_;
};

/// `label` as `text_reader::label` reads it back: bare where it can be, else in double quotes with \" \\ and \xHH.
std::string label_text(std::string_view label);
/// The labels in quotes with commas between them, for errors; "none" where there are none.
std::string list_text(std::span<std::string const> labels);

/// Throws `exception` with `errc::bad_argument`.
[[noreturn]] void refuse(std::string sentence, std::string place = {});
/// The value, or throws the error as an `exception`.
template <class T>
T value_or_throw(result<T> made) {
  return std::move(made).value();
}

/// Checks count, form and uniqueness of labels.
result<void> check_labels(std::span<std::string const> labels);
/// The product of `sizes`, counting 0 as 1; empty where it passes `max_ranks`.
std::optional<std::uint64_t> bounded_product(std::span<std::uint64_t const> sizes) noexcept;

}  // namespace roost::detail
