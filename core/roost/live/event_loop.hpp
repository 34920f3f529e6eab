#pragma once
// What one proc's thread waits for besides its own work: descriptors, things that are polled without a system call, and tasks
// from other threads. It sleeps only after everybody has been told to wake it and has looked once more.

#include <roost/base/unique_function.hpp>
#include <roost/base/units.hpp>
#include <roost/live/descriptor.hpp>
#include <roost/live/fwd.hpp>

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace roost {

/// Something that has work now and then and can say so without a system call, such as the rings of a transport.
class poll_source {
 public:
  /// Does what there is to do, within bounds; true when it did anything.
  virtual bool poll() = 0;
  /// The loop is about to sleep. Asks those who bring work to wake the loop from now on, then looks again: false when there is
  /// work already. `disarm` follows in any case.
  virtual bool arm() = 0;
  /// The loop is awake: nobody need wake it.
  virtual void disarm() = 0;

 protected:
  ~poll_source() = default;
};

/// What a loop leaves while it sleeps.
class sleep_guard {
 public:
  virtual void leave() noexcept = 0;
  virtual void enter() = 0;

 protected:
  ~sleep_guard() = default;
};

/// Keeps a descriptor watched; the callback is never called after this is gone.
class fd_watch {
 public:
  fd_watch() = default;
  fd_watch(fd_watch&& other) noexcept;
  fd_watch& operator=(fd_watch&& other) noexcept;
  ~fd_watch();
  void reset();
  explicit operator bool() const noexcept { return loop_ != nullptr; }

 private:
  friend class event_loop;
  fd_watch(event_loop& loop, int fd, std::uint64_t id) : loop_(&loop), fd_(fd), id_(id) {}
  event_loop* loop_ = nullptr;
  int fd_ = -1;
  std::uint64_t id_ = 0;
};

/// Call only from one thread at a time, except where said otherwise. It outlives its watches and sources.
class event_loop {
 public:
  event_loop();
  ~event_loop();
  event_loop(event_loop const&) = delete;
  event_loop& operator=(event_loop const&) = delete;

  /// Calls `ready` with the kernel's EPOLL bits while `fd` has one of `events` (level-triggered). `fd` stays open until the
  /// watch is gone.
  [[nodiscard]] fd_watch add(int fd, std::uint32_t events, unique_function<void(std::uint32_t)> ready);
  void add(poll_source& source);
  void remove(poll_source& source);

  /// From any thread: runs `task` on the loop, after what was posted before. Tasks left when the loop ends are dropped.
  void post(unique_function<void()> task);
  /// From any thread: the loop looks at its sources again before it sleeps. Costs a system call only when it sleeps.
  void notify();

  /// Runs posted tasks and polls the sources; true when anything was done.
  bool poll();
  /// Looks at the descriptors without waiting; true when any was ready.
  bool poll_descriptors();
  /// Sleeps until a descriptor is ready, a source or another thread has work, or `at_most` has passed. May return early. While it
  /// sleeps, and only then, it is outside what `around` guards, where that is not null.
  void sleep(nanoseconds at_most, sleep_guard* around = nullptr);

 private:
  friend class fd_watch;
  void forget(int fd, std::uint64_t id);
  bool wait(nanoseconds at_most, sleep_guard* around);

  using callback = std::shared_ptr<unique_function<void(std::uint32_t)>>;
  descriptor epoll_;
  descriptor wake_;
  std::map<std::uint64_t, callback> watched_;
  std::uint64_t last_id_ = 0;
  std::vector<poll_source*> sources_;
  std::deque<unique_function<void()>> running_;
  std::mutex posting_;
  std::vector<unique_function<void()>> posted_;
  std::atomic<bool> has_posted_ = false;
  std::atomic<bool> sleeps_ = false;
};

}  // namespace roost
