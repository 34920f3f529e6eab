#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <roost/live/descriptor.hpp>
#include <tools/forked.hpp>
#include <tools/probes.hpp>
#include <tools/program_file.hpp>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

// The header of glibc 2.36 does not say that its functions are C.
extern "C" {
#include <sys/pidfd.h>
}

extern char** environ;

namespace roost::tools {
namespace {

std::string reason() { return std::strerror(errno); }

probe_result fails(std::string name, std::string found, std::string consequence) {
  return {std::move(name), probe_state::fails, std::move(found), std::move(consequence)};
}

probe_result memory_files() {
  std::string const name = "memory files";
  std::string const without = "no procs over shared memory, only --transport loopback";
  auto const file = sealed_memory_file("roost-doctor", 4096);
  if (!file) return fails(name, file.failure().what, without);
  if (::ftruncate((*file).get(), 0) == 0) return fails(name, "a sealed file was cut all the same", without);
  auto* const here = static_cast<std::atomic<int>*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, (*file).get(), 0));
  if (here == MAP_FAILED) return fails(name, "cannot map a memory file: " + reason(), without);
  auto const done = in_child([here] {
    here->store(42);
    return std::string();
  });
  bool const seen = done && here->load() == 42;
  ::munmap(here, 4096);
  if (!seen) return fails(name, "a child wrote to a shared memory file, and nothing was seen here", without);
  return {.name = name, .found = "made, sealed against changes of size, written by a child and read here", .consequence = {}};
}

probe_result sockets() {
  std::string const name = "Unix sockets";
  std::string const without = "procs of one host cannot meet";
  auto ends = socket_pair();
  if (!ends) return fails(name, ends.failure().what, without);
  if (auto const same = check_same_user(ends->first.get()); !same) return fails(name, same.failure().what, without);
  char byte = 'x';
  iovec part{&byte, 1};
  alignas(cmsghdr) char ancillary[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = ancillary;
  message.msg_controllen = sizeof ancillary;
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  int const given = ends->first.get();
  std::memcpy(CMSG_DATA(header), &given, sizeof given);
  if (::sendmsg(ends->first.get(), &message, MSG_NOSIGNAL) != 1)
    return fails(name, "cannot send a descriptor: " + reason(), without);
  if (::recvmsg(ends->second.get(), &message, MSG_CMSG_CLOEXEC) != 1 || CMSG_FIRSTHDR(&message) == nullptr)
    return fails(name, "a descriptor was sent and did not arrive", without);
  int taken = -1;
  std::memcpy(&taken, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof taken);
  descriptor const arrived(taken);
  return {.name = name, .found = "a pair made, its user seen, a descriptor sent through it", .consequence = {}};
}

probe_result process_descriptors() {
  std::string const name = "process descriptors";
  std::string const without = "procs cannot be started, since their end could not be seen safely";
  auto const child = ::fork();
  if (child < 0) return fails(name, "no child can be made: " + reason(), without);
  if (child == 0) std::_Exit(7);
  descriptor const held(::pidfd_open(child, 0));
  auto const open_failed = reason();
  pollfd ended{.fd = held.get(), .events = POLLIN, .revents = 0};
  bool const told = bool(held) && ::poll(&ended, 1, 10'000) == 1;
  siginfo_t status{};
  bool const reaped = bool(held) && ::waitid(P_PIDFD, static_cast<id_t>(held.get()), &status, WEXITED) == 0;
  if (!reaped) ::waitpid(child, nullptr, 0);
  if (!held) return fails(name, "cannot open one: " + open_failed, without);
  if (!told || !reaped || status.si_status != 7)
    return fails(name, "a child ended, and its descriptor did not tell how", without);
  return {.name = name, .found = "told of the end of a child, and of its exit code", .consequence = {}};
}

probe_result waits() {
  std::string const name = "waits for descriptors";
  std::string const without = "no proc can sleep until it is rung";
  descriptor const epoll(::epoll_create1(EPOLL_CLOEXEC));
  descriptor const bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll || !bell) return fails(name, "cannot make an epoll instance and an eventfd: " + reason(), without);
  epoll_event event{.events = EPOLLIN, .data = {.u64 = 1}};
  std::uint64_t const one = 1;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, bell.get(), &event) != 0 || ::write(bell.get(), &one, sizeof one) != sizeof one ||
      ::epoll_wait(epoll.get(), &event, 1, 10'000) != 1)
    return fails(name, "an eventfd was rung, and epoll did not tell: " + reason(), without);
  return {.name = name, .found = "an eventfd was rung, and epoll told", .consequence = {}};
}

probe_result exact_waits() {
  std::string const name = "exact waits";
  descriptor const epoll(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{};
  timespec const limit{.tv_sec = 0, .tv_nsec = 1'000};
  if (::epoll_pwait2(epoll.get(), &event, 1, &limit, nullptr) == 0)
    return {.name = name, .found = "epoll_pwait2 waited for a microsecond", .consequence = {}};
  return {name, probe_state::absent, "epoll_pwait2: " + reason(),
          "an idle proc sleeps whole milliseconds, timers are late by one"};
}

probe_result guard_pages() {
  // Linux 6.13. Headers of older systems do not name it.
  constexpr int madv_guard_install = 102;
  std::string const name = "guard pages";
  auto const page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  int died_by = 0;
  auto const lived = in_child(
      [page] {
        rlimit const no_core{0, 0};
        ::setrlimit(RLIMIT_CORE, &no_core);
        void* const place = ::mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (place == MAP_FAILED || ::madvise(place, page, madv_guard_install) != 0) return std::string("refused: ") + reason();
        *static_cast<char volatile*>(place) = 1;
        return std::string("written to all the same");
      },
      &died_by);
  if (died_by == SIGSEGV)
    return {.name = name, .found = "MADV_GUARD_INSTALL stopped a child that wrote to one", .consequence = {}};
  return {name, probe_state::absent, "MADV_GUARD_INSTALL: " + lived.value_or("the child died otherwise"),
          "stacks of waiting handlers are guarded by mprotect, the first 8,192, and by canaries beyond"};
}

probe_result own_executable() {
  std::string const name = "own executable";
  std::string const without = "procs cannot be started, since each is this executable again";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int const stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_RDWR, 0);
  char self[] = "roost", option[] = "--version";
  char* const argv[] = {self, option, nullptr};
  pid_t child = -1;
  int const failed = ::posix_spawn(&child, "/proc/self/exe", &actions, nullptr, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return fails(name, std::string("cannot exec /proc/self/exe: ") + std::strerror(failed), without);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return fails(name, "/proc/self/exe was started and did not end well", without);
  return {.name = name, .found = "started again from /proc/self/exe", .consequence = {}};
}

}  // namespace

void probe_kernel(std::vector<probe_result>& into) {
  for (auto* const probe : {memory_files, sockets, process_descriptors, waits, exact_waits, guard_pages, own_executable})
    into.push_back(probe());
}

}  // namespace roost::tools
