#include <roost/sim/check/reference_model.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace roost::sim::check {
namespace {

constexpr std::array<std::string_view, 6> steps{"sent", "handled", "replied", "answered", "told", "ended"};
constexpr std::array<std::string_view, 3> fates{"not_handled", "unknown", "failed"};

template <std::size_t Size>
std::optional<std::size_t> index_in(std::array<std::string_view, Size> const& names, std::string_view name) {
  for (std::size_t at = 0; at < Size; ++at) {
    if (names[at] == name) return at;
  }
  return std::nullopt;
}

std::string hex(std::uint64_t value) {
  std::array<char, 16> digits{};
  auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  return {digits.data(), end};
}

bool is_plain(char letter) { return letter > ' ' && letter != '"' && letter != '\\' && letter != 0x7f; }

std::string quoted(std::string_view name) {
  bool plain = !name.empty();
  for (char const letter : name) plain = plain && is_plain(letter);
  if (plain) return std::string(name);
  std::string text = "\"";
  for (char const letter : name) {
    if (letter == '\n') {
      text += "\\n";
      continue;
    }
    if (letter == '"' || letter == '\\') text += '\\';
    text += letter;
  }
  return text + '"';
}

/// Takes words and values off the front of a line.
class event_reader {
 public:
  explicit event_reader(std::string_view line) : rest_(line) {}

