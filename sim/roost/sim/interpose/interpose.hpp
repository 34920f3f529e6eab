#pragma once
// Standing in front of the C library, symbol by symbol. Outside of simulated steps each call passes straight through. Link it as
// an object library: from a plain archive the linker leaves out what only the C++ library refers to.

#include <roost/sim/inside.hpp>

#include <dlfcn.h>

#include <atomic>

namespace roost::sim::interpose {

/// Ends the process, saying that `what` is not for simulated steps, who called it, and from where.
[[noreturn]] void refuse(inside const& where, char const* what, char const* instead, void const* caller);

/// The function that `name` means without this interposer: the sanitizers' one, else the next in the order of loading.
template <class Function>
Function* next(Function* of_sanitizer, std::atomic<Function*>& known, char const* name) noexcept {
  Function* found = known.load(std::memory_order_relaxed);
  if (found != nullptr) return found;
  found = of_sanitizer != nullptr ? of_sanitizer : reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
  known.store(found, std::memory_order_relaxed);
  return found;
}

}  // namespace roost::sim::interpose

/// Declares `real_NAME(...)`, which calls what `NAME` would be without this interposer. Sanitizers bring their own in front of the
/// C library's, under a weak name.
#define ROOST_REAL(result, name, parameters, ...)                                                      \
  extern "C" __attribute__((weak)) result ___interceptor_##name parameters;                            \
  [[maybe_unused]] static result real_##name parameters {                                              \
    using function = result parameters;                                                                \
    static constinit std::atomic<function*> known{nullptr};                                            \
    return ::roost::sim::interpose::next<function>(&___interceptor_##name, known, #name)(__VA_ARGS__); \
  }
