#include <roost/transports/shm/greeting.hpp>

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace roost::shm {
namespace {

constexpr std::uint32_t magic = 0x726f6f32;

struct record {
  std::uint32_t mark = magic;
  std::uint32_t version = 0;
  std::uint64_t capacity = 0;
};

}  // namespace

result<void> send_greeting(int socket, std::uint64_t capacity, int ring, int bell, std::uint32_t version) {
  record content{.version = version, .capacity = capacity};
  iovec part{&content, sizeof content};
  std::array<int, 2> const fds{ring, bell};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof fds)> ancillary{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = ancillary.data();
  message.msg_controllen = ancillary.size();
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fds);
  std::memcpy(CMSG_DATA(header), fds.data(), sizeof fds);
  while (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
    if (errno != EINTR) return system_error("greet a peer", errno);
  return {};
}

result<greeting_status> receive_greeting(int socket, greeting& from) {
  record content;
  iovec part{&content, sizeof content};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(8 * sizeof(int))> ancillary{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = ancillary.data();
  message.msg_controllen = ancillary.size();
  ssize_t got = 0;
  while ((got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return greeting_status::nothing;
  if (got <= 0) return greeting_status::hung_up;
  std::array<descriptor*, 2> const places{&from.ring, &from.bell};
  std::size_t count = 0;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t i = 0; i < (header->cmsg_len - CMSG_LEN(0)) / sizeof(int); ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      descriptor each(fd);
      if (count < places.size()) *places[count] = std::move(each);
      ++count;
    }
  }
  if (got != sizeof content || content.mark != magic || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
    return error(errc::bad_frame, "the peer's greeting is malformed");
  if (content.version != protocol_version)
    return error(errc::version_mismatch, "the peer speaks version " + std::to_string(content.version) +
                                             " of the shared-memory protocol, this proc version " +
                                             std::to_string(protocol_version));
  if (count != places.size()) return error(errc::bad_frame, "the peer's greeting came without a ring and a bell");
  from.capacity = content.capacity;
  return greeting_status::got;
}

}  // namespace roost::shm
