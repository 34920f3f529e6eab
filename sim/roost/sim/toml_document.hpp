#pragma once
// A TOML text as a plain tree in which every key and value knows where it was written, and a reader of its tables that refuses
// what it was not asked for. Scenario and repro files are read through it.

#include <roost/base/error.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roost::sim {

/// One value of a document with the key it stands under (empty in arrays).
struct toml_value {
  enum class kind : std::uint8_t { table, array, text, integer, real, boolean, date };
  kind type = kind::table;
  std::string key;
  std::string key_place;  ///< file:line:column, or the option that set it.
  std::string place;
  std::string text;
  std::int64_t integer = 0;
  double real = 0;
  bool boolean = false;
  std::vector<toml_value> children;  ///< Of tables (in the order written) and arrays.

  toml_value const* find(std::string_view name) const;
  toml_value* find(std::string_view name);
};

/// "a table", "the text 'abc'", "the number 3": for messages.
std::string described(toml_value const& value);

/// What is wrong with a file, in the order found; reported together.
class toml_problems {
 public:
  void add(std::string place, std::string what);
  bool empty() const { return found_.empty(); }
  /// The error that a reader returns: the first problem, and up to 19 more in lines of their own, in the order of the file.
  error as_error() const;

 private:
  struct problem {
    std::string place;
    std::string what;
  };
  std::vector<problem> found_;
};

/// Reads any bytes. Errors: `errc::bad_scenario` at file:line:column.
result<toml_value> parse_toml(std::string_view text, std::string const& file);

/// Sets one value from an option such as "net.default.loss=0.01", making tables as needed. The value is read as TOML, or else as a
/// text, so that "5us" needs no quotes. A part of the key that is a number picks an element of an array, from 0.
result<void> set_in(toml_value& document, std::string_view setting);

/// `text` as a TOML string that reads back as exactly `text`, which must be valid UTF-8; over several lines where it has some.
std::string toml_string(std::string_view text);

/// Reads one table: every key is asked for by name, and `finish` reports the ones that were not.
class toml_table_reader {
 public:
  /// `table` may be null: then every key is absent. `path` is what messages call the table: "topology", or "" for the document.
  toml_table_reader(toml_value const* table, std::string path, toml_problems& problems);

  /// The value of a key, whatever its type; null where it is absent.
  toml_value const* value(std::string_view key);
  /// Null where absent or of another type, which is reported.
  toml_value const* table(std::string_view key);
  toml_value const* array(std::string_view key);
  toml_value const* text(std::string_view key);
  void read(std::string_view key, std::string& into);
  void read(std::string_view key, bool& into);
  void read(std::string_view key, std::vector<std::string>& into);
  void read(std::string_view key, std::uint32_t& into, std::uint32_t low, std::uint32_t high);
  /// Reads a text with `parser`, such as `parse_duration`. True when the key was there and good.
  template <class T>
  bool parse(std::string_view key, T& into, result<T> (*parser)(std::string_view)) {
    auto const* found = text(key);
    if (found == nullptr) return false;
    auto read = parser(found->text);
    if (!read) {
      complain(*found, read.failure().what);
      return false;
    }
    into = *std::move(read);
    return true;
  }
  /// One of `names`; its index, or -1 where the key is absent or something else, which is reported.
  int choice(std::string_view key, std::span<std::string_view const> names);
  /// The key must be there. Reports "topology.hosts is missing: expected `what`".
  void require(std::string_view key, std::string_view what);
  void complain(toml_value const& at, std::string_view what);

  bool present() const { return table_ != nullptr; }
  std::string const& path() const { return path_; }
  std::string path_of(std::string_view key) const;
  /// Reports every key that was not asked for, with the nearest that was; or else with the path in `everywhere` that ends in it.
  void finish(std::span<std::string_view const> everywhere = {});

 private:
  toml_value const* expect(std::string_view key, toml_value::kind type, std::string_view what);

  toml_value const* table_;
  std::string path_;
  toml_problems& problems_;
  std::vector<std::string> asked_;
};

}  // namespace roost::sim
