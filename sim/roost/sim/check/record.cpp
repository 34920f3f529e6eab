#include <roost/sim/check/record.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <istream>
#include <iterator>
#include <optional>
#include <ostream>
#include <unordered_set>
#include <utility>

namespace roost::sim::check {
namespace {

constexpr std::string_view magic = "roost-record 1 ";
constexpr std::string_view stop_mark = "stopped size=";

constexpr std::array<std::string_view, observed_kinds> kind_names{"actor_started",
                                                                  "actor_ended",
                                                                  "sent",
                                                                  "told",
                                                                  "handler_started",
                                                                  "handler_ended",
                                                                  "supervise_started",
                                                                  "supervise_ended",
                                                                  "cleanup_started",
                                                                  "cleanup_ended",
                                                                  "replied",
                                                                  "reply_arrived",
                                                                  "wait_started",
                                                                  "wait_ended",
                                                                  "notice",
                                                                  "unhandled_fault",
                                                                  "proc_started",
                                                                  "proc_crashed",
                                                                  "proc_exited",
                                                                  "healed",
                                                                  "settled",
                                                                  "watch_started",
                                                                  "returned",
                                                                  "forwarded",
                                                                  "end_asked",
                                                                  "value_sent",
                                                                  "value_back",
                                                                  "value_received",
                                                                  "port_closed",
                                                                  "kept_busy"};
static_assert(!kind_names.back().empty());

constexpr std::array<std::string_view, 7> wait_names{"reply", "credit", "receiver", "sleep", "spawn", "several", "offload"};

template <std::size_t Size>
std::optional<std::size_t> place_of(std::array<std::string_view, Size> const& names, std::string_view name) {
  auto const found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

std::optional<errc> parse_errc(std::string_view name) {
  for (auto code = 0; code <= static_cast<int>(errc::broken_invariant); ++code) {
    if (to_string(static_cast<errc>(code)) == name) return static_cast<errc>(code);
  }
  return std::nullopt;
}

void append_number(std::string& text, auto value, int base = 10) {
  std::array<char, 24> digits{};
  text.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr);
}

void append_actor(std::string& text, std::string_view name, actor_id id) {
  if (id == actor_id{}) return;
  text.append(name).append("h");
  append_number(text, id.proc.host.value);
  text += "/p";
  append_number(text, id.proc.ordinal);
  text += '.';
  append_number(text, id.proc.incarnation);
  text += "/a";
  append_number(text, id.local);
}

void append_quoted(std::string& text, std::string_view value) {
  text += '"';
  for (char const letter : value) {
    if (letter == '\n') {
      text += "\\n";
      continue;
    }
    if (letter == '"' || letter == '\\') text += '\\';
    text += letter;
  }
  text += '"';
}

/// Reads one line of a record; says what it expected where it fails.
class line_reader {
 public:
  explicit line_reader(std::string_view line) : rest_(line) {}

  bool read(observation& seen) {
    auto const kind = place_of(kind_names, word());
    if (!kind) return fail("a kind of observation, for example sent");
    seen.what = static_cast<observed>(*kind);
    while (!rest_.empty()) {
      if (!rest_.starts_with(' ')) return fail("a space before the next field");
      rest_.remove_prefix(1);
      if (!field(seen)) return false;
    }
    return true;
  }
  std::string const& expected() const { return expected_; }

 private:
  static constexpr std::int64_t latest = std::int64_t{1} << 62;

