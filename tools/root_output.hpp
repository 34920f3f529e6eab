#pragma once
// What a root proc writes, taken by the process that started it: where the log is JSON, each of its lines is to be an object too.

#include <roost/base/error.hpp>
#include <roost/live/descriptor.hpp>
#include <roost/live/log.hpp>

#include <memory>
#include <thread>
#include <vector>

namespace roost::tools {

/// Pipes for the root's streams and for its log, and the thread that passes on what comes of them.
class root_output {
 public:
  /// `all`: its standard output too. Errors: `errc::unavailable`.
  static result<std::unique_ptr<root_output>> open(bool all);
  /// Joins the thread: everybody who may write must have ended.
  ~root_output();
  root_output(root_output const&) = delete;
  root_output& operator=(root_output const&) = delete;

  /// In the root, a fork: from now on it writes there.
  void take_over();
  /// In the process that stays behind: from now on each line becomes one of its log.
  void pass_on();

 private:
  struct stream {
    int instead_of;  ///< Which of the root's descriptors; -1: its log.
    descriptor read;
    descriptor write;
    forwarded_lines lines;
  };
  root_output() = default;
  result<void> add(int instead_of, std::string_view name);
  void read_all();

  std::vector<stream> streams_;
  std::thread reader_;
};

}  // namespace roost::tools
