#include <roost/base/pooled.hpp>

namespace roost {

#if ROOST_POOLS

namespace {

constexpr std::uint32_t most = 1024;  ///< Blocks that are kept of each size.

enum class shop : std::uint8_t { unopened, open, closed };
constinit thread_local shop state = shop::unopened;  // banned-call: blocks of memory, which nobody reads

/// Frees what its thread kept.
struct sweeper {
  sweeper() = default;
  sweeper(sweeper const&) = delete;
  sweeper& operator=(sweeper const&) = delete;
  ~sweeper() {
    state = shop::closed;
    for (auto& each : detail::shelves_of_this_thread) {
      each.room = 0;
      while (each.first != nullptr) {
        auto* const one = each.first;
        each.first = one->next;
        ::operator delete(one);
      }
    }
  }
  bool here = true;
};
thread_local sweeper at_thread_exit;  // banned-call: as above

}  // namespace

void* pooled::make(std::size_t size) {
  std::size_t const which = shelf_of(size);
  return ::operator new(which < detail::shelf_count ? (which + 1) * detail::shelf_step : size);
}

void pooled::free(void* what, std::size_t size) noexcept {
  if (state == shop::unopened && at_thread_exit.here) {
    state = shop::open;
    for (auto& each : detail::shelves_of_this_thread) each.room = most;
    if (what != nullptr && shelf_of(size) < detail::shelf_count) return operator delete(what, size);
  }
  ::operator delete(what);
}

#endif

}  // namespace roost
