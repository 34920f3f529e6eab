// Replaces operator new with one that counts, in the executable that links this file.

#include <tests/bench/measure.hpp>

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

std::uint64_t allocations = 0;

void* counted(std::size_t size, std::size_t alignment) {
  ++allocations;
  void* const made = alignment <= alignof(std::max_align_t)
                         ? std::malloc(size == 0 ? 1 : size)
                         : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (made == nullptr) throw std::bad_alloc();
  return made;
}

[[maybe_unused]] bool const registered = [] {
  bench::count_allocations_with([]() noexcept { return allocations; });
  return true;
}();

}  // namespace

void* operator new(std::size_t size) { return counted(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment) { return counted(size, static_cast<std::size_t>(alignment)); }
void operator delete(void* what) noexcept { std::free(what); }
void operator delete(void* what, std::size_t) noexcept { std::free(what); }
void operator delete(void* what, std::align_val_t) noexcept { std::free(what); }
void operator delete(void* what, std::size_t, std::align_val_t) noexcept { std::free(what); }