  bool field(observation& seen) {
    std::string_view const key = word();
    if (key == "flag") return seen.flag = true;
    if (!rest_.starts_with('=')) return fail("a field as NAME=VALUE, not '" + std::string(key) + "'");
    rest_.remove_prefix(1);
    if (key == "text") return text(seen.text);
    std::string_view const value = word();
    if (key == "at") return time(value, seen.at, key);
    if (key == "deadline") return deadline(value, seen.deadline);
    if (key == "actor") return actor(value, seen.actor);
    if (key == "other") return actor(value, seen.other);
    if (key == "endpoint") return number(value, seen.endpoint.value, 16, key);
    if (key == "key") return number(value, seen.key.value, 16, key);
    if (key == "size") return number(value, seen.size, 10, key);
    if (key == "wait") return number(value, seen.wait, 10, key);
    if (key == "limit") return number(value, seen.limit, 10, key);
    if (key == "stamp") return stamp(value, seen.stamp);
    if (key == "kind") {
      auto const kind = place_of(wait_names, value);
      if (!kind) return fail("a kind of wait, for example reply, not '" + std::string(value) + "'");
      seen.kind = static_cast<wait_kind>(*kind);
      return true;
    }
    if (key == "outcome" || key == "why") {
      auto const code = parse_errc(value);
      if (!code) return fail("an outcome, for example timeout, not '" + std::string(value) + "'");
      (key == "why" ? seen.why : seen.outcome) = *code;
      return true;
    }
    return fail("a known field, not '" + std::string(key) + "'");
  }

