#include <roost/base/plant.hpp>

#include <algorithm>

namespace roost {
namespace {

std::vector<plant*>& registered_plants() {
  static std::vector<plant*> plants;
  return plants;
}

}  // namespace

plant::plant(plant_definition definition) : definition_(definition) { registered_plants().push_back(this); }

std::vector<plant*> all_plants() {
  auto plants = registered_plants();
  std::sort(plants.begin(), plants.end(), [](plant* a, plant* b) { return a->definition().name < b->definition().name; });
  return plants;
}

plant* find_plant(std::string_view name) {
  for (auto* p : registered_plants()) {
    if (p->definition().name == name) return p;
  }
  return nullptr;
}

}  // namespace roost
