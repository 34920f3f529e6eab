#include <tests/bench/bare_loop.hpp>
#include <tests/bench/fifo.hpp>

#include <memory>
#include <vector>

namespace bench {
namespace {

struct bare_actor;

struct node {
  node* next = nullptr;
  std::uint64_t left = 0;
};

struct bare_worker {
  fifo<bare_actor> ready;
  node* free = nullptr;

  node& take() noexcept {
    node* const one = free;
    free = one->next;
    return *one;
  }
  void give_back(node& one) noexcept {
    one.next = free;
    free = &one;
  }
};

struct bare_actor {
  virtual ~bare_actor() = default;
  virtual void handle(bare_worker& on, node& message) = 0;

  bare_actor* next = nullptr;
  fifo<node> mailbox;
};

void send(bare_worker& on, bare_actor& to, std::uint64_t left) {
  node& message = on.take();
  message.left = left;
  if (to.mailbox.empty()) on.ready.push(to);
  to.mailbox.push(message);
}

struct bare_player final : bare_actor {
  void handle(bare_worker& on, node& message) override {
    if (message.left != 0) send(on, *other, message.left - 1);
  }
  bare_actor* other = nullptr;
};

}  // namespace

void bare_ping_pong(std::uint64_t messages) {
  bare_worker worker;
  std::vector<node> nodes(16);
  for (auto& each : nodes) worker.give_back(each);
  auto const near = std::make_unique<bare_player>();
  auto const far = std::make_unique<bare_player>();
  near->other = far.get();
  far->other = near.get();
  send(worker, *near, messages - 1);
  while (bare_actor* const actor = worker.ready.pop()) {
    while (node* const message = actor->mailbox.pop()) {
      actor->handle(worker, *message);
      worker.give_back(*message);
    }
  }
}

}  // namespace bench
