#pragma once
// Where commands write: for people on standard error, and with --json one object a line on standard output and nothing else there.

#include <roost/base/error.hpp>
#include <tools/simulation.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace roost::tools {

/// One value of a JSON object, as text that is JSON already.
struct json_field {
  std::string_view name;
  std::string json;
};

std::string json_of(std::string_view text);
std::string json_of(std::uint64_t number);
std::string json_of(std::vector<std::string> const& texts);
std::string json_of(std::map<std::string, std::uint64_t> const& counts);

class output {
 public:
  /// `command` is how this program was called, for lines to paste. With `json`, standard output is kept for objects from here on:
  /// what else is printed there goes to standard error.
  output(std::string command, bool json);
  ~output();
  output(output const&) = delete;
  output& operator=(output const&) = delete;

  bool json() const noexcept { return json_ >= 0; }
  std::string const& command() const noexcept { return command_; }
  /// One line (or several) for people, on standard error; one object where the log is JSON.
  void say(std::string_view text) { say(text, "info"); }
  /// Text that was asked for, as of --help: standard output, or with --json standard error.
  void print(std::string_view text);
  /// With --json, one object; else nothing.
  void object(std::string_view type, std::vector<json_field> const& fields);
  /// Whether something for standard output could not be written; that was said.
  bool lost() const noexcept { return lost_; }
  /// Says what is wrong, in both ways; returns `code`.
  int refuse(int code, error const& why);
  /// A line that shows how far things are: rewritten each second on a terminal, else said after 10, 20, 40 s and so on, then every
  /// five minutes, from the beginning or from `restart_progress` on. `text` is called when one is due.
  template <class Text>
  void progress(Text text) {
    if (progress_due()) show_progress(text());
  }
  /// What comes now is shown like something that has just begun.
  void restart_progress();

 private:
  void say(std::string_view text, std::string_view level);
  void lose();
  bool progress_due();
  void show_progress(std::string const& text);
  void clear_progress();

  using wall_clock = std::chrono::steady_clock;
  std::string command_;
  int json_ = -1;  ///< The real standard output.
  bool terminal_ = false;
  bool shown_ = false;
  bool lost_ = false;
  wall_clock::time_point started_;
  wall_clock::duration next_progress_;
};

/// `text` as one word of a shell.
std::string shell_word(std::string_view text);

}  // namespace roost::tools
