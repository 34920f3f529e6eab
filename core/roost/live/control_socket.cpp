#include <roost/live/control_socket.hpp>

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace roost {
namespace {

constexpr std::size_t longest_text = 4096;
constexpr std::uint32_t magic = 0x726f6f01;

// Both ends are the same executable on the same host; only lengths and kinds need to be doubted.
struct fixed_part {
  std::uint32_t mark = magic;
  std::uint32_t kind = 0;
  std::uint64_t request = 0;
  std::array<std::uint64_t, 2> proc{};
  std::array<std::uint64_t, 2> other{};
  std::uint32_t code = 0;
  std::uint32_t text_size = 0;
};

std::array<std::uint64_t, 2> pack(proc_id id) { return {id.host.value, (std::uint64_t{id.ordinal} << 32) | id.incarnation}; }
proc_id unpack(std::array<std::uint64_t, 2> words) {
  return {{words[0]}, static_cast<std::uint32_t>(words[1] >> 32), static_cast<std::uint32_t>(words[1])};
}

// The first descriptor that came along; all others are closed.
descriptor take_descriptors(msghdr& message) {
  descriptor first;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    std::size_t const count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
      descriptor got(fd);
      if (!first) first = std::move(got);
    }
  }
  return first;
}

}  // namespace

control_record exited_record(proc_id proc, error const& why) {
  std::string text = why.what;
  for (auto const* each = why.cause.get(); each != nullptr; each = each->cause.get()) text += ": " + each->what;
  return {.kind = control_kind::exited, .proc = proc, .code = why.code, .text = std::move(text)};
}

error exit_of(control_record const& exited) {
  return exited.code == errc::ok ? error() : error(exited.code, exited.text, to_string(exited.proc));
}

send_record_status try_send_record(int socket, control_record const& record) {
  std::size_t const text_size = std::min(record.text.size(), longest_text);
  fixed_part fixed{.kind = static_cast<std::uint32_t>(record.kind),
                   .request = record.request,
                   .proc = pack(record.proc),
                   .other = pack(record.other),
                   .code = static_cast<std::uint32_t>(record.code),
                   .text_size = static_cast<std::uint32_t>(text_size)};
  std::array<iovec, 2> parts{{{&fixed, sizeof fixed}, {const_cast<char*>(record.text.data()), text_size}}};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> ancillary{};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  if (record.attached) {
    message.msg_control = ancillary.data();
    message.msg_controllen = ancillary.size();
    cmsghdr* const part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    int const fd = record.attached.get();
    std::memcpy(CMSG_DATA(part), &fd, sizeof fd);
  }
  while (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return send_record_status::full;
    if (errno != EINTR) return send_record_status::gone;
  }
  return send_record_status::sent;
}

result<void> send_record(int socket, control_record const& record) {
  switch (try_send_record(socket, record)) {
    case send_record_status::sent: return {};
    case send_record_status::full: return error(errc::unavailable, "the other end of a control socket does not read");
    case send_record_status::gone: break;
  }
  return error(errc::unavailable, "the other end of a control socket is gone");
}

control_status receive_record(int socket, control_record& record) {
  fixed_part fixed;
  std::array<char, longest_text> text;
  std::array<iovec, 2> parts{{{&fixed, sizeof fixed}, {text.data(), text.size()}}};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(4 * sizeof(int))> ancillary{};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  message.msg_control = ancillary.data();
  message.msg_controllen = ancillary.size();
  ssize_t got = 0;
  while ((got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return control_status::nothing;
  if (got <= 0) return control_status::closed;
  record.attached = take_descriptors(message);
  auto const size = static_cast<std::size_t>(got);
  bool const whole = size >= sizeof fixed && fixed.mark == magic && size == sizeof fixed + fixed.text_size &&
                     (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0 && fixed.kind >= 1 &&
                     fixed.kind <= static_cast<std::uint32_t>(control_kind::seen) &&
                     fixed.code <= static_cast<std::uint32_t>(errc::broken_invariant);
  if (!whole) return control_status::closed;
  record.kind = static_cast<control_kind>(fixed.kind);
  record.request = fixed.request;
  record.proc = unpack(fixed.proc);
  record.other = unpack(fixed.other);
  record.code = static_cast<errc>(fixed.code);
  record.text.assign(text.data(), fixed.text_size);
  return control_status::record;
}

}  // namespace roost
