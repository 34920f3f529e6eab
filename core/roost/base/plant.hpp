#pragma once
// Planted bugs: small, named changes of the runtime that a checker must catch. They exist in builds with ROOST_PLANTS=1 and are
// off until armed by name; in every other build `ROOST_PLANT(name)` is the constant false and leaves no code behind.

#include <string_view>
#include <vector>

namespace roost {

/// One planted bug: where it sits and which promise's checker must catch it.
struct plant_definition {
  std::string_view name;     ///< "ack-before-custody".
  std::string_view promise;  ///< "G3".
  std::string_view meaning;  ///< What the planted code does wrong, in one sentence.
};

class plant {
 public:
  explicit plant(plant_definition definition);
  plant_definition const& definition() const noexcept { return definition_; }
  bool armed() const noexcept { return armed_; }
  void arm(bool on) noexcept { armed_ = on; }

 private:
  plant_definition definition_;
  bool armed_ = false;
};

/// All planted bugs of this build, sorted by name; empty where they are compiled out.
std::vector<plant*> all_plants();
plant* find_plant(std::string_view name);

}  // namespace roost

#if defined(ROOST_PLANTS) && ROOST_PLANTS
/// Defines a planted bug at namespace scope of a .cpp file.
#define ROOST_DEFINE_PLANT(identifier, name, promise, meaning) \
  static ::roost::plant identifier(::roost::plant_definition{name, promise, meaning})
#define ROOST_PLANT(identifier) (identifier.armed())
#else
#define ROOST_DEFINE_PLANT(identifier, name, promise, meaning) static_assert(true)
#define ROOST_PLANT(identifier) (false)
#endif
