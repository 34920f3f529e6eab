#pragma once
// One value for each seam: all that a proc ever touches of the outside world.

#include <roost/base/bytes.hpp>
#include <roost/base/knobs.hpp>
#include <roost/platform/clock.hpp>
#include <roost/platform/control_gate.hpp>
#include <roost/platform/executor.hpp>
#include <roost/platform/launcher.hpp>
#include <roost/platform/log.hpp>
#include <roost/platform/observer.hpp>
#include <roost/platform/runtime_lock.hpp>
#include <roost/platform/transport.hpp>

#include <span>
#include <string>
#include <string_view>

namespace roost {

/// Random words. Live: the kernel. Simulated: a keyed stream of the seed.
class entropy {
 public:
  virtual ~entropy() = default;
  /// A fresh word for `key`'s own sequence; live ignores the key.
  virtual std::uint64_t draw(entity_key key) = 0;
};

/// Files that the runtime writes. Live: the file system. Simulated: memory, with full disk and failed sync.
class store {
 public:
  virtual ~store() = default;
  virtual result<void> append(std::string_view file, std::span<std::byte const> data) = 0;
  virtual result<void> sync(std::string_view file) = 0;
};

/// All seams of one proc. Everything pointed to outlives the proc's runtime.
struct platform {
  roost::clock* clock = nullptr;
  roost::executor* executor = nullptr;
  roost::transport* transport = nullptr;
  roost::launcher* launcher = nullptr;
  roost::entropy* entropy = nullptr;
  roost::store* store = nullptr;
  log_sink* log = nullptr;
  roost::observer* observer = nullptr;  ///< Null: nobody observes.
  probe_sink* probes = nullptr;         ///< Null: conditions are not watched.
  knob_values const* knobs = nullptr;
  runtime_lock* lock = nullptr;       ///< Held by whoever runs code of the proc's runtime.
  control_gate* gate = nullptr;       ///< Null: handlers and control plane take turns on one thread, and have the same seams.
  platform* control_plane = nullptr;  ///< With a gate: the seams of what runs inside it.
  entity_key key;                     ///< Of the proc.
  std::uint64_t process = 0;          ///< Its number at the operating system; 0 in simulation.
};

namespace detail {
// banned-call: the current-context pointer, one a loop
inline constinit thread_local platform* platform_of_this_thread = nullptr;
}  // namespace detail

/// The platform of the handler or control step that runs now on this thread; null outside.
inline platform* current_platform() noexcept { return detail::platform_of_this_thread; }
/// Sets it for a scope; loops and actors do, users do not.
class platform_scope {
 public:
  explicit platform_scope(platform* p) noexcept;
  ~platform_scope();
  platform_scope(platform_scope const&) = delete;
  platform_scope& operator=(platform_scope const&) = delete;

 private:
  platform* before_;
};
/// Sets it until the next change; for those that switch fibers.
inline void set_current_platform(platform* p) noexcept { detail::platform_of_this_thread = p; }

/// Must hold whenever it is reached; a run in which it does not hold fails with `name`. Anywhere; outside a proc it aborts.
void always(bool condition, std::string_view name);
/// Should hold now and then; a campaign that never saw it is not a pass. Anywhere; outside a proc nothing happens.
void sometimes(bool condition, std::string_view name);
/// Should be reached now and then: `sometimes(true, name)`.
void reachable(std::string_view name);
/// True rarely, by the seed, where the runtime or program may legally behave rarely. Always false live.
bool buggify(std::string_view name);

}  // namespace roost
