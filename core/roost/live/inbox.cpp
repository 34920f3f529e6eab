#include <roost/live/inbox.hpp>

#include <roost/base/plant.hpp>

#include <algorithm>
#include <utility>

namespace roost {
namespace {

ROOST_DEFINE_PLANT(plant_told_backwards, "told-backwards", "G2",
                   "What a stand-in had to tell the actors they are told from the last to the first.");

}  // namespace

void inbox::push(unique_function<void()> task) {
  {
    std::lock_guard const lock(changing_);
    tasks_.push_back(std::move(task));
    has_tasks_.store(true);
  }
  loop_.notify();
}

bool inbox::run() {
  if (empty()) return false;
  std::vector<unique_function<void()>> taken;
  {
    std::lock_guard const lock(changing_);
    taken.swap(tasks_);
    has_tasks_.store(false);
  }
  if (ROOST_PLANT(plant_told_backwards)) std::reverse(taken.begin(), taken.end());
  for (auto& each : taken) each();
  return !taken.empty();
}

void inbox::clear() {
  std::vector<unique_function<void()>> dropped;
  std::lock_guard const lock(changing_);
  dropped.swap(tasks_);
  has_tasks_.store(false);
}

}  // namespace roost
