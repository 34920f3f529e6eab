#include <roost/live/descriptor.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace roost {

void descriptor::reset(int fd) noexcept {
  int const old = std::exchange(fd_, fd);
  if (old >= 0) ::close(old);
}

error system_error(std::string const& what, int error_number) {
  return {errc::unavailable, "cannot " + what + ": " + std::strerror(error_number)};
}

void require_system(bool made, char const* what) {
  if (!made) throw exception(system_error(what, errno));
}

result<std::pair<descriptor, descriptor>> socket_pair() {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
    return system_error("make a pair of sockets", errno);
  return std::pair(descriptor(ends[0]), descriptor(ends[1]));
}

result<descriptor> sealed_memory_file(char const* name, std::size_t size) {
  descriptor file(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) return system_error("make a memory file", errno);
  if (::ftruncate(file.get(), static_cast<off_t>(size)) != 0) return system_error("size a memory file", errno);
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return system_error("seal a memory file", errno);
  return file;
}

result<descriptor> sealed_copy(char const* name, std::span<std::byte const> content) {
  descriptor file(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) return system_error("make a memory file", errno);
  while (!content.empty()) {
    ssize_t const written = ::write(file.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return system_error("fill a memory file", errno);
    content = content.subspan(static_cast<std::size_t>(written));
  }
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
    return system_error("seal a memory file", errno);
  return file;
}

result<shared_bytes> read_sealed(int fd) {
  int const seals = ::fcntl(fd, F_GET_SEALS);
  int const wanted = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (seals < 0 || (seals & wanted) != wanted) return error(errc::bad_frame, "the memory file is not sealed");
  struct stat facts{};
  if (::fstat(fd, &facts) != 0) return system_error("look at a memory file", errno);
  std::vector<std::byte> content(static_cast<std::size_t>(facts.st_size));
  std::size_t done = 0;
  while (done < content.size()) {
    ssize_t const got = ::pread(fd, content.data() + done, content.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return system_error("read a memory file", errno);
    done += static_cast<std::size_t>(got);
  }
  return shared_bytes(content);
}

result<void> check_same_user(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return system_error("read the peer's credentials", errno);
  if (peer.uid != ::geteuid())
    return error(errc::unauthenticated,
                 "the peer runs as user " + std::to_string(peer.uid) + ", this proc as user " + std::to_string(::geteuid()));
  return {};
}

}  // namespace roost
