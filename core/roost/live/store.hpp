#pragma once
// Files that the runtime writes, in one directory.

#include <roost/live/descriptor.hpp>
#include <roost/platform/platform.hpp>

#include <map>
#include <string>

namespace roost {

/// Files are made when first written to and only ever appended to. A file's name has no '/' and does not start with '.'.
class live_store final : public store {
 public:
  /// `directory` exists, and stays the working directory's child when it is relative.
  explicit live_store(std::string directory) : directory_(std::move(directory)) {}
  result<void> append(std::string_view file, std::span<std::byte const> data) override;
  result<void> sync(std::string_view file) override;

 private:
  result<int> open(std::string_view file);
  std::string directory_;
  std::map<std::string, descriptor, std::less<>> files_;
};

}  // namespace roost
