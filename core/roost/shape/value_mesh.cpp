#include <roost/shape/value_mesh.hpp>

#include <roost/base/plant.hpp>

namespace roost::detail {
namespace {

ROOST_DEFINE_PLANT(plant_value_shifted, "value-off-by-one", "G3",
                   "A rank of a value mesh has the value of the rank before it: scattered arguments and answers go astray.");

}  // namespace

std::size_t run_of_rank(std::span<std::uint64_t const> ends, std::uint64_t rank) noexcept {
  if (ROOST_PLANT(plant_value_shifted) && rank != 0) --rank;
  if (ends.empty()) return static_cast<std::size_t>(rank);
  return static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), rank) - ends.begin());
}

}  // namespace roost::detail
