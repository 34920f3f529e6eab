#include <roost/actor/registry.hpp>

#include <algorithm>
#include <cstdio>
#include <map>

namespace roost::detail {
namespace {

struct registry {
  std::map<std::string_view, std::unique_ptr<class_descriptor>> classes;
  std::map<std::uint64_t, endpoint_descriptor const*> endpoints;
  std::string clash;  ///< First collision seen.
};

/// Never destroyed: where a handler ends its process by `exit`, other threads still look at the names in it.
registry& all() {
  static registry& instance = *new registry;
  return instance;
}

}  // namespace

endpoint_descriptor const* class_descriptor::find_endpoint(std::uint64_t id) const noexcept {
  auto const at = std::lower_bound(endpoints.begin(), endpoints.end(), id,
                                   [](endpoint_descriptor const* e, std::uint64_t wanted) { return e->id < wanted; });
  return at != endpoints.end() && (*at)->id == id ? *at : nullptr;
}

constructor_descriptor const* class_descriptor::find_constructor(std::uint64_t fingerprint) const noexcept {
  auto const at = std::find_if(constructors.begin(), constructors.end(),
                               [&](constructor_descriptor const& c) { return c.fingerprint == fingerprint; });
  return at == constructors.end() ? nullptr : &*at;
}

class_descriptor& register_class(std::string_view name, std::vector<endpoint_descriptor const*> endpoints) {
  auto& registered = all();
  auto& slot = registered.classes[name];
  bool const fresh_name = slot == nullptr;
  if (fresh_name) {
    slot = std::make_unique<class_descriptor>();
    slot->name = name;
  }
  auto const known_already = slot->endpoints.size();
  for (auto const* endpoint : endpoints) {
    auto const [at, fresh] = registered.endpoints.emplace(endpoint->id, endpoint);
    if (!fresh && at->second != endpoint && registered.clash.empty()) {
      registered.clash = "endpoints " + at->second->full_name() + " and " + endpoint->full_name() +
                         " have one identity: export one of them under another name with ROOST_EXPORT_AS";
    }
    auto const& known = slot->endpoints;
    if (std::find(known.begin(), known.end(), endpoint) == known.end()) slot->endpoints.push_back(endpoint);
  }
  if (!fresh_name && registered.clash.empty() && (slot->endpoints.size() != known_already || endpoints.size() != known_already)) {
    registered.clash =
        "two classes are exported as " + std::string(name) + ": export one of them under another name with ROOST_EXPORT_AS";
  }
  std::sort(slot->endpoints.begin(), slot->endpoints.end(),
            [](endpoint_descriptor const* a, endpoint_descriptor const* b) { return a->id < b->id; });
  return *slot;
}

bool register_constructor(class_descriptor& of, constructor_descriptor how) {
  if (of.find_constructor(how.fingerprint) == nullptr) of.constructors.push_back(how);
  return true;
}

class_descriptor const* find_class(std::string_view name) {
  auto const& classes = all().classes;
  auto const at = classes.find(name);
  return at == classes.end() ? nullptr : at->second.get();
}

std::string endpoint_name(std::uint64_t id) {
  auto const& endpoints = all().endpoints;
  if (auto const at = endpoints.find(id); at != endpoints.end()) return at->second->full_name();
  char text[20];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(id));
  return text;
}

std::vector<std::string> endpoint_names() {
  std::vector<std::string> names;
  for (auto const& [id, endpoint] : all().endpoints) names.push_back(endpoint->full_name());
  std::sort(names.begin(), names.end());
  return names;
}

result<void> check_registry() {
  if (all().clash.empty()) return {};
  return error(errc::bad_argument, all().clash);
}

}  // namespace roost::detail
