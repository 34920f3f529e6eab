#include <roost/platform/platform.hpp>

namespace roost {
namespace {

thread_local platform* current = nullptr;  // banned-call: the current-context pointer, one a loop

}  // namespace

platform* current_platform() noexcept { return current; }
void set_current_platform(platform* p) noexcept { current = p; }

platform_scope::platform_scope(platform* p) noexcept : before_(current) { current = p; }
platform_scope::~platform_scope() { current = before_; }

void always(bool condition, std::string_view name) {
  if (current != nullptr && current->probes != nullptr) {
    current->probes->always(condition, name, {});
    return;
  }
  ROOST_INVARIANT(condition, "always: " + std::string(name));
}

void sometimes(bool condition, std::string_view name) {
  if (condition && current != nullptr && current->probes != nullptr) current->probes->sometimes(name);
}

void reachable(std::string_view name) { sometimes(true, name); }

bool buggify(std::string_view name) { return current != nullptr && current->probes != nullptr && current->probes->buggify(name); }

}  // namespace roost
