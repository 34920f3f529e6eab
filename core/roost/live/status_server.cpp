#include <roost/live/status_server.hpp>

#include <roost/wire/codec.hpp>
#include <roost/wire/fingerprint.hpp>

#include <fcntl.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

namespace roost {
namespace {

constexpr std::string_view prefix = "roost/";
constexpr std::uint64_t magic = 0x726f6f7374207374ULL;
constexpr int backlog = 16;
constexpr timeval asking_patience{.tv_sec = 2, .tv_usec = 0};
constexpr std::size_t most_answer = std::size_t{256} << 20;

struct request {
  std::uint64_t magic = 0;
  std::uint64_t most_actors = 0;
};
/// Before the encoded status.
struct answer {
  std::uint64_t magic = 0;
  std::uint64_t fingerprint = 0;
  std::uint64_t size = 0;
};

std::pair<sockaddr_un, socklen_t> address_of(status_address const& where) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // The first byte stays zero: an abstract name.
  std::string const name = std::string(prefix) + where.run + "/" + where.proc;
  std::size_t const size = std::min(name.size(), sizeof address.sun_path - 1);
  std::copy_n(name.data(), size, address.sun_path + 1);
  return {address, static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + size)};
}

void be_patient(int socket) noexcept {
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &asking_patience, sizeof asking_patience);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &asking_patience, sizeof asking_patience);
}

bool same_user(int socket) noexcept {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == ::geteuid() || peer.uid == 0;
}

descriptor listen_at(status_address const& where) {
  descriptor made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  auto const [address, size] = address_of(where);
  if (!made || ::bind(made.get(), reinterpret_cast<sockaddr const*>(&address), size) != 0 || ::listen(made.get(), backlog) != 0)
    return {};
  return made;
}

/// A socket is for ever of the network namespace that its thread was in when it was made: a thread of its own goes there, which
/// needs no right where all are in the same one.
descriptor listen_in(std::string const& network, status_address const& where) {
  struct stat theirs{};
  struct stat ours{};
  if (::stat(network.c_str(), &theirs) == 0 && ::stat("/proc/self/ns/net", &ours) == 0 && theirs.st_dev == ours.st_dev &&
      theirs.st_ino == ours.st_ino)
    return listen_at(where);
  descriptor made;
  std::thread([&] {
    descriptor const there(::open(network.c_str(), O_RDONLY | O_CLOEXEC));
    if (there && ::setns(there.get(), CLONE_NEWNET) == 0) made = listen_at(where);
  }).join();
  return made;
}

bool write_whole(int socket, void const* data, std::size_t size) noexcept {
  auto const* at = static_cast<char const*>(data);
  while (size > 0) {
    ssize_t const sent = ::send(socket, at, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    at += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

bool read_whole(int socket, void* data, std::size_t size) noexcept {
  auto* at = static_cast<char*>(data);
  while (size > 0) {
    ssize_t const got = ::recv(socket, at, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace

status_server::status_server(live_executor& executor, proc_instance const& instance, proc_id self, std::string name,
                             std::string run, std::string network)
    : executor_(executor), instance_(instance), self_(self), name_(std::move(name)), began_(executor.time().now()) {
  status_address const where{std::move(run), to_string(self)};
  socket_ = network.empty() ? listen_at(where) : listen_in(network, where);
  if (!socket_) return;
  control_hold const hold(&executor_.control());
  watch_ = executor_.loop().add(socket_.get(), EPOLLIN, [this](std::uint32_t) { accept_all(); });
}

status_server::~status_server() {
  control_hold const hold(&executor_.control());
  watch_.reset();
}

// Asking and answering take their time on other threads; only the look at the proc is taken on its control plane.
void status_server::accept_all() {
  for (;;) {
    descriptor asking(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!asking) return;
    if (!same_user(asking.get())) continue;
    executor_.run_aside([this, weak = std::weak_ptr(alive_), socket = std::make_shared<descriptor>(std::move(asking))] {
      be_patient(socket->get());
      request wanted;
      if (!read_whole(socket->get(), &wanted, sizeof wanted) || wanted.magic != magic) return;
      executor_.loop().post([weak, socket, most = wanted.most_actors] {
        auto const self = weak.lock();
        if (!self) return;
        auto& server = **self;
        server.executor_.run_aside([socket, status = server.compose(static_cast<std::size_t>(most))] {
          auto const body = wire::encode_shared(status);
          answer const head{magic, wire::fingerprint_of<proc_status>(), body.size()};
          if (write_whole(socket->get(), &head, sizeof head)) write_whole(socket->get(), body.view().data(), body.size());
        });
      });
    });
  }
}

proc_status status_server::compose(std::size_t most_actors) {
  auto& control = executor_.control();
  proc_status s;
  if (control.standing_in()) {
    s.busy_ns = static_cast<std::uint64_t>(control.busy_for().count());
    s.busy_with = control.busy_with();
  } else {
    s = instance_.status(most_actors);
  }
  s.sessions = instance_.sessions();
  s.id = to_string(self_);
  s.name = name_;
  s.process = static_cast<std::uint64_t>(::getpid());
  s.uptime_ns = static_cast<std::uint64_t>((live_clock().now() - began_).count());
  return s;
}

std::vector<status_address> listening_procs() {
  std::vector<status_address> found;
  std::ifstream sockets("/proc/net/unix");
  for (std::string line; std::getline(sockets, line);) {
    // Address, uses, protocol, flags, type, state, inode, and the name, where an abstract one begins with "@".
    auto const at = line.rfind(" @" + std::string(prefix));
    std::istringstream words(line);
    std::string word;
    std::string flags;
    for (int i = 0; i < 4 && words >> word; ++i) flags = word;
    constexpr std::string_view accepting = "00010000";
    if (at == std::string::npos || flags != accepting) continue;
    auto const name = line.substr(at + 2 + prefix.size());
    auto const slash = name.find('/');
    if (slash != std::string::npos) found.push_back({name.substr(0, slash), name.substr(slash + 1)});
  }
  std::sort(found.begin(), found.end(),
            [](status_address const& a, status_address const& b) { return std::tie(a.run, a.proc) < std::tie(b.run, b.proc); });
  return found;
}

result<proc_status> ask_status(status_address const& whom, std::size_t most_actors) {
  std::string const where = whom.run + "/" + whom.proc;
  auto const nobody = [&](std::string what) { return error(errc::unavailable, std::move(what), where); };
  descriptor const socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return system_error("make a socket", errno);
  be_patient(socket.get());
  auto const [address, size] = address_of(whom);
  if (::connect(socket.get(), reinterpret_cast<sockaddr const*>(&address), size) != 0)
    return nobody(std::string("nobody answers there: ") + std::strerror(errno));
  request const wanted{magic, most_actors};
  answer head;
  if (!write_whole(socket.get(), &wanted, sizeof wanted) || !read_whole(socket.get(), &head, sizeof head))
    return nobody("it gave no answer within two seconds, or it belongs to another user");
  if (head.magic != magic || head.fingerprint != wire::fingerprint_of<proc_status>() || head.size > most_answer)
    return error(errc::version_mismatch, "it answers as another version of Roost does", where);
  std::vector<std::byte> body(static_cast<std::size_t>(head.size));
  if (!read_whole(socket.get(), body.data(), body.size())) return nobody("its answer ends in the middle");
  auto status = wire::decode<proc_status>(shared_bytes(body));
  if (!status) return error(errc::bad_frame, "its answer cannot be read", where).caused_by(status.failure());
  return *std::move(status);
}

}  // namespace roost