  bool at_end() {
    while (rest_.starts_with(' ')) rest_.remove_prefix(1);
    return rest_.empty();
  }
  std::string_view word() {
    std::size_t const length = std::min(rest_.find_first_of(" ="), rest_.size());
    std::string_view const taken = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return taken;
  }
  bool equals() {
    if (!rest_.starts_with('=')) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool number(std::uint64_t& value, int base) {
    auto const [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value, base);
    if (error != std::errc{}) return false;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return rest_.empty() || rest_.front() == ' ';
  }
  bool name(std::string& value) {
    value.clear();
    if (!rest_.starts_with('"')) {
      value = rest_.substr(0, std::min(rest_.find(' '), rest_.size()));
      rest_.remove_prefix(value.size());
      return !value.empty();
    }
    for (std::size_t at = 1; at < rest_.size(); ++at) {
      if (rest_[at] == '"') {
        rest_.remove_prefix(at + 1);
        return true;
      }
      if (rest_[at] == '\\' && ++at < rest_.size() && rest_[at] == 'n') {
        value += '\n';
      } else if (at < rest_.size()) {
        value += rest_[at];
      }
    }
    return false;
  }

 private:
  std::string_view rest_;
};

}  // namespace

std::string to_line(model_event const& event) {
  std::string line(steps[static_cast<std::size_t>(event.step)]);
  line += " from=" + quoted(event.from);
  if (!event.to.empty()) line += " to=" + quoted(event.to);
  if (event.number != 0) line += " number=" + std::to_string(event.number);
  if (event.op != 0) line += " op=" + std::to_string(event.op);
  if (event.content != 0) line += " content=" + hex(event.content);
  if (event.step == model_step::told) line += " fate=" + std::string(fates[static_cast<std::size_t>(event.fate)]);
  if (event.request) line += " request";
  return line;
}

std::optional<model_event> parse_model_event(std::string_view line, std::string& why) {
  event_reader reader(line);
  model_event event;
  auto const refuse = [&why](std::string reason) {
    why = std::move(reason);
    return std::nullopt;
  };
  auto const step = index_in(steps, reader.word());
  if (!step) return refuse("expected one of sent, handled, replied, answered, told, ended");
  event.step = static_cast<model_step>(*step);
  while (!reader.at_end()) {
    std::string const key(reader.word());
    if (key == "request") {
      event.request = true;
      continue;
    }
    if (!reader.equals()) return refuse("expected '=' after '" + key + "'");
    std::string text;
    bool read = false;
    if (key == "from") read = reader.name(event.from);
    if (key == "to") read = reader.name(event.to);
    if (key == "number") read = reader.number(event.number, 10);
    if (key == "op") read = reader.number(event.op, 10);
    if (key == "content") read = reader.number(event.content, 16);
    if (key == "fate" && reader.name(text)) {
      auto const fate = index_in(fates, text);
      read = fate.has_value();
      event.fate = static_cast<model_fate>(fate.value_or(0));
    }
    if (!read) return refuse("expected a known field and its value at '" + key + "'");
  }
  if (event.from.empty()) return refuse("expected 'from='");
  return event;
}

void reference_model::sent(std::string_view from, std::string_view to, std::uint64_t number, std::uint64_t op,
                           std::uint64_t content, bool request) {
  pair& way = pairs_[pair_name(from, to)];
  if (number != way.last_sent + 1) {
    return broke("G3", name(from, to, number) + " was sent after message " + std::to_string(way.last_sent));
  }
  if (is_dead(from)) return broke("G3", name(from, to, number) + " was sent after its sender ended");
  way.last_sent = number;
  way.open[number] = {.op = op, .content = content, .request = request};
}

void reference_model::handled(std::string_view by, std::string_view from, std::uint64_t number, std::uint64_t op,
                              std::uint64_t content) {
  message* const sent = find(from, by, number, "handled");
  if (sent == nullptr) return;
  if (sent->handled) return broke("G3", name(from, by, number) + " was handled twice");
  sent->handled = true;
  ++messages_;
  if (sent->op != op || sent->content != content) {
    broke("G3", name(from, by, number) + " was sent as op " + std::to_string(sent->op) + " with content " + hex(sent->content) +
                    " and handled as op " + std::to_string(op) + " with content " + hex(content));
  }
  if (is_dead(by)) broke("G3", name(from, by, number) + " was handled after its receiver ended");
  if (sent->fate == model_fate::not_handled) {
    broke("G3", name(from, by, number) + " was handled after its sender was told not_handled");
  }
  pair& way = pairs_[pair_name(from, by)];
  if (number < way.last_handled) {
    broke("G2", name(from, by, number) + " was handled after message " + std::to_string(way.last_handled));
  } else {
    way.last_handled = number;
  }
  forget(from, by, number);
}

void reference_model::replied(std::string_view by, std::string_view from, std::uint64_t number, std::uint64_t content) {
  message* const sent = find(from, by, number, "replied to");
  if (sent == nullptr) return;
  if (!sent->handled) return broke("G3", name(from, by, number) + " was replied to before it was handled");
  if (sent->replied) return broke("G3", name(from, by, number) + " was replied to twice");
  sent->replied = true;
  sent->answer = content;
}

void reference_model::answered(std::string_view from, std::string_view by, std::uint64_t number, std::uint64_t content) {
  message* const sent = find(from, by, number, "answered");
  if (sent == nullptr) return;
  if (sent->answered) return broke("G3", name(from, by, number) + " was answered twice");
  sent->answered = true;
  if (!sent->replied) {
    broke("G3", name(from, by, number) + " was answered and nobody replied to it");
  } else if (sent->answer != content) {
    broke("G3",
          name(from, by, number) + " was replied to with content " + hex(sent->answer) + " and answered with " + hex(content));
  }
  if (sent->fate) broke("G3", name(from, by, number) + " was answered after its sender was told of its fate");
  forget(from, by, number);
}

void reference_model::told(std::string_view from, std::string_view to, std::uint64_t number, model_fate fate) {
  message* const sent = find(from, to, number, "told");
  if (sent == nullptr) return;
  std::string const what = name(from, to, number) + " was told " + std::string(fates[static_cast<std::size_t>(fate)]);
  if (sent->fate) return broke("G3", what + " a second time");
  if (sent->answered) broke("G3", what + " after it was answered");
  if (sent->handled && fate == model_fate::not_handled) broke("G3", what + " and was handled");
  if (!sent->handled && fate == model_fate::failed) broke("G3", what + " and was not handled");
  sent->fate = fate;
}

void reference_model::ended(std::string_view who) { dead_[std::string(who)] = true; }

void reference_model::see(model_event const& event) {
  switch (event.step) {
    case model_step::sent: return sent(event.from, event.to, event.number, event.op, event.content, event.request);
    case model_step::handled: return handled(event.to, event.from, event.number, event.op, event.content);
    case model_step::replied: return replied(event.to, event.from, event.number, event.content);
    case model_step::answered: return answered(event.from, event.to, event.number, event.content);
    case model_step::told: return told(event.from, event.to, event.number, event.fate);
    case model_step::ended: return ended(event.from);
  }
}

void reference_model::finish() {
  for (auto const& [names, way] : pairs_) {
    if (is_dead(names.first)) continue;
    for (auto const& [number, sent] : way.open) {
      if (sent.fate || (sent.handled && !sent.request) || sent.answered) continue;
      if (!sent.handled) {
        broke("G3", name(names.first, names.second, number) + " was neither handled nor told");
      } else {
        broke("G4", name(names.first, names.second, number) + (sent.replied ? " was replied to and" : " was handled and") +
                        " its sender got neither answer nor error");
      }
    }
  }
}

void reference_model::broke(std::string promise, std::string what) {
  if (violations_.size() < 100) violations_.push_back({std::move(promise), "reference model: " + std::move(what)});
}

std::string reference_model::name(std::string_view from, std::string_view to, std::uint64_t number) const {
  return "message " + std::to_string(number) + " of " + std::string(from) + " to " + std::string(to);
}

reference_model::message* reference_model::find(std::string_view from, std::string_view to, std::uint64_t number,
                                                std::string_view what) {
  pair& way = pairs_[pair_name(from, to)];
  if (auto const found = way.open.find(number); found != way.open.end()) return &found->second;
  bool const past = number != 0 && number <= way.last_sent;
  if (!past) {
    broke("G3", name(from, to, number) + " was " + std::string(what) + " and nobody sent it");
  } else if (what != "told") {
    broke("G3", name(from, to, number) + " was " + std::string(what) + " twice");
  } else {
    // It went as most do; being told `unknown` of it is legal, once.
    message& known = way.open[number];
    known.handled = true;
    return &known;
  }
  return nullptr;
}

bool reference_model::is_dead(std::string_view who) const { return dead_.find(who) != dead_.end(); }

void reference_model::forget(std::string_view from, std::string_view to, std::uint64_t number) {
  pair& way = pairs_[pair_name(from, to)];
  if (auto const found = way.open.find(number); found != way.open.end() && found->second.over()) way.open.erase(found);
}

}  // namespace roost::sim::check
