#include <tests/bench/bare_executor.hpp>
#include <tests/bench/fifo.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

namespace bench {
namespace {

enum class kind : std::uint8_t { message, actor, runner };

/// What stands in the one queue of a worker, in a mailbox, or in a list of free messages.
struct ready {
  ready* next = nullptr;
  kind what = kind::message;
};

struct actor;
struct worker;

/// 64 bytes: the call, and where its answer goes.
struct message : ready {
  actor* to = nullptr;
  std::uint64_t argument = 0;
  actor* sender = nullptr;
  std::uint64_t answer = 0;
  void* waiter = nullptr;
  std::uint64_t number = 0;
};
static_assert(sizeof(message) == 64);

enum class life : std::uint8_t { idle, queued, running };

struct actor : ready {
  actor() { what = kind::actor; }
  virtual ~actor() = default;
  virtual void handle(message& one) = 0;

  worker* home = nullptr;
  fifo<ready> mailbox;
  life state = life::idle;
  std::uint64_t handled = 0;
};

constexpr int batch = 32;

struct worker {
  fifo<ready> queue;
  ready* free = nullptr;
  actor* current = nullptr;
  bool over = false;
  alignas(64) std::atomic<message*> inbox = nullptr;

  message& take() {
    auto* const one = static_cast<message*>(free);
    if (one == nullptr) return *new message();
    free = one->next;
    return *one;
  }
  void give_back(message& one) noexcept {
    one.next = free;
    free = &one;
  }
};

thread_local worker* this_worker = nullptr;

/// From the worker's own thread.
void put_in(worker& on, message& one) {
  actor& to = *one.to;
  to.mailbox.push(one);
  if (to.state != life::idle) return;
  to.state = life::queued;
  on.queue.push(to);
}

void send(actor& to, std::uint64_t argument) {
  worker& here = *this_worker;
  message& one = here.take();
  one.to = &to;
  one.argument = argument;
  one.sender = here.current;
  one.waiter = nullptr;
  worker& home = *to.home;
  if (&home == &here) return put_in(home, one);
  message* before = home.inbox.load(std::memory_order_relaxed);
  do {
    one.next = before;
  } while (!home.inbox.compare_exchange_weak(before, &one, std::memory_order_release, std::memory_order_relaxed));
}

void drain(worker& on) {
  ready* newest = on.inbox.exchange(nullptr, std::memory_order_acquire);
  ready* oldest = nullptr;
  while (newest != nullptr) {
    ready* const next = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  while (oldest != nullptr) {
    ready* const next = oldest->next;
    put_in(on, static_cast<message&>(*oldest));
    oldest = next;
  }
}

void run_actor(worker& on, actor& one) {
  one.state = life::running;
  on.current = &one;
  int left = batch;
  while (auto* const next = static_cast<message*>(one.mailbox.pop())) {
    ++one.handled;
    try {
      one.handle(*next);
    } catch (...) {
      on.over = true;
    }
    on.give_back(*next);
    if (--left == 0) break;
  }
  on.current = nullptr;
  one.state = one.mailbox.empty() ? life::idle : life::queued;
  if (one.state == life::queued) on.queue.push(one);
}

void run(worker& on) {
  this_worker = &on;
  while (!on.over) {
    if (on.inbox.load(std::memory_order_relaxed) != nullptr) drain(on);
    ready* const next = on.queue.pop();
    if (next == nullptr || next->what == kind::runner) break;  // Nobody parks here.
    run_actor(on, static_cast<actor&>(*next));
  }
}

struct player final : actor {
  void handle(message& one) override {
    if (one.argument != 0) send(*other, one.argument - 1);
  }
  actor* other = nullptr;
};

}  // namespace

void bare_executor_ping_pong(std::uint64_t messages) {
  auto const on = std::make_unique<worker>();
  std::vector<message> slab(16);
  for (auto& each : slab) on->give_back(each);
  auto const near = std::make_unique<player>();
  auto const far = std::make_unique<player>();
  near->home = far->home = on.get();
  near->other = far.get();
  far->other = near.get();
  this_worker = on.get();
  send(*near, messages - 1);
  run(*on);
}

}  // namespace bench
