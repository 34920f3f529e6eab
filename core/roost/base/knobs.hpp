#pragma once
// Every constant of the runtime is a knob: named, with a legal range, drawn per seed in swarm runs.

#include <roost/base/error.hpp>
#include <roost/base/units.hpp>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace roost {

enum class knob_unit : std::uint8_t { count, byte, nanosecond };

/// The definition of one knob. Swarm runs draw from [low, high], half of the time close to `low`.
struct knob_definition {
  std::string_view name;  ///< "link.window_messages": floor, dot, what it is.
  knob_unit unit;
  std::int64_t standard;  ///< The default of a live run and of a scenario that draws nothing.
  std::int64_t low;
  std::int64_t high;
  std::string_view meaning;
};

/// Registers one definition at namespace scope of a .cpp file; the registry is frozen before main.
class knob {
 public:
  explicit knob(knob_definition definition);
  std::size_t index() const noexcept;
  knob_definition const& definition() const noexcept { return definition_; }

 private:
  knob_definition definition_;
  mutable std::size_t index_ = static_cast<std::size_t>(-1);
  friend std::vector<knob const*> const& all_knobs();
};

/// All knobs, sorted by name: the order does not depend on link order.
std::vector<knob const*> const& all_knobs();
/// The knob of that name, or nullptr.
knob const* find_knob(std::string_view name);

/// One value for every knob. Starts with the defaults.
class knob_values {
 public:
  knob_values();
  std::int64_t get(knob const& which) const noexcept { return values_[which.index()]; }
  nanoseconds duration(knob const& which) const noexcept { return nanoseconds(get(which)); }
  std::size_t count(knob const& which) const noexcept { return static_cast<std::size_t>(get(which)); }
  /// Refuses values outside the knob's range, naming it and the range.
  result<void> set(knob const& which, std::int64_t value);
  /// Draws every knob from its range, keyed by the knob's name: adding a knob changes no other draw.
  static knob_values drawn(std::uint64_t seed);
  std::span<std::int64_t const> raw() const noexcept { return values_; }

 private:
  std::vector<std::int64_t> values_;
};

}  // namespace roost
