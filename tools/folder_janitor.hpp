#pragma once
// A process beside this one that removes a folder once this one has ended, however it ended.

#include <sys/types.h>

#include <roost/base/error.hpp>
#include <roost/live/descriptor.hpp>

#include <string>

namespace roost::tools {

/// Copies of it in forked processes keep the folder as long as they live, and do nothing else.
class folder_janitor {
 public:
  /// Starts the janitor of `folder`. Call from the process's only thread. Errors: `errc::unavailable`.
  static result<folder_janitor> start(std::string const& folder);
  folder_janitor(folder_janitor&& other) noexcept;
  folder_janitor& operator=(folder_janitor&&) = delete;
  /// The folder is gone when this returns, unless it is to be kept, whatever became of the janitor.
  ~folder_janitor();

  void keep() noexcept;
  pid_t process() const noexcept { return process_; }

 private:
  folder_janitor() = default;
  std::string folder_;
  bool kept_ = false;
  descriptor alive_;  ///< Hangs up when the last process that has it ends.
  pid_t process_ = -1;
  pid_t started_by_ = -1;
};

}  // namespace roost::tools
