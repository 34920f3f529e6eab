#include <fcntl.h>
#include <unistd.h>

#include <roost/live/log.hpp>
#include <roost/sim/scenario_file.hpp>
#include <nlohmann/json.hpp>
#include <tools/output.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace roost::tools {
namespace {

std::string text_of(nlohmann::json const& value) { return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace); }

}  // namespace

std::string json_of(std::string_view text) { return text_of(text); }
std::string json_of(std::uint64_t number) { return std::to_string(number); }
std::string json_of(std::vector<std::string> const& texts) { return text_of(texts); }
std::string json_of(std::map<std::string, std::uint64_t> const& counts) { return text_of(counts); }

output::output(std::string command, bool json) : command_(std::move(command)) {
  terminal_ = ::isatty(STDERR_FILENO) != 0;
  restart_progress();
  if (!json) return;
  std::fflush(stdout);
  json_ = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  if (json_ >= 0) ::dup2(STDERR_FILENO, STDOUT_FILENO);
}

output::~output() {
  clear_progress();
  if (json_ < 0) return;
  std::fflush(stdout);
  ::dup2(json_, STDOUT_FILENO);
  ::close(json_);
}

void output::say(std::string_view text, std::string_view level) {
  clear_progress();
  if (current_log_format() == log_format::json) {
    return write_log(json_line({.level = level, .logger = "roost", .stream = "log", .message = text}));
  }
  std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
}

void output::print(std::string_view text) {
  clear_progress();
  std::FILE* const to = json() ? stderr : stdout;
  bool const written = std::fwrite(text.data(), 1, text.size(), to) == text.size();
  if (!written || std::fflush(to) != 0) lose();
}

void output::object(std::string_view type, std::vector<json_field> const& fields) {
  if (!json()) return;
  std::string line = "{\"type\":" + json_of(type);
  for (auto const& field : fields) line += "," + json_of(field.name) + ":" + field.json;
  line += "}\n";
  for (std::size_t written = 0; written != line.size();) {
    auto const count = ::write(json_, line.data() + written, line.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return lose();
    written += static_cast<std::size_t>(count);
  }
}

void output::lose() {
  if (std::exchange(lost_, true)) return;
  say(std::string("standard output: cannot be written: ") + std::strerror(errno), "failure");
}

int output::refuse(int code, error const& why) {
  say(sim::mistakes(why), "failure");
  object("error",
         {{"code", json_of(static_cast<std::uint64_t>(code))}, {"place", json_of(why.where)}, {"what", json_of(why.what)}});
  return code;
}

void output::restart_progress() {
  started_ = wall_clock::now();
  next_progress_ = terminal_ ? std::chrono::seconds(1) : std::chrono::seconds(10);
}

bool output::progress_due() { return wall_clock::now() - started_ >= next_progress_; }

void output::show_progress(std::string const& text) {
  auto const passed = wall_clock::now() - started_;
  if (terminal_) {
    std::fprintf(stderr, "\r%s\x1b[K", text.c_str());
    std::fflush(stderr);
    shown_ = true;
    next_progress_ = passed + std::chrono::seconds(1);
  } else {
    say(text);
    next_progress_ = passed + std::min<wall_clock::duration>(next_progress_, std::chrono::minutes(5));
  }
}

void output::clear_progress() {
  if (!std::exchange(shown_, false)) return;
  std::fprintf(stderr, "\r\x1b[K");
}

std::string shell_word(std::string_view text) {
  auto const plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_./:=-+,@%").find(c) != std::string_view::npos;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) return std::string(text);
  std::string out = "'";
  for (char const c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace roost::tools
