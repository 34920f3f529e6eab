#pragma once
// Memory for small objects that come and go with each message: kept by the thread that frees it, and handed out again.

#include <array>
#include <cstddef>
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

namespace detail {

/// The blocks of one size that a thread keeps.
struct shelf {
  struct block {
    block* next;
  };
  block* first = nullptr;
  std::uint32_t room = 0;  ///< For so many more; none before the thread's first.
};

constexpr std::size_t shelf_step = 32;  ///< Bytes by which the sizes of blocks differ.
constexpr std::size_t shelf_count = 16;

// banned-call: blocks of memory, the contents and addresses of which nobody reads
inline constinit thread_local std::array<shelf, shelf_count> shelves_of_this_thread{};

}  // namespace detail

/// A base of classes whose objects are made and destroyed often. Any thread may free what another has made. Larger objects than
/// some hundred bytes, those of an alignment beyond the ordinary, and all of them under the address sanitizer go to the ordinary heap.
class pooled {
 public:
#if ROOST_POOLS
  [[gnu::always_inline]] static void* operator new(std::size_t size) {
    std::size_t const which = shelf_of(size);
    if (which < detail::shelf_count) {
      auto& from = detail::shelves_of_this_thread[which];
      if (auto* const one = from.first; one != nullptr) [[likely]] {
        from.first = one->next;
        ++from.room;
        return one;
      }
    }
    return make(size);
  }
  [[gnu::always_inline]] static void operator delete(void* what, std::size_t size) noexcept {
    std::size_t const which = shelf_of(size);
    if (which >= detail::shelf_count || what == nullptr || detail::shelves_of_this_thread[which].room == 0)
      return free(what, size);
    put_back(what, which);
  }
  /// The number of the shelf for objects of a size, from 1; 0: there is none.
  static constexpr std::uint8_t shelf_for(std::size_t size) noexcept {
    std::size_t const which = shelf_of(size);
    return which < detail::shelf_count ? static_cast<std::uint8_t>(which + 1) : 0;
  }
  /// Puts the memory of an object back on its shelf; false where that has no room.
  [[gnu::always_inline]] static bool shelve(void* what, std::uint8_t shelf) noexcept {
    if (detail::shelves_of_this_thread[shelf - 1].room == 0) return false;
    put_back(what, shelf - 1);
    return true;
  }
#else
  static constexpr std::uint8_t shelf_for(std::size_t) noexcept { return 0; }
  static bool shelve(void*, std::uint8_t) noexcept { return false; }
  static void* operator new(std::size_t size) { return ::operator new(size); }
  static void operator delete(void* what, std::size_t) noexcept { ::operator delete(what); }
#endif
  static void* operator new(std::size_t size, std::align_val_t alignment) { return ::operator new(size, alignment); }
  static void operator delete(void* what, std::size_t, std::align_val_t alignment) noexcept {
    ::operator delete(what, alignment);
  }

 protected:
  pooled() = default;
  ~pooled() = default;

 private:
  static constexpr std::size_t shelf_of(std::size_t size) noexcept { return (size - 1) / detail::shelf_step; }
  [[gnu::always_inline]] static void put_back(void* what, std::size_t which) noexcept {
    auto& to = detail::shelves_of_this_thread[which];
    --to.room;
    to.first = ::new (what) detail::shelf::block{to.first};
  }
  /// A block that no shelf has.
  static void* make(std::size_t size);
  /// One for which its shelf has no room, or has not been opened yet.
  static void free(void* what, std::size_t size) noexcept;
};

}  // namespace roost
