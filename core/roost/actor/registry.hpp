#pragma once
// What this executable can spawn and call: classes and endpoints by name. Filled before main, sorted at first use, then frozen.

#include <roost/actor/message.hpp>
#include <roost/base/bytes.hpp>
#include <roost/base/error.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace roost::detail {

/// One endpoint of one class.
struct endpoint_descriptor {
  std::uint64_t id = 0;  ///< endpoint_hash(class, name).
  std::string_view class_name;
  std::string_view name;
  std::uint64_t fingerprint = 0;  ///< Of the arguments.
  std::size_t concurrency = 0;    ///< 0: exclusive; else at most so many at a time.
  /// Makes the message of encoded arguments. Errors: those of decoding.
  result<std::unique_ptr<message>> (*decode)(shared_bytes const& payload, arrival& at) = nullptr;

  std::string full_name() const { return std::string(class_name) + "." + std::string(name); }
};

/// One way to construct an actor of a class.
struct constructor_descriptor {
  std::uint64_t fingerprint = 0;  ///< Of the arguments.
  result<std::unique_ptr<message>> (*decode)(shared_bytes const& arguments) = nullptr;
};

struct class_descriptor {
  std::string_view name;
  std::vector<endpoint_descriptor const*> endpoints;  ///< Its own and its bases', sorted by id.
  std::vector<constructor_descriptor> constructors;   ///< Sorted by fingerprint.
  bool dedicated = false;                             ///< Each of its actors has a worker of its own.

  endpoint_descriptor const* find_endpoint(std::uint64_t id) const noexcept;
  constructor_descriptor const* find_constructor(std::uint64_t fingerprint) const noexcept;
};

/// Called by ROOST_EXPORT and by instantiation of `spawn`, before main. The same class twice is one class.
class_descriptor& register_class(std::string_view name, std::vector<endpoint_descriptor const*> endpoints);
bool register_constructor(class_descriptor& of, constructor_descriptor how);

/// Null when this executable has no such class.
class_descriptor const* find_class(std::string_view name);
/// "Class.endpoint" of any registered endpoint, or the number in hexadecimal.
std::string endpoint_name(std::uint64_t id);
/// "Class.endpoint" of all registered endpoints, sorted.
std::vector<std::string> endpoint_names();
/// Refuses two endpoints of one id or two classes of one name: called once at start.
result<void> check_registry();

}  // namespace roost::detail
