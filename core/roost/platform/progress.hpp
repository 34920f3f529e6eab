#pragma once
// What a worker of a proc runs now, told to whoever looks from another thread or from a signal handler.

#include <atomic>
#include <cstdint>
#include <string_view>

namespace roost {

/// Written by its worker; read anywhere.
class progress_page {
 public:
  /// What `look` gives. Turns are counted, so that two looks can tell whether anything went on between them.
  struct view {
    std::uint64_t turn = 0;       ///< 0: nothing has run yet.
    std::uint64_t actor = 0;      ///< Local id.
    std::string_view class_name;  ///< Of the actor.
    std::string_view endpoint;    ///< Empty for a constructor, a callback, `supervise` or `cleanup`.
  };
  /// Whose code runs. The names are never freed; null where there is none.
  struct whose {
    std::uint64_t actor = 0;
    std::string_view const* class_name = nullptr;
    std::string_view const* endpoint = nullptr;
  };

  /// An actor's code starts or goes on. The names are never freed; `endpoint` may be null.
  void set(std::uint64_t actor, std::string_view const* class_name, std::string_view const* endpoint) noexcept {
    actor_.store(actor, std::memory_order_relaxed);
    class_name_.store(class_name, std::memory_order_relaxed);
    endpoint_.store(endpoint, std::memory_order_relaxed);
    turn_.store(turn_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  /// The same of code that runs for an actor elsewhere.
  void set(whose const& of) noexcept { set(of.actor, of.class_name, of.endpoint); }
  /// What was set last; for its own worker.
  whose latest() const noexcept {
    constexpr auto own = std::memory_order_relaxed;
    return {actor_.load(own), class_name_.load(own), endpoint_.load(own)};
  }
  /// Of one moment, unless the loop goes on while it is read: then of two.
  view look() const noexcept {
    view seen;
    seen.turn = turn_.load(std::memory_order_acquire);
    seen.actor = actor_.load(std::memory_order_relaxed);
    if (auto const* name = class_name_.load(std::memory_order_relaxed)) seen.class_name = *name;
    if (auto const* name = endpoint_.load(std::memory_order_relaxed)) seen.endpoint = *name;
    return seen;
  }

 private:
  std::atomic<std::uint64_t> turn_ = 0;
  std::atomic<std::uint64_t> actor_ = 0;
  std::atomic<std::string_view const*> class_name_ = nullptr;
  std::atomic<std::string_view const*> endpoint_ = nullptr;
};

namespace detail {
// banned-call: what the thread's steps are shown on, which nothing in core reads
inline constinit thread_local progress_page* progress_of_this_thread = nullptr;
}  // namespace detail

/// The page of the worker that calls; null: nobody looks.
inline progress_page* current_progress() noexcept { return detail::progress_of_this_thread; }
inline void set_current_progress(progress_page* page) noexcept { detail::progress_of_this_thread = page; }

}  // namespace roost
