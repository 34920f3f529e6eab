#include <roost/live/store.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace roost {

result<int> live_store::open(std::string_view file) {
  if (auto const found = files_.find(file); found != files_.end()) return found->second.get();
  if (file.empty() || file.front() == '.' || file.find('/') != std::string_view::npos)
    return error(errc::bad_argument, "a file's name has no '/' and does not start with '.'", std::string(file));
  std::string const path = directory_ + "/" + std::string(file);
  descriptor opened(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!opened) return system_error("open " + path, errno);
  return files_.emplace(file, std::move(opened)).first->second.get();
}

result<void> live_store::append(std::string_view file, std::span<std::byte const> data) {
  auto const fd = open(file);
  if (!fd) return fd.failure();
  while (!data.empty()) {
    ssize_t const written = ::write(*fd, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return system_error("append to " + std::string(file), errno);
    data = data.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

result<void> live_store::sync(std::string_view file) {
  auto const fd = open(file);
  if (!fd) return fd.failure();
  if (::fdatasync(*fd) != 0) return system_error("sync " + std::string(file), errno);
  return {};
}

}  // namespace roost
