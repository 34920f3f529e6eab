#include <roost/live/log.hpp>

#include <unistd.h>

#include <cerrno>

namespace roost {
namespace {

constexpr std::size_t longest_line = 64 << 10;

std::string_view name_of(log_level level) noexcept {
  switch (level) {
    case log_level::debug: return "debug";
    case log_level::info: return "info";
    case log_level::warning: return "warning";
    case log_level::failure: return "failure";
  }
  return "";
}

}  // namespace

void write_stderr(std::string_view text) noexcept {
  while (!text.empty()) {
    ssize_t const written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void stderr_log::write(log_level level, std::string_view source, std::string_view line) {
  if (level < least_) return;
  std::string text = prefix_;
  text.append(name_of(level)).append(" ").append(source).append(": ").append(line).append("\n");
  write_stderr(text);
}

std::string line_prefixer::feed(std::string_view data) {
  std::string whole;
  while (!data.empty()) {
    std::size_t const end = data.find('\n');
    begun_.append(data.substr(0, end));
    data.remove_prefix(end == std::string_view::npos ? data.size() : end + 1);
    if (end == std::string_view::npos && begun_.size() < longest_line) break;
    whole.append(prefix_).append(begun_).append("\n");
    begun_.clear();
  }
  return whole;
}

std::string line_prefixer::finish() { return begun_.empty() ? std::string() : feed("\n"); }

}  // namespace roost
