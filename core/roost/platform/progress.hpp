#pragma once
// What the loop of a proc runs now, told to whoever looks from another thread or from a signal handler.

#include <atomic>
#include <cstdint>
#include <string>

namespace roost {

/// Written by the loop of its proc; read anywhere.
class progress_page {
 public:
  /// What `look` gives: counted turns, so that two looks can tell whether anything went on between them.
  struct view {
    std::uint64_t turn = 0;
    std::uint64_t actor = 0;     ///< Local id; 0 before the first.
    std::uint64_t endpoint = 0;  ///< 0 where it is none: a constructor, a callback, `supervise`, `cleanup`.
  };

  /// An actor's code starts or goes on.
  void set(std::uint64_t actor, std::uint64_t endpoint) noexcept {
    actor_.store(actor, std::memory_order_relaxed);
    endpoint_.store(endpoint, std::memory_order_relaxed);
    turn_.store(turn_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  /// Of one moment, unless the loop goes on while it is read: then of two.
  view look() const noexcept {
    return {turn_.load(std::memory_order_acquire), actor_.load(std::memory_order_relaxed),
            endpoint_.load(std::memory_order_relaxed)};
  }

  /// How an endpoint is called; set before the loop runs.
  std::string (*name_of)(std::uint64_t endpoint) = nullptr;

 private:
  std::atomic<std::uint64_t> turn_ = 0;
  std::atomic<std::uint64_t> actor_ = 0;
  std::atomic<std::uint64_t> endpoint_ = 0;
};

}  // namespace roost
