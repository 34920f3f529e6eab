#include <roost/live/attach_stream.hpp>
#include <roost/wire/header.hpp>

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace roost {
namespace {

constexpr std::size_t longest_text = 4096;
constexpr std::size_t most_descriptors = 16;
constexpr std::uint32_t magic = 0x726f6f02;

// The first two members stay where they are in all versions.
struct fixed_part {
  std::uint32_t mark = magic;
  std::uint16_t version = wire::wire_version;
  std::uint16_t kind = 0;
  std::int32_t status = 0;
  std::uint32_t text_size = 0;
  std::int64_t number = 0;
};

void keep_descriptors(msghdr& message, std::vector<descriptor>& kept) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    std::size_t const count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
      kept.emplace_back(fd);
    }
  }
}

}  // namespace

std::string encode_note(attach_note const& note, std::uint16_t version) {
  auto const text = std::string_view(note.text).substr(0, longest_text);
  fixed_part const fixed{.version = version,
                         .kind = static_cast<std::uint16_t>(note.kind),
                         .status = note.status,
                         .text_size = static_cast<std::uint32_t>(text.size()),
                         .number = note.number};
  std::string bytes(sizeof fixed, '\0');
  std::memcpy(bytes.data(), &fixed, sizeof fixed);
  return bytes.append(text);
}

result<attach_peer> peer_of(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return system_error("read the peer's credentials", errno);
  return attach_peer{peer.pid, peer.uid};
}

bool attach_stream::send(attach_note const& note, std::vector<int> const& with) {
  if (!socket_) return false;
  std::string bytes = encode_note(note, wire::wire_version);
  iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(most_descriptors * sizeof(int))> ancillary{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!with.empty()) {
    std::size_t const size = std::min(with.size(), most_descriptors) * sizeof(int);
    message.msg_control = ancillary.data();
    message.msg_controllen = CMSG_SPACE(size);
    cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(rights), with.data(), size);
  }
  ssize_t sent = 0;
  while ((sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT)) < 0 && errno == EINTR) {
  }
  return sent == static_cast<ssize_t>(bytes.size());
}

auto attach_stream::receive(attach_note& note) -> status {
  while (socket_) {
    if (auto const whole = take(note); whole != status::nothing) return whole;
    std::array<char, sizeof(fixed_part) + longest_text> buffer;
    iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(most_descriptors * sizeof(int))> ancillary{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = ancillary.data();
    message.msg_controllen = ancillary.size();
    ssize_t const got = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return status::nothing;
    if (got <= 0) return status::closed;
    keep_descriptors(message, descriptors_);
    if ((message.msg_flags & MSG_CTRUNC) != 0 || descriptors_.size() > most_descriptors)
      return refuse({errc::bad_frame, "more descriptors came than belong to any note"});
    begun_.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return status::closed;
}

auto attach_stream::take(attach_note& note) -> status {
  fixed_part fixed;
  std::size_t const known = std::min(begun_.size(), sizeof fixed.mark);
  if (std::memcmp(begun_.data(), &fixed.mark, known) != 0)
    return refuse({errc::bad_frame, "what came is nothing that roost says"});
  if (begun_.size() < sizeof fixed) return status::nothing;
  std::memcpy(&fixed, begun_.data(), sizeof fixed);
  if (fixed.version != wire::wire_version)
    return refuse({errc::version_mismatch, "wire version " + std::to_string(fixed.version) + " is spoken there, and " +
                                               std::to_string(wire::wire_version) + " here"});
  if (fixed.kind < static_cast<std::uint16_t>(attach_kind::attach) ||
      fixed.kind > static_cast<std::uint16_t>(attach_kind::state) || fixed.text_size > longest_text)
    return refuse({errc::bad_frame, "a note came that is none"});
  if (begun_.size() < sizeof fixed + fixed.text_size) return status::nothing;
  note = {static_cast<attach_kind>(fixed.kind), fixed.status, fixed.number, begun_.substr(sizeof fixed, fixed.text_size)};
  begun_.erase(0, sizeof fixed + fixed.text_size);
  return status::note;
}

auto attach_stream::refuse(error why) -> status {
  failure_ = std::move(why);
  return status::refused;
}

}  // namespace roost
