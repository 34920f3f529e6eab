#include <roost/base/plant.hpp>
#include <roost/live/agent_socket.hpp>
#include <roost/live/attach_stream.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

namespace roost {
namespace {

ROOST_DEFINE_PLANT(plant_stale_agent_file, "stale-agent-file", "G7", "The socket file of an agent that has ended stays.");

constexpr int backlog = 16;
constexpr mode_t all_but_owner = 0177;
constexpr int most_tries = 300;
constexpr std::chrono::milliseconds try_interval(10);

/// Locks a folder; another agent holds that for an instant only, and anybody else is not waited for.
result<void> take_turn(int folder) {
  for (int tries = 0; ::flock(folder, LOCK_EX | LOCK_NB) != 0; ++tries) {
    if (errno != EWOULDBLOCK && errno != EINTR) return system_error("lock its folder", errno);
    if (tries == most_tries) return error(errc::unavailable, "another process keeps its folder locked");
    std::this_thread::sleep_for(try_interval);
  }
  return {};
}

/// What lies at an address that cannot be bound: nothing, when it was an agent's that has died, and was removed.
result<void> clear(std::string const& path, sockaddr_un const& address) {
  struct stat facts{};
  if (::lstat(path.c_str(), &facts) != 0) return error(errc::unavailable, system_error("make a socket file", errno).what, path);
  if (!S_ISSOCK(facts.st_mode)) return error(errc::unavailable, "lies there already, and is no socket", path);
  descriptor const trial(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!trial) return system_error("make a socket", errno);
  if (::connect(trial.get(), reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0) {
    auto const peer = peer_of(trial.get());
    return error(errc::unavailable, "process " + (peer ? std::to_string(peer->process) : "?") + " listens there already", path);
  }
  if (errno != ECONNREFUSED) return error(errc::unavailable, system_error("tell who listens there", errno).what, path);
  if (::unlink(path.c_str()) != 0)
    return error(errc::unavailable, system_error("remove a dead agent's socket", errno).what, path);
  return {};
}

}  // namespace

result<sockaddr_un> address_of_agent(std::string const& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return error(errc::bad_argument,
                 "is no path of a socket, expected 1 to " + std::to_string(sizeof address.sun_path - 1) + " bytes", path);
  std::copy(path.begin(), path.end(), address.sun_path);
  return address;
}

result<agent_socket> agent_socket::listen(std::string path) {
  auto const address = address_of_agent(path);
  if (!address) return address.failure();
  auto const folder = std::filesystem::path(path).parent_path();
  // Who holds it is alone here between looking for an agent that lives and listening.
  descriptor const turn(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!turn) return error(errc::unavailable, system_error("open its folder", errno).what, path);
  if (auto const taken = take_turn(turn.get()); !taken) return error(errc::unavailable, taken.failure().what, path);
  agent_socket made;
  made.socket_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made.socket_) return system_error("make a socket", errno);
  auto const bind = [&] {
    auto const before = ::umask(all_but_owner);
    int const bound = ::bind(made.socket_.get(), reinterpret_cast<sockaddr const*>(&*address), sizeof *address);
    int const why = errno;
    ::umask(before);
    return bound == 0 ? 0 : why;
  };
  int failed = bind();
  if (failed == EADDRINUSE) {
    if (auto const cleared = clear(path, *address); !cleared) return cleared.failure();
    failed = bind();
  }
  if (failed != 0) return error(errc::unavailable, system_error("make a socket file", failed).what, path);
  struct stat facts{};
  if (::lstat(path.c_str(), &facts) != 0 || ::listen(made.socket_.get(), backlog) != 0)
    return error(errc::unavailable, system_error("listen", errno).what, path);
  made.device_ = facts.st_dev;
  made.file_ = facts.st_ino;
  made.path_ = std::move(path);
  return made;
}

agent_socket::~agent_socket() {
  struct stat facts{};
  if (!socket_ || ROOST_PLANT(plant_stale_agent_file)) return;
  if (::lstat(path_.c_str(), &facts) == 0 && facts.st_dev == device_ && facts.st_ino == file_) ::unlink(path_.c_str());
}

}  // namespace roost
