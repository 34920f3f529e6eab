#include <roost/live/log.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <utility>

namespace roost {
namespace {

constexpr std::size_t longest_line = 64 << 10;
constexpr std::size_t longest_object = 1 << 20;
constexpr std::string_view log_stream = "log";

struct where_logs_go {
  log_format format = log_format::text;
  int to = STDERR_FILENO;
  std::mutex writing;
};

where_logs_go& this_process() {
  static where_logs_go only;
  return only;
}

std::string_view name_of(log_level level) noexcept {
  switch (level) {
    case log_level::debug: return "debug";
    case log_level::info: return "info";
    case log_level::warning: return "warning";
    case log_level::failure: return "failure";
  }
  return "";
}

void write_all(int to, std::string_view text) noexcept {
  while (!text.empty()) {
    ssize_t const written = ::write(to, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

void set_log_format(log_format format, int to) {
  auto& log = this_process();
  log.format = format;
  log.to = to;
  if (to != STDERR_FILENO) ::fcntl(to, F_SETFD, FD_CLOEXEC);
}

log_format current_log_format() noexcept { return this_process().format; }

void write_log(std::string_view lines) {
  auto& log = this_process();
  std::lock_guard const lock(log.writing);
  write_all(log.to, lines);
}

void write_stderr(std::string_view text) noexcept { write_all(STDERR_FILENO, text); }

process_log::process_log(proc_id self, std::string prefix, log_level least)
    : self_{to_string(self.host), to_string(self)}, prefix_(std::move(prefix)), least_(least) {}

void process_log::write(log_level level, log_source const& source, std::string_view line, std::span<log_field const> fields) {
  if (level < least_) return;
  if (current_log_format() == log_format::json) {
    log_record record{.level = name_of(level),
                      .logger = source.name,
                      .host = self_.host,
                      .proc = self_.proc,
                      .mesh = source.mesh,
                      .stream = log_stream,
                      .message = line,
                      .fields = fields};
    if (!source.actor) return write_log(json_line(record));
    auto const actor = to_string(*source.actor);
    record.actor = actor;
    record.rank = source.rank;
    return write_log(json_line(record));
  }
  std::string text = prefix_;
  text.append(name_of(level)).append(" ").append(source.name).append(": ").append(line);
  append_text_fields(text, fields);
  write_log(text.append("\n"));
}

void forwarded_lines::append_line(std::string& to, bool whole) const {
  if (current_log_format() == log_format::json) {
    // What a process had begun to write when it died is no object.
    if (stream_ == log_stream && whole && begun_.starts_with('{') && begun_.ends_with('}')) {
      to.append(begun_).append("\n");
      return;
    }
    to += json_line(
        {.level = name_of(log_level::info), .host = origin_.host, .proc = origin_.proc, .stream = stream_, .message = begun_});
    return;
  }
  if (!origin_.proc.empty()) to.append("[").append(origin_.proc).append("] ");
  to.append(begun_).append("\n");
}

std::string forwarded_lines::feed(std::string_view data) {
  std::string lines;
  std::size_t const longest = stream_ == log_stream ? longest_object : longest_line;
  while (!data.empty()) {
    std::size_t const room = longest - begun_.size();
    std::size_t const end = data.substr(0, room + 1).find('\n');
    bool const whole = end != std::string_view::npos;
    std::size_t const taken = whole ? end : std::min(room, data.size());
    begun_.append(data.substr(0, taken));
    data.remove_prefix(whole ? end + 1 : taken);
    // What is as long as a line may be waits for its end, or for more.
    if (!whole && data.empty()) break;
    append_line(lines, whole);
    begun_.clear();
  }
  return lines;
}

std::string forwarded_lines::finish() {
  std::string line;
  if (!begun_.empty()) append_line(line, false);
  begun_.clear();
  return line;
}

}  // namespace roost
