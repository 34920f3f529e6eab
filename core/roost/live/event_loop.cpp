#include <roost/base/plant.hpp>
#include <roost/live/event_loop.hpp>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <span>

namespace roost {
namespace {

ROOST_DEFINE_PLANT(plant_wake_lost, "wake-up-lost", "G4",
                   "A loop looks for work once more before it says that it sleeps, so what comes in between wakes nobody.");

constexpr std::uint64_t wake_id = 0;
constexpr std::size_t events_per_wait = 32;

void check(bool done, char const* what) { ROOST_INVARIANT(done, system_error(what, errno).what); }

/// Like epoll_wait, with a limit in nanoseconds where the kernel has that; else in milliseconds, never too short.
int wait_for_events(int epoll, std::span<epoll_event> events, nanoseconds at_most) {
  static std::atomic<bool> exact = true;
  int const most = static_cast<int>(events.size());
  if (exact.load(std::memory_order_relaxed)) {
    timespec const limit{.tv_sec = at_most.count() / 1'000'000'000, .tv_nsec = at_most.count() % 1'000'000'000};
    int const ready = epoll_pwait2(epoll, events.data(), most, &limit, nullptr);
    // Kernels before 5.11, and some that only pretend to be one. A container's filter may say EPERM.
    if (ready >= 0 || (errno != ENOSYS && errno != EPERM)) return ready;
    exact.store(false, std::memory_order_relaxed);
  }
  return epoll_wait(epoll, events.data(), most, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(at_most).count()));
}

}  // namespace

fd_watch::fd_watch(fd_watch&& other) noexcept : loop_(std::exchange(other.loop_, nullptr)), fd_(other.fd_), id_(other.id_) {}

fd_watch& fd_watch::operator=(fd_watch&& other) noexcept {
  if (this != &other) {
    reset();
    loop_ = std::exchange(other.loop_, nullptr);
    fd_ = other.fd_;
    id_ = other.id_;
  }
  return *this;
}

fd_watch::~fd_watch() { reset(); }

void fd_watch::reset() {
  if (loop_ != nullptr) std::exchange(loop_, nullptr)->forget(fd_, id_);
}

event_loop::event_loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  require_system(bool(epoll_), "make an epoll instance");
  require_system(bool(wake_), "make an eventfd");
  epoll_event event{.events = EPOLLIN, .data = {.u64 = wake_id}};
  check(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) == 0, "watch an eventfd");
}

event_loop::~event_loop() { ROOST_INVARIANT(watched_.empty() && sources_.empty(), "an event loop ends before what it watches"); }

fd_watch event_loop::add(int fd, std::uint32_t events, unique_function<void(std::uint32_t)> ready) {
  std::uint64_t const id = ++last_id_;
  epoll_event event{.events = events, .data = {.u64 = id}};
  check(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0, "watch a descriptor");
  watched_.emplace(id, std::make_shared<unique_function<void(std::uint32_t)>>(std::move(ready)));
  return fd_watch(*this, fd, id);
}

void event_loop::forget(int fd, std::uint64_t id) {
  watched_.erase(id);
  check(epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr) == 0, "forget a descriptor");
}

void event_loop::add(poll_source& source) { sources_.push_back(&source); }
void event_loop::remove(poll_source& source) { std::erase(sources_, &source); }

void event_loop::post(unique_function<void()> task) {
  {
    std::lock_guard const lock(posting_);
    posted_.push_back(std::move(task));
    has_posted_.store(true);
  }
  notify();
}

void event_loop::notify() {
  if (!sleeps_.exchange(false)) return;
  std::uint64_t const one = 1;
  // A full counter wakes as well, so that nothing can go wrong here.
  static_cast<void>(!::write(wake_.get(), &one, sizeof one));
}

bool event_loop::poll() {
  if (has_posted_.load()) {
    std::lock_guard const lock(posting_);
    has_posted_.store(false);
    std::move(posted_.begin(), posted_.end(), std::back_inserter(running_));
    posted_.clear();
  }
  bool done = !running_.empty();
  for (std::size_t left = running_.size(); left > 0 && !running_.empty(); --left) {
    auto task = std::move(running_.front());
    running_.pop_front();
    task();
  }
  for (std::size_t i = 0; i < sources_.size(); ++i) done |= sources_[i]->poll();
  return done;
}

bool event_loop::poll_descriptors() { return wait(nanoseconds(0), nullptr); }

void event_loop::sleep(nanoseconds at_most, sleep_guard* around) {
  if (!ROOST_PLANT(plant_wake_lost)) sleeps_.store(true);
  bool quiet = !has_posted_.load() && running_.empty();
  auto const armed = sources_;
  for (poll_source* each : armed) quiet = each->arm() && quiet;
  if (ROOST_PLANT(plant_wake_lost)) sleeps_.store(true);
  if (quiet) wait(at_most, around);
  for (poll_source* each : armed)
    if (std::find(sources_.begin(), sources_.end(), each) != sources_.end()) each->disarm();
  sleeps_.store(false);
}

bool event_loop::wait(nanoseconds at_most, sleep_guard* around) {
  std::array<epoll_event, events_per_wait> events;
  if (around != nullptr) around->leave();
  int const ready = wait_for_events(epoll_.get(), events, at_most);
  bool const waited = ready >= 0 || errno == EINTR;
  if (around != nullptr) around->enter();
  check(waited, "wait for descriptors");
  for (int i = 0; i < ready; ++i) {
    // A copy: the kernel packs these more tightly than a reference to a member may be.
    epoll_event const event = events[static_cast<std::size_t>(i)];
    std::uint64_t const id = event.data.u64;
    if (id == wake_id) {
      std::uint64_t count = 0;
      static_cast<void>(!::read(wake_.get(), &count, sizeof count));
      continue;
    }
    auto const found = watched_.find(id);
    if (found == watched_.end()) continue;
    callback const target = found->second;
    std::uint32_t const bits = event.events;
    (*target)(bits);
  }
  return ready > 0;
}

}  // namespace roost
