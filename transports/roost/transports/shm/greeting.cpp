#include <roost/transports/shm/greeting.hpp>

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>

namespace roost::shm {
namespace {

constexpr std::uint32_t magic = 0x726f6f32;

struct wire_text {
  std::uint32_t mark = magic;
  std::uint32_t version = protocol_version;
  notice_kind kind = notice_kind::greeting;
  std::uint32_t unused = 0;
  std::uint64_t capacity = 0;
  std::uint64_t mark_address = 0;
  mark_value memory_mark{};
};
static_assert(sizeof(wire_text) == 48);
constexpr std::size_t until_version = offsetof(wire_text, kind);

std::size_t descriptors_of(notice_kind kind) {
  switch (kind) {
    case notice_kind::greeting: return 2;
    case notice_kind::ring: return 1;
    case notice_kind::dropped:
    case notice_kind::wanted: break;
  }
  return 0;
}

template <class Content>
void write_ancillary(cmsghdr& header, int kind, Content const& content) {
  header.cmsg_level = SOL_SOCKET;
  header.cmsg_type = kind;
  header.cmsg_len = CMSG_LEN(sizeof content);
  std::memcpy(CMSG_DATA(&header), &content, sizeof content);
}

error malformed() { return {errc::bad_frame, "what the peer says over the channel's socket is malformed"}; }

template <std::size_t Count>
result<void> send_text(int socket, wire_text content, std::array<int, Count> const& fds) {
  constexpr std::size_t room = Count == 0 ? 0 : CMSG_SPACE(Count * sizeof(int));
  iovec part{&content, sizeof content};
  ucred const self{.pid = ::getpid(), .uid = ::geteuid(), .gid = ::getegid()};
  alignas(cmsghdr) std::array<char, room + CMSG_SPACE(sizeof self)> ancillary{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = ancillary.data();
  message.msg_controllen = ancillary.size();
  cmsghdr* next = CMSG_FIRSTHDR(&message);
  if constexpr (Count != 0) {
    write_ancillary(*next, SCM_RIGHTS, fds);
    next = CMSG_NXTHDR(&message, next);
  }
  // Said, since the peer may ask the kernel for it only after this has been sent; the kernel checks it.
  write_ancillary(*next, SCM_CREDENTIALS, self);
  while (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
    if (errno != EINTR) return system_error("write to a peer's socket", errno);
  return {};
}

}  // namespace

result<void> send_greeting(int socket, greeting_text const& text, int ring, int bell) {
  return send_text(
      socket, {.version = text.version, .capacity = text.capacity, .mark_address = text.mark_address, .memory_mark = text.mark},
      std::array{ring, bell});
}

result<void> send_notice(int socket, notice_kind kind) { return send_text(socket, {.kind = kind}, std::array<int, 0>()); }

result<void> send_ring(int socket, std::uint64_t capacity, int ring) {
  return send_text(socket, {.kind = notice_kind::ring, .capacity = capacity}, std::array{ring});
}

result<void> ask_for_credentials(int socket) {
  int const on = 1;
  if (::setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) return system_error("ask who a peer is", errno);
  return {};
}

result<notice_status> receive_notice(int socket, notice& from) {
  wire_text content;
  iovec part{&content, sizeof content};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(8 * sizeof(int)) + CMSG_SPACE(sizeof(ucred))> ancillary{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = ancillary.data();
  message.msg_controllen = ancillary.size();
  ssize_t got = 0;
  while ((got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return notice_status::nothing;
  if (got <= 0) return notice_status::hung_up;
  std::array<descriptor*, 2> const places{&from.ring, &from.bell};
  std::size_t count = 0;
  std::optional<ucred> sender;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET) continue;
    if (header->cmsg_type == SCM_CREDENTIALS && header->cmsg_len == CMSG_LEN(sizeof(ucred)))
      std::memcpy(&sender.emplace(), CMSG_DATA(header), sizeof(ucred));
    if (header->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t i = 0; i < (header->cmsg_len - CMSG_LEN(0)) / sizeof(int); ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      descriptor each(fd);
      if (count < places.size()) *places[count] = std::move(each);
      ++count;
    }
  }
  if (static_cast<std::size_t>(got) < until_version || content.mark != magic) return malformed();
  if (content.version != protocol_version)
    return error(errc::version_mismatch, "the peer speaks version " + std::to_string(content.version) +
                                             " of the shared-memory protocol, this proc version " +
                                             std::to_string(protocol_version));
  if (got != sizeof content || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || content.kind > notice_kind::ring)
    return malformed();
  if (std::size_t const expected = descriptors_of(content.kind); count != expected)
    return error(errc::bad_frame,
                 "the peer's notice came with " + std::to_string(count) + " descriptors instead of " + std::to_string(expected));
  if (!sender) return error(errc::unauthenticated, "the kernel does not say who the peer is");
  if (sender->uid != ::geteuid())
    return error(errc::unauthenticated,
                 "the peer runs as user " + std::to_string(sender->uid) + ", this proc as user " + std::to_string(::geteuid()));
  from.kind = content.kind;
  from.capacity = content.capacity;
  from.mark_address = content.mark_address;
  from.mark = content.memory_mark;
  from.process = sender->pid;
  return notice_status::got;
}

}  // namespace roost::shm
