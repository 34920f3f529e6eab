#include <roost/base/plant.hpp>

#include <algorithm>

namespace roost {
namespace {

std::vector<plant*>& registered() {
  static std::vector<plant*> plants;
  return plants;
}

}  // namespace

plant::plant(plant_definition definition) : definition_(definition) { registered().push_back(this); }

std::vector<plant*> all_plants() {
  auto plants = registered();
  std::sort(plants.begin(), plants.end(), [](plant* a, plant* b) { return a->definition().name < b->definition().name; });
  return plants;
}

plant* find_plant(std::string_view name) {
  for (auto* p : registered()) {
    if (p->definition().name == name) return p;
  }
  return nullptr;
}

}  // namespace roost
