// What cannot be simulated ends the process with a message: threads, processes, sockets, waiting for descriptors.

#include <roost/sim/interpose/interpose.hpp>

#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

using roost::sim::inside_now;

namespace {

constexpr char const* no_threads = "use an actor or offload()";
constexpr char const* no_processes = "use spawn_procs()";
constexpr char const* no_sockets = "send messages to actors instead";
constexpr char const* no_waiting = "wait for futures or receivers instead";
constexpr char const* no_timers = "use sleep() or a message later";
constexpr char const* no_processor_time = "use now()";

}  // namespace

/// Defines `name`: refused in simulated steps, passed on elsewhere.
#define ROOST_REFUSE(result, name, declaration, exception, parameters, instead, ...)            \
  ROOST_REAL(result, name, parameters, __VA_ARGS__)                                             \
  extern "C" result name declaration exception {                                                \
    if (auto* const step = inside_now())                                                        \
      ::roost::sim::interpose::refuse(*step, #name "()", instead, __builtin_return_address(0)); \
    return real_##name(__VA_ARGS__);                                                            \
  }

using start_function = void*(void*);

ROOST_REFUSE(int, pthread_create,
             (pthread_t* __restrict t, pthread_attr_t const* __restrict a, start_function* f, void* __restrict x), noexcept,
             (pthread_t * t, pthread_attr_t const* a, start_function* f, void* x), no_threads, t, a, f, x)
ROOST_REFUSE(pid_t, fork, (), noexcept, (), no_processes)
ROOST_REFUSE(int, posix_spawn,
             (pid_t* __restrict p, char const* __restrict n, posix_spawn_file_actions_t const* __restrict f,
              posix_spawnattr_t const* __restrict a, char* const* __restrict v, char* const* __restrict e),
             ,
             (pid_t * p, char const* n, posix_spawn_file_actions_t const* f, posix_spawnattr_t const* a, char* const* v,
              char* const* e),
             no_processes, p, n, f, a, v, e)
ROOST_REFUSE(int, posix_spawnp,
             (pid_t* __restrict p, char const* __restrict n, posix_spawn_file_actions_t const* __restrict f,
              posix_spawnattr_t const* __restrict a, char* const* __restrict v, char* const* __restrict e),
             ,
             (pid_t * p, char const* n, posix_spawn_file_actions_t const* f, posix_spawnattr_t const* a, char* const* v,
              char* const* e),
             no_processes, p, n, f, a, v, e)
ROOST_REFUSE(int, system, (char const* c), , (char const* c), no_processes, c)
ROOST_REFUSE(FILE*, popen, (char const* c, char const* m), , (char const* c, char const* m), no_processes, c, m)

ROOST_REFUSE(int, socket, (int d, int t, int p), noexcept, (int d, int t, int p), no_sockets, d, t, p)
ROOST_REFUSE(int, socketpair, (int d, int t, int p, int* v), noexcept, (int d, int t, int p, int* v), no_sockets, d, t, p, v)
ROOST_REFUSE(int, connect, (int s, sockaddr const* a, socklen_t n), , (int s, sockaddr const* a, socklen_t n), no_sockets, s, a,
             n)
ROOST_REFUSE(int, bind, (int s, sockaddr const* a, socklen_t n), noexcept, (int s, sockaddr const* a, socklen_t n), no_sockets, s,
             a, n)
ROOST_REFUSE(int, listen, (int s, int n), noexcept, (int s, int n), no_sockets, s, n)
ROOST_REFUSE(int, accept, (int s, sockaddr* __restrict a, socklen_t* __restrict n), , (int s, sockaddr* a, socklen_t* n),
             no_sockets, s, a, n)
ROOST_REFUSE(int, accept4, (int s, sockaddr* __restrict a, socklen_t* __restrict n, int f), ,
             (int s, sockaddr* a, socklen_t* n, int f), no_sockets, s, a, n, f)
ROOST_REFUSE(ssize_t, send, (int s, void const* d, size_t n, int f), , (int s, void const* d, size_t n, int f), no_sockets, s, d,
             n, f)
ROOST_REFUSE(ssize_t, sendto, (int s, void const* d, size_t n, int f, sockaddr const* a, socklen_t l), ,
             (int s, void const* d, size_t n, int f, sockaddr const* a, socklen_t l), no_sockets, s, d, n, f, a, l)
ROOST_REFUSE(ssize_t, sendmsg, (int s, msghdr const* m, int f), , (int s, msghdr const* m, int f), no_sockets, s, m, f)
ROOST_REFUSE(ssize_t, recv, (int s, void* d, size_t n, int f), , (int s, void* d, size_t n, int f), no_sockets, s, d, n, f)
ROOST_REFUSE(ssize_t, recvfrom, (int s, void* __restrict d, size_t n, int f, sockaddr* __restrict a, socklen_t* __restrict l), ,
             (int s, void* d, size_t n, int f, sockaddr* a, socklen_t* l), no_sockets, s, d, n, f, a, l)
ROOST_REFUSE(ssize_t, recvmsg, (int s, msghdr* m, int f), , (int s, msghdr* m, int f), no_sockets, s, m, f)

ROOST_REFUSE(int, poll, (pollfd * d, nfds_t n, int t), , (pollfd * d, nfds_t n, int t), no_waiting, d, n, t)
ROOST_REFUSE(int, select, (int n, fd_set* __restrict r, fd_set* __restrict w, fd_set* __restrict e, timeval* __restrict t), ,
             (int n, fd_set* r, fd_set* w, fd_set* e, timeval* t), no_waiting, n, r, w, e, t)
ROOST_REFUSE(int, epoll_wait, (int p, epoll_event* e, int n, int t), , (int p, epoll_event* e, int n, int t), no_waiting, p, e, n,
             t)
ROOST_REFUSE(int, ppoll, (pollfd * d, nfds_t n, timespec const* t, sigset_t const* s), ,
             (pollfd * d, nfds_t n, timespec const* t, sigset_t const* s), no_waiting, d, n, t, s)
ROOST_REFUSE(int, pselect,
             (int n, fd_set* __restrict r, fd_set* __restrict w, fd_set* __restrict e, timespec const* __restrict t,
              sigset_t const* __restrict s),
             , (int n, fd_set* r, fd_set* w, fd_set* e, timespec const* t, sigset_t const* s), no_waiting, n, r, w, e, t, s)
ROOST_REFUSE(int, epoll_pwait, (int p, epoll_event* e, int n, int t, sigset_t const* s), ,
             (int p, epoll_event* e, int n, int t, sigset_t const* s), no_waiting, p, e, n, t, s)
ROOST_REFUSE(int, epoll_pwait2, (int p, epoll_event* e, int n, timespec const* t, sigset_t const* s), ,
             (int p, epoll_event* e, int n, timespec const* t, sigset_t const* s), no_waiting, p, e, n, t, s)

ROOST_REFUSE(int, timerfd_create, (clockid_t c, int f), noexcept, (clockid_t c, int f), no_timers, c, f)
ROOST_REFUSE(clock_t, times, (tms * t), noexcept, (tms * t), no_processor_time, t)
