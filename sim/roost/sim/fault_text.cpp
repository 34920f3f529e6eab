#include <roost/sim/fault_text.hpp>
#include <roost/sim/quantity.hpp>
#include <roost/sim/words.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace roost::sim {
namespace {

constexpr std::array<std::string_view, 11> words{"at",        "when",    "for",     "by",     "factor", "loss",
                                                 "duplicate", "reorder", "corrupt", "pinned", ">="};

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_./*:-<>").find(c) != std::string_view::npos;
}

/// A name as one word: as it is, or in double quotes.
std::string word(std::string_view name) {
  bool const plain = !name.empty() && std::all_of(name.begin(), name.end(), is_plain) &&
                     std::find(words.begin(), words.end(), name) == words.end();
  if (plain) return std::string(name);
  std::string out = "\"";
  for (char const c : name) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string list(std::vector<target_name> const& names) {
  std::string out;
  for (auto const& name : names) out += (out.empty() ? "" : ",") + word(name);
  return out;
}

struct token {
  enum class kind : std::uint8_t { bare, quoted, comma, bar };
  kind type = kind::bare;
  std::string text;
  bool is(std::string_view bare) const { return type == kind::bare && text == bare; }
  bool is_name() const {
    return type == kind::quoted || (type == kind::bare && std::find(words.begin(), words.end(), text) == words.end());
  }
};

error refuse(std::string what) { return {errc::bad_argument, std::move(what)}; }

result<std::vector<token>> split(std::string_view text) {
  std::vector<token> out;
  for (std::size_t at = 0; at != text.size();) {
    char const c = text[at];
    if (c == ' ') {
      ++at;
    } else if (c == ',' || c == '|') {
      out.push_back({c == ',' ? token::kind::comma : token::kind::bar, std::string(1, c)});
      ++at;
    } else if (c == '"') {
      token read{token::kind::quoted, {}};
      for (++at; at != text.size() && text[at] != '"'; ++at) {
        bool const escaped = text[at] == '\\';
        if (escaped && ++at == text.size()) break;
        read.text += escaped && text[at] == 'n' ? '\n' : text[at];
      }
      if (at == text.size()) return refuse("a name in quotes has no end");
      ++at;
      out.push_back(std::move(read));
    } else {
      auto const end = std::min(text.find_first_of(" ,|\"", at), text.size());
      out.push_back({token::kind::bare, std::string(text.substr(at, end - at))});
      at = end;
    }
  }
  return out;
}

class fault_reader {
 public:
  explicit fault_reader(std::vector<token> tokens) : tokens_(std::move(tokens)) {}

  result<fault_operation> read() {
    auto const first = next();
    auto const kind = std::find(fault_names.begin(), fault_names.end(), first.text);
    if (first.type != token::kind::bare || kind == fault_names.end()) {
      return refuse(quoted(first.text) + " is no fault" + suggestion(first.text, fault_names));
    }
    operation_.kind = static_cast<fault_kind>(kind - fault_names.begin());
    if (!names(operation_.group_a)) return *failure_;
    if (!done() && peek().type == token::kind::bar) {
      next();
      if (!names(operation_.group_b)) return *failure_;
    }
    while (!done() && !failure_) clause(next());
    if (!failure_ && !timed_) fail("expected when it strikes: 'at' and a time, or 'when' and how often an endpoint has begun");
    if (failure_) return *failure_;
    return operation_;
  }

 private:
  bool done() const { return at_ == tokens_.size(); }
  token const& peek() const { return tokens_[at_]; }
  /// At the end, a token that is no name.
  token next() { return done() ? token{token::kind::comma, {}} : tokens_[at_++]; }
  void fail(std::string what) {
    if (!failure_) failure_ = refuse(std::move(what));
  }

  bool names(std::vector<target_name>& into) {
    if (done() || !peek().is_name()) return true;
    into.push_back(next().text);
    while (!done() && peek().type == token::kind::comma) {
      next();
      auto const name = next();
      if (!name.is_name()) {
        fail("expected a target after ',', found " + quoted(name.text));
        return false;
      }
      into.push_back(name.text);
    }
    return true;
  }

  template <class T>
  void take(std::string_view what, result<T> (*parse)(std::string_view), T& into) {
    auto const found = next();
    auto const read = parse(found.text);
    if (!read) return fail(std::string(what) + ": " + read.failure().what);
    into = *read;
  }

  std::uint64_t number(std::string_view what, std::string_view text, std::uint64_t most) {
    std::uint64_t value = 0;
    auto const [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc() || end != text.data() + text.size() || value > most) {
      fail(std::string(what) + ": " + quoted(text) + " is no number from 0 to " + std::to_string(most));
    }
    return value;
  }

  /// A whole number with a unit: parts per million may pass one million here, since a plan is data.
  void scaled(std::string_view what, std::string_view unit, std::uint32_t& into) {
    auto const found = next();
    if (!std::string_view(found.text).ends_with(unit)) {
      return fail(std::string(what) + ": " + quoted(found.text) + " does not end with " + std::string(unit));
    }
    auto const digits = std::string_view(found.text).substr(0, found.text.size() - unit.size());
    into = static_cast<std::uint32_t>(number(what, digits, 0xffffffffU));
  }

  void clause(token const& name) {
    timed_ = timed_ || name.is("at") || name.is("when");
    if (name.is("at")) {
      nanoseconds at{};
      if (!done() && peek().is("never")) {
        next();
        operation_.at = never;
        return;
      }
      take("at", &parse_signed_duration, at);
      operation_.at = instant(at);
    } else if (name.is("when")) {
      auto const endpoint = next();
      if (!endpoint.is_name()) return fail("expected an endpoint after 'when', found " + quoted(endpoint.text));
      operation_.trigger_endpoint = endpoint.text;
      if (auto const sign = next(); !sign.is(">=")) return fail("expected '>=' after the endpoint, found " + quoted(sign.text));
      operation_.after_count = number("when", next().text, ~std::uint64_t{0});
    } else if (name.is("for")) {
      take("for", &parse_signed_duration, operation_.duration);
    } else if (name.is("by")) {
      take("by", &parse_signed_duration, operation_.amount);
    } else if (name.is("factor")) {
      scaled("factor", "%", operation_.factor_percent);
    } else if (name.is("loss")) {
      scaled("loss", "ppm", operation_.loss_ppm);
    } else if (name.is("duplicate")) {
      scaled("duplicate", "ppm", operation_.duplicate_ppm);
    } else if (name.is("reorder")) {
      scaled("reorder", "ppm", operation_.reorder_ppm);
    } else if (name.is("corrupt")) {
      scaled("corrupt", "ppm", operation_.corrupt_ppm);
    } else if (name.is("pinned")) {
      operation_.pinned = true;
    } else {
      fail("unknown word " + quoted(name.text) + suggestion(name.text, std::span(words).first(10)));
    }
  }

  std::vector<token> tokens_;
  std::size_t at_ = 0;
  fault_operation operation_;
  bool timed_ = false;
  std::optional<error> failure_;
};

}  // namespace

std::string_view to_string(fault_kind kind) {
  auto const index = static_cast<std::size_t>(kind);
  return index < fault_names.size() ? fault_names[index] : "unknown_fault";
}

std::string to_string(fault_operation const& operation) {
  std::string out(to_string(operation.kind));
  if (!operation.group_a.empty()) out += " " + list(operation.group_a);
  if (!operation.group_b.empty()) out += " | " + list(operation.group_b);
  bool const triggered = operation.after_count != 0 || !operation.trigger_endpoint.empty();
  if (!triggered || operation.at != instant{}) out += " at " + roost::to_string(operation.at);
  if (triggered) out += " when " + word(operation.trigger_endpoint) + " >= " + std::to_string(operation.after_count);
  if (operation.duration.count() != 0) out += " for " + roost::to_string(operation.duration);
  if (operation.amount.count() != 0) out += " by " + roost::to_string(operation.amount);
  if (operation.factor_percent != 100) out += " factor " + std::to_string(operation.factor_percent) + "%";
  auto const parts = [&](std::string_view name, std::uint32_t ppm) {
    if (ppm != 0) out += " " + std::string(name) + " " + std::to_string(ppm) + "ppm";
  };
  parts("loss", operation.loss_ppm);
  parts("duplicate", operation.duplicate_ppm);
  parts("reorder", operation.reorder_ppm);
  parts("corrupt", operation.corrupt_ppm);
  if (operation.pinned) out += " pinned";
  return out;
}

result<fault_operation> parse_fault(std::string_view text) {
  auto tokens = split(text);
  if (!tokens) return tokens.failure();
  return fault_reader(*std::move(tokens)).read();
}

}  // namespace roost::sim
