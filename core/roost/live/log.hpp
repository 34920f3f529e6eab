#pragma once
// Lines for people, on standard error, whole.

#include <roost/platform/platform.hpp>

#include <string>

namespace roost {

/// Writes "<prefix>warning mesh: text", one write a line. A child's prefix is empty: its launcher puts it before each line.
class stderr_log final : public log_sink {
 public:
  explicit stderr_log(std::string prefix, log_level least = log_level::info) : prefix_(std::move(prefix)), least_(least) {}
  void write(log_level level, std::string_view source, std::string_view line) override;

 private:
  std::string prefix_;
  log_level least_;
};

/// Cuts a stream of bytes into lines and passes them on, each after a prefix and ended by a newline, many in one call.
class line_prefixer {
 public:
  explicit line_prefixer(std::string prefix) : prefix_(std::move(prefix)) {}
  /// What is whole after `data` came. A line longer than 64 KiB is cut.
  std::string feed(std::string_view data);
  /// What is left when the stream ends, made a line.
  std::string finish();

 private:
  std::string prefix_;
  std::string begun_;
};

/// Writes all of `text` to standard error as far as it takes it.
void write_stderr(std::string_view text) noexcept;

}  // namespace roost
