#pragma once
// Memory for small objects that come and go with each message: kept by the thread that frees it, and handed out again.

#include <cstddef>
#include <new>

namespace roost {

/// A base of classes whose objects are made and destroyed often. Any thread may free what another has made. Larger objects than
/// some hundred bytes, those of an alignment beyond the ordinary, and all of them under the address sanitizer go to the ordinary heap.
class pooled {
 public:
  static void* operator new(std::size_t size);
  static void* operator new(std::size_t size, std::align_val_t alignment) { return ::operator new(size, alignment); }
  static void operator delete(void* what, std::size_t size) noexcept;
  static void operator delete(void* what, std::size_t, std::align_val_t alignment) noexcept {
    ::operator delete(what, alignment);
  }

 protected:
  pooled() = default;
  ~pooled() = default;
};

}  // namespace roost
