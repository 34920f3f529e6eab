// Included before every Cap'n Proto header: release 0.9 does not compile under clang 16 and later in C++20, because kj hides its
// own comparison of a C string with a StringPtr when three-way comparison is on.
#pragma once

#include <kj/string.h>

#if defined(__clang__) && __clang_major__ >= 16 && __cpp_impl_three_way_comparison
namespace kj {
inline bool operator==(const char* a, const StringPtr& b) { return b == StringPtr(a); }
inline bool operator!=(const char* a, const StringPtr& b) { return !(b == StringPtr(a)); }
}  // namespace kj
#endif
