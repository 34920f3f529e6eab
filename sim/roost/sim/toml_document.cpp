#include <roost/sim/toml_document.hpp>
#include <roost/sim/words.hpp>

#include <algorithm>
#include <charconv>
#include <sstream>
#include <utility>
#include <toml++/toml.h>

namespace roost::sim {
namespace {

constexpr std::size_t longest_text = 1 << 20;
constexpr std::size_t most_key_parts = 32;
constexpr int deepest = 64;

std::string place_text(std::string const& file, std::size_t line, std::size_t column) {
  return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

std::string place_text(std::string const& file, toml::source_region const& region) {
  return place_text(file, region.begin.line, region.begin.column);
}

struct too_deep {
  toml::source_region place;
};

toml_value converted(toml::node const& node, std::string const& file, int depth);

toml_value converted_table(toml::table const& table, std::string const& file, int depth) {
  std::vector<std::pair<toml::source_position, toml_value>> entries;
  for (auto const& [key, node] : table) {
    auto child = converted(node, file, depth + 1);
    child.key = std::string(key.str());
    child.key_place = place_text(file, key.source());
    entries.emplace_back(key.source().begin, std::move(child));
  }
  std::sort(entries.begin(), entries.end(),
            [](auto const& x, auto const& y) { return x.first != y.first ? x.first < y.first : x.second.key < y.second.key; });
  toml_value out;
  for (auto& entry : entries) out.children.push_back(std::move(entry.second));
  return out;
}

toml_value converted(toml::node const& node, std::string const& file, int depth) {
  if (depth > deepest) throw too_deep{node.source()};
  toml_value out;
  if (auto const* table = node.as_table()) {
    out = converted_table(*table, file, depth);
  } else if (auto const* array = node.as_array()) {
    out.type = toml_value::kind::array;
    for (auto const& item : *array) out.children.push_back(converted(item, file, depth + 1));
  } else if (auto const* text = node.as_string()) {
    out.type = toml_value::kind::text;
    out.text = text->get();
  } else if (auto const* integer = node.as_integer()) {
    out.type = toml_value::kind::integer;
    out.integer = integer->get();
  } else if (auto const* real = node.as_floating_point()) {
    out.type = toml_value::kind::real;
    out.real = real->get();
  } else if (auto const* boolean = node.as_boolean()) {
    out.type = toml_value::kind::boolean;
    out.boolean = boolean->get();
  } else {
    out.type = toml_value::kind::date;
  }
  out.place = place_text(file, node.source());
  return out;
}

/// Where a line has more dots outside quotes than a key may have parts; every part is a level of nesting for the parser.
/// 0 where no line has.
std::size_t line_of_endless_key(std::string_view text) {
  std::size_t line = 1, dots = 0;
  char quote = 0;
  for (std::size_t at = 0; at != text.size(); ++at) {
    char const c = text[at];
    if (c == '\n') {
      ++line;
      dots = 0;
      quote = 0;
    } else if (quote != 0) {
      if (c == '\\' && quote == '"' && at + 1 != text.size() && text[at + 1] != '\n') ++at;
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '.' && ++dots > most_key_parts) {
      return line;
    }
  }
  return 0;
}

/// The value of an option as TOML, when it is exactly one TOML value.
bool parse_value(std::string_view text, std::string const& place, toml_value& into) {
  if (text.find('\n') != std::string_view::npos) return false;
  auto const parsed = parse_toml("v = " + std::string(text), place);
  if (!parsed || parsed->children.size() != 1 || parsed->children[0].type == toml_value::kind::date) return false;
  into = parsed->children[0];
  return true;
}

void set_places(toml_value& value, std::string const& place) {
  value.place = place;
  value.key_place = place;
  for (auto& child : value.children) set_places(child, place);
}

bool is_index(std::string_view part, std::size_t& index) {
  auto const [end, code] = std::from_chars(part.data(), part.data() + part.size(), index);
  return code == std::errc() && end == part.data() + part.size();
}

}  // namespace

toml_value const* toml_value::find(std::string_view name) const { return const_cast<toml_value*>(this)->find(name); }

toml_value* toml_value::find(std::string_view name) {
  if (type != kind::table) return nullptr;
  auto const at = std::find_if(children.begin(), children.end(), [&](toml_value const& child) { return child.key == name; });
  return at == children.end() ? nullptr : &*at;
}

std::string described(toml_value const& value) {
  switch (value.type) {
    case toml_value::kind::table: return "a table";
    case toml_value::kind::array: return "an array";
    case toml_value::kind::text: return "the text " + quoted(value.text);
    case toml_value::kind::integer: return "the number " + std::to_string(value.integer);
    case toml_value::kind::real: {
      std::ostringstream out;
      out << "the number " << value.real;
      return out.str();
    }
    case toml_value::kind::boolean: return value.boolean ? "true" : "false";
    case toml_value::kind::date: return "a date or time";
  }
  return "nothing";
}

void toml_problems::add(std::string place, std::string what) { found_.push_back({std::move(place), std::move(what)}); }

error toml_problems::as_error() const {
  constexpr std::size_t most = 20;
  // The line and column that a place ends with; options, which have none, go last.
  auto const position = [](problem const& p) {
    std::size_t line = static_cast<std::size_t>(-1), column = 0;
    auto const second = p.place.rfind(':');
    auto const first = second == std::string::npos || second == 0 ? std::string::npos : p.place.rfind(':', second - 1);
    if (first != std::string::npos) {
      std::size_t l = 0, c = 0;
      if (is_index(std::string_view(p.place).substr(first + 1, second - first - 1), l) &&
          is_index(std::string_view(p.place).substr(second + 1), c)) {
        line = l;
        column = c;
      }
    }
    return std::pair(line, column);
  };
  struct placed {
    std::pair<std::size_t, std::size_t> position;
    std::size_t order;
  };
  std::vector<placed> sorted;
  for (auto const& each : found_) sorted.push_back({position(each), sorted.size()});
  std::sort(sorted.begin(), sorted.end(), [](placed const& a, placed const& b) {
    return a.position != b.position ? a.position < b.position : a.order < b.order;
  });
  if (sorted.empty()) return {};
  auto const& first = found_[sorted.front().order];
  std::string what = first.what;
  for (std::size_t i = 1; i < sorted.size() && i != most; ++i) {
    auto const& next = found_[sorted[i].order];
    what += "\n" + next.place + ": " + next.what;
  }
  if (sorted.size() > most) what += "\nand " + std::to_string(sorted.size() - most) + " more";
  return {errc::bad_scenario, what, first.place};
}

result<toml_value> parse_toml(std::string_view text, std::string const& file) {
  if (text.size() > longest_text) {
    return error(errc::bad_scenario,
                 "the file has " + std::to_string(text.size()) + " bytes, expected at most " + std::to_string(longest_text),
                 place_text(file, 1, 1));
  }
  if (auto const line = line_of_endless_key(text); line != 0) {
    return error(errc::bad_scenario, "a key has more than " + std::to_string(most_key_parts) + " parts, expected fewer",
                 place_text(file, line, 1));
  }
  try {
    auto const parsed = toml::parse(text);
    auto document = converted_table(parsed, file, 0);
    document.place = place_text(file, 1, 1);
    return document;
  } catch (toml::parse_error const& problem) {
    auto const& region = problem.source();
    return error(errc::bad_scenario, std::string(problem.description()),
                 place_text(file, std::max<std::size_t>(region.begin.line, 1), std::max<std::size_t>(region.begin.column, 1)));
  } catch (too_deep const& problem) {
    return error(errc::bad_scenario, "values are nested more than " + std::to_string(deepest) + " deep, expected fewer",
                 place_text(file, problem.place));
  } catch (std::exception const& problem) {
    return error(errc::bad_scenario, std::string("not TOML: ") + problem.what(), place_text(file, 1, 1));
  }
}

result<void> set_in(toml_value& document, std::string_view setting) {
  std::string const place = "--set " + std::string(setting.substr(0, 200));
  auto const bad = [&](std::string what) { return error(errc::bad_scenario, std::move(what), place); };
  auto const equals = setting.find('=');
  if (equals == std::string_view::npos || equals == 0) return bad("expected key=value, such as topology.hosts=3");
  if (setting.size() > 4096) return bad("the option is longer than 4096 characters");
  auto path = setting.substr(0, equals);
  if (static_cast<std::size_t>(std::count(path.begin(), path.end(), '.')) >= most_key_parts)
    return bad("the key has too many parts");

  auto* table = &document;
  std::string walked;
  while (true) {
    auto const dot = path.find('.');
    auto const part = path.substr(0, dot);
    if (part.empty()) return bad("the key has an empty part, expected key=value");
    toml_value* next = nullptr;
    if (table->type == toml_value::kind::array) {
      std::size_t index = 0;
      if (!is_index(part, index) || index >= table->children.size()) {
        return bad(walked + " is an array of " + std::to_string(table->children.size()) + ", it has no element " + quoted(part));
      }
      next = &table->children[index];
    } else if (table->type == toml_value::kind::table) {
      next = table->find(part);
    } else {
      return bad(walked + " is " + described(*table) + ", it has no key " + quoted(part));
    }
    if (next == nullptr) {
      toml_value made;
      made.key = std::string(part);
      set_places(made, place);
      next = &table->children.emplace_back(std::move(made));
    }
    walked += (walked.empty() ? "" : ".") + std::string(part);
    table = next;
    if (dot == std::string_view::npos) break;
    path = path.substr(dot + 1);
  }
  auto const written = setting.substr(equals + 1);
  toml_value value;
  if (!parse_value(written, place, value)) {
    value = {};
    value.type = toml_value::kind::text;
    value.text = std::string(written);
  }
  set_places(value, place);
  value.key = table->key;
  *table = std::move(value);
  return {};
}

std::string toml_string(std::string_view text) {
  bool const lines = text.find('\n') != std::string_view::npos;
  std::string out = lines ? "\"\"\"\n" : "\"";
  for (std::size_t at = 0; at != text.size(); ++at) {
    char const c = text[at];
    auto const code = static_cast<unsigned char>(c);
    bool const third_quote = c == '"' && (at + 1 == text.size() || (out.size() > 1 && out.ends_with("\"\"")));
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '"' && (!lines || third_quote)) {
      out += "\\\"";
    } else if (c == '\n' && lines) {
      out += c;
    } else if (code < 0x20 || code == 0x7f) {
      constexpr char hex[] = "0123456789abcdef";
      out += {'\\', 'u', '0', '0', hex[code >> 4], hex[code & 15]};
    } else {
      out += c;
    }
  }
  return out + (lines ? "\"\"\"" : "\"");
}

toml_table_reader::toml_table_reader(toml_value const* table, std::string path, toml_problems& problems)
    : table_(table), path_(std::move(path)), problems_(problems) {}

toml_value const* toml_table_reader::value(std::string_view key) {
  asked_.emplace_back(key);
  return table_ == nullptr ? nullptr : table_->find(key);
}

toml_value const* toml_table_reader::expect(std::string_view key, toml_value::kind type, std::string_view what) {
  auto const* found = value(key);
  if (found == nullptr || found->type == type) return found;
  problems_.add(found->place, path_of(key) + " is " + described(*found) + ", expected " + std::string(what));
  return nullptr;
}

toml_value const* toml_table_reader::table(std::string_view key) { return expect(key, toml_value::kind::table, "a table"); }
toml_value const* toml_table_reader::array(std::string_view key) { return expect(key, toml_value::kind::array, "an array"); }
toml_value const* toml_table_reader::text(std::string_view key) {
  return expect(key, toml_value::kind::text, "a text in quotes");
}

void toml_table_reader::read(std::string_view key, std::string& into) {
  if (auto const* found = text(key)) into = found->text;
}

void toml_table_reader::read(std::string_view key, bool& into) {
  if (auto const* found = expect(key, toml_value::kind::boolean, "true or false")) into = found->boolean;
}

void toml_table_reader::read(std::string_view key, std::vector<std::string>& into) {
  auto const* found = expect(key, toml_value::kind::array, "an array of texts");
  if (found == nullptr) return;
  into.clear();
  for (auto const& item : found->children) {
    if (item.type == toml_value::kind::text) {
      into.push_back(item.text);
    } else {
      problems_.add(item.place, path_of(key) + " has " + described(item) + " in it, expected only texts");
    }
  }
}

void toml_table_reader::read(std::string_view key, std::uint32_t& into, std::uint32_t low, std::uint32_t high) {
  auto const* found = expect(key, toml_value::kind::integer, "a whole number");
  if (found == nullptr) return;
  if (found->integer < low || found->integer > high) {
    complain(*found, std::to_string(found->integer) + " is out of range, expected " + std::to_string(low) + " to " +
                         std::to_string(high));
    return;
  }
  into = static_cast<std::uint32_t>(found->integer);
}

int toml_table_reader::choice(std::string_view key, std::span<std::string_view const> names) {
  auto const* found = text(key);
  if (found == nullptr) return -1;
  auto const at = std::find(names.begin(), names.end(), found->text);
  if (at != names.end()) return static_cast<int>(at - names.begin());
  complain(*found, quoted(found->text) + " is unknown" + suggestion(found->text, names));
  return -1;
}

void toml_table_reader::require(std::string_view key, std::string_view what) {
  if (table_ == nullptr || table_->find(key) != nullptr) return;
  problems_.add(table_->place, path_of(key) + " is missing, expected " + std::string(what));
}

void toml_table_reader::complain(toml_value const& at, std::string_view what) {
  problems_.add(at.place, (at.key.empty() ? path_ : path_of(at.key)) + ": " + std::string(what));
}

std::string toml_table_reader::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

void toml_table_reader::finish(std::span<std::string_view const> everywhere) {
  if (table_ == nullptr) return;
  std::vector<std::string_view> const names(asked_.begin(), asked_.end());
  for (auto const& child : table_->children) {
    if (std::find(names.begin(), names.end(), child.key) != names.end()) continue;
    auto hint = suggestion(child.key, names);
    if (nearest(child.key, names).empty()) {
      for (auto const path : everywhere) {
        if (path.substr(path.rfind('.') + 1) == child.key) hint = ", did you mean '" + std::string(path) + "'?";
      }
    }
    problems_.add(child.key_place, "unknown key " + quoted(child.key) + (path_.empty() ? "" : " in " + path_) + hint);
  }
}

}  // namespace roost::sim