  std::string_view word() {
    std::string_view const taken = rest_.substr(0, std::min(rest_.find_first_of(" ="), rest_.size()));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  template <class Integer>
  bool number(std::string_view value, Integer& out, int base, std::string_view key) {
    auto const [end, error] = std::from_chars(value.data(), value.data() + value.size(), out, base);
    if (error == std::errc{} && end == value.data() + value.size()) return true;
    return fail("a " + std::string(base == 16 ? "hexadecimal " : "") + "64-bit number for " + std::string(key) + ", not '" +
                std::string(value) + "'");
  }
  /// Within 146 years, so that checkers can add and subtract.
  bool time(std::string_view value, instant& out, std::string_view key) {
    std::int64_t count = 0;
    if (!number(value, count, 10, key)) return false;
    if (count < -latest || count > latest)
      return fail("a time of at most " + std::to_string(latest) + " ns for " + std::string(key));
    out = instant(nanoseconds(count));
    return true;
  }
  /// One that is later is none.
  bool deadline(std::string_view value, instant& out) {
    std::int64_t count = 0;
    if (!number(value, count, 10, "deadline")) return false;
    out = count > latest ? never : instant(nanoseconds(std::max(count, -latest)));
    return true;
  }
  bool actor(std::string_view value, actor_id& out) {
    auto const id = parse_actor_id(value);
    if (!id) return fail("an actor, for example h0/p1.1/a3, not '" + std::string(value) + "'");
    out = *id;
    return true;
  }
  bool stamp(std::string_view value, message_stamp& out) {
    std::size_t const dot = value.find('.');
    if (dot == std::string_view::npos) return fail("a stamp as HEX.NUMBER, not '" + std::string(value) + "'");
    return number(value.substr(0, dot), out.high, 16, "stamp") && number(value.substr(dot + 1), out.low, 10, "stamp");
  }
  bool text(std::string& out) {
    if (!rest_.starts_with('"')) return fail("a text in quotes");
    for (std::size_t at = 1; at < rest_.size(); ++at) {
      char const letter = rest_[at];
      if (letter == '"') {
        rest_.remove_prefix(at + 1);
        return true;
      }
      if (letter == '\\' && at + 1 < rest_.size()) {
        ++at;
        out += rest_[at] == 'n' ? '\n' : rest_[at];
      } else {
        out += letter;
      }
    }
    return fail("a quote at the end of the text");
  }
  bool fail(std::string expected) {
    expected_ = std::move(expected);
    return false;
  }

  std::string_view rest_;
  std::string expected_;
};

/// The limit that the line of a stop names.
bool read_stop(std::string_view line, std::optional<std::uint64_t>& limit) {
  std::string_view const digits = line.substr(stop_mark.size());
  auto const [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), limit.emplace());
  return bad == std::errc() && end == digits.data() + digits.size();
}

error refuse(std::string const& file, std::size_t number, std::string const& expected) {
  return {errc::bad_argument, "expected " + expected, file + ": record " + std::to_string(number)};
}

}  // namespace

std::string record_header(proc_id proc) { return std::string(magic) + to_string(proc) + "\n"; }

void append_record(std::string& text, observation const& seen) {
  text += kind_names[static_cast<std::size_t>(seen.what)];
  text += " at=";
  append_number(text, seen.at.time_since_epoch().count());
  append_actor(text, " actor=", seen.actor);
  append_actor(text, " other=", seen.other);
  auto const append_field = [&text](std::string_view name, std::uint64_t value, int base) {
    if (value == 0) return;
    text += name;
    append_number(text, value, base);
  };
  append_field(" endpoint=", seen.endpoint.value, 16);
  if (seen.stamp != message_stamp{}) {
    text += " stamp=";
    append_number(text, seen.stamp.high, 16);
    text += '.';
    append_number(text, seen.stamp.low);
  }
  append_field(" size=", seen.size, 10);
  append_field(" wait=", seen.wait, 10);
  append_field(" limit=", seen.limit, 10);
  append_field(" key=", seen.key.value, 16);
  if (seen.kind != wait_kind::reply) text.append(" kind=").append(wait_names[static_cast<std::size_t>(seen.kind)]);
  if (seen.outcome != errc::ok) text.append(" outcome=").append(to_string(seen.outcome));
  if (seen.why != errc::ok) text.append(" why=").append(to_string(seen.why));
  if (seen.deadline != never) {
    text += " deadline=";
    append_number(text, seen.deadline.time_since_epoch().count());
  }
  if (seen.flag) text += " flag";
  if (!seen.text.empty()) {
    text += " text=";
    append_quoted(text, seen.text);
  }
  text += '\n';
}

void append_stop(std::string& text, std::uint64_t limit) {
  text += stop_mark;
  append_number(text, limit);
  text += '\n';
}

void write_record(std::ostream& out, proc_record const& record) {
  out << record_header(record.proc);
  std::string line;
  for (observation const& seen : record.seen) {
    line.clear();
    append_record(line, seen);
    out << line;
  }
  line.clear();
  if (record.stopped_at) append_stop(line, *record.stopped_at);
  out << line;
}

result<proc_record> read_record(std::istream& in, std::string file) {
  std::string const text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  return parse_record(text, std::move(file));
}

result<proc_record> parse_record(std::string_view text, std::string file) {
  proc_record record;
  record.file = std::move(file);
  std::size_t const first = text.find('\n');
  std::optional<proc_id> proc;
  if (first != std::string_view::npos && text.starts_with(magic)) {
    proc = parse_proc_id(text.substr(magic.size(), first - magic.size()));
  }
  if (!proc) return refuse(record.file, 0, "'" + std::string(magic) + "' and a proc, for example h0/p1.1");
  record.proc = *proc;
  for (std::size_t at = first + 1; at < text.size();) {
    std::size_t const end = text.find('\n', at);
    if (end == std::string_view::npos) {
      record.cut_short = true;
      break;
    }
    if (text.substr(at).starts_with(stop_mark)) {
      if (!read_stop(text.substr(at, end - at), record.stopped_at))
        return refuse(record.file, record.seen.size() + 1, "'" + std::string(stop_mark) + "' and a number of bytes");
      at = end + 1;
      continue;
    }
    observation& seen = record.seen.emplace_back();
    seen.event = record.seen.size();
    line_reader line(text.substr(at, end - at));
    if (!line.read(seen)) return refuse(record.file, record.seen.size(), line.expected());
    at = end + 1;
  }
  return record;
}

result<void> expect_single_starts(std::vector<proc_record> const& records) {
  std::unordered_set<actor_id> started;
  for (auto const& record : records) {
    for (auto const& seen : record.seen) {
      if (seen.what == observed::actor_started && !started.insert(seen.actor).second)
        return refuse(record.file, seen.event, "each actor to start once, and " + to_string(seen.actor) + " started twice");
    }
  }
  return {};
}

}  // namespace roost::sim::check
