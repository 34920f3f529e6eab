#include <roost/base/pooled.hpp>

#include <array>
#include <cstdint>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define ROOST_POOLS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ROOST_POOLS 0
#endif
#endif
#ifndef ROOST_POOLS
#define ROOST_POOLS 1
#endif

namespace roost {

#if ROOST_POOLS

namespace {

constexpr std::size_t step = 32;      ///< Bytes by which the sizes of blocks differ.
constexpr std::size_t sizes = 16;     ///< Blocks of up to step * sizes bytes are kept,
constexpr std::uint32_t most = 1024;  ///< so many of each size.

struct block {
  block* next;
};
struct shelf {
  block* first = nullptr;
  std::uint32_t count = 0;
};

// banned-call: blocks of memory, the contents and addresses of which nobody reads
constinit thread_local std::array<shelf, sizes> shelves{};
constinit thread_local bool closed = false;  // banned-call: as above

/// Frees what its thread kept.
struct sweeper {
  sweeper() = default;
  sweeper(sweeper const&) = delete;
  sweeper& operator=(sweeper const&) = delete;
  ~sweeper() {
    closed = true;
    for (auto& each : shelves) {
      while (each.first != nullptr) {
        block* const one = each.first;
        each.first = one->next;
        ::operator delete(one);
      }
      each.count = 0;
    }
  }
  bool here = true;
};
thread_local sweeper at_thread_exit;  // banned-call: as above

constexpr std::size_t shelf_of(std::size_t size) { return (size - 1) / step; }

}  // namespace

void* pooled::operator new(std::size_t size) {
  std::size_t const which = shelf_of(size);
  if (which >= sizes) return ::operator new(size);
  shelf& from = shelves[which];
  if (block* const one = from.first; one != nullptr) {
    from.first = one->next;
    --from.count;
    return one;
  }
  return ::operator new((which + 1) * step);
}

void pooled::operator delete(void* what, std::size_t size) noexcept {
  if (what == nullptr) return;
  std::size_t const which = shelf_of(size);
  if (which >= sizes || closed) return ::operator delete(what);
  shelf& to = shelves[which];
  if (to.first == nullptr && !at_thread_exit.here) return ::operator delete(what);
  if (to.count == most) return ::operator delete(what);
  ++to.count;
  to.first = ::new (what) block{to.first};
}

#else

void* pooled::operator new(std::size_t size) { return ::operator new(size); }
void pooled::operator delete(void* what, std::size_t) noexcept { ::operator delete(what); }

#endif

}  // namespace roost
