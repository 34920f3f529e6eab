#pragma once
// The log of a process: lines for people on standard error, or one JSON object a line, whole in either case.

#include <roost/base/ids.hpp>
#include <roost/live/log_record.hpp>
#include <roost/platform/platform.hpp>

#include <optional>
#include <string>

namespace roost {

enum class log_format : std::uint8_t { text, json };

/// Where an exec'd process finds the pipe that takes its log, where that is JSON.
inline constexpr int child_log = 4;

/// From now on the log of this process has that format and goes to `to`, which is standard error where nobody says otherwise, and
/// which is not inherited by what is exec'd. Call before there are threads.
void set_log_format(log_format format, int to);
log_format current_log_format() noexcept;

/// Writes whole lines to the log as far as it takes them, in one piece as others of this process see it. Any thread.
void write_log(std::string_view lines);
/// Writes all of `text` to standard error as far as it takes it.
void write_stderr(std::string_view text) noexcept;

/// Whose output it is that is passed on.
struct output_origin {
  std::string host = {};  ///< "h0"; empty: of the command.
  std::string proc = {};  ///< "h0/p1.1"; empty: of an agent, which has said already whose its lines are.
};

/// Writes "<prefix>warning mesh: text key=value", or a JSON object of the stream "log". A child's prefix is empty: its launcher puts it
/// before each line.
class process_log final : public log_sink {
 public:
  process_log(proc_id self, std::string prefix, log_level least = log_level::info);
  void write(log_level level, log_source const& source, std::string_view line, std::span<log_field const> fields) override;

 private:
  output_origin self_;
  std::string prefix_;
  log_level least_;
};

/// Cuts a stream of bytes into lines, each made one of the log: as text after "[h0/p1.1] ", or a JSON object that says whose it
/// is. A line longer than 64 KiB is cut, an object longer than 1 MiB is no object any more.
class forwarded_lines {
 public:
  /// `stream` is "stdout", "stderr" or "log", of which lines are objects already.
  forwarded_lines(output_origin origin, std::string_view stream) : origin_(std::move(origin)), stream_(stream) {}
  /// What is whole after `data` came, many lines in one.
  std::string feed(std::string_view data);
  /// What is left when the stream ends, made a line.
  std::string finish();

 private:
  void append_line(std::string& to, bool whole) const;

  output_origin origin_;
  std::string_view stream_;
  std::string begun_;
};

}  // namespace roost
