#include <roost/platform/platform.hpp>

namespace roost {

platform_scope::platform_scope(platform* p) noexcept : before_(current_platform()) { set_current_platform(p); }
platform_scope::~platform_scope() { set_current_platform(before_); }

void always(bool condition, std::string_view name) {
  if (auto const* const current = current_platform(); current != nullptr && current->probes != nullptr) {
    current->probes->always(condition, name, {});
    return;
  }
  ROOST_INVARIANT(condition, "always: " + std::string(name));
}

void sometimes(bool condition, std::string_view name) {
  if (!condition) return;
  if (auto const* const current = current_platform(); current != nullptr && current->probes != nullptr)
    current->probes->sometimes(name);
}

void reachable(std::string_view name) { sometimes(true, name); }

bool buggify(std::string_view name) {
  auto const* const current = current_platform();
  return current != nullptr && current->probes != nullptr && current->probes->buggify(name);
}

}  // namespace roost
