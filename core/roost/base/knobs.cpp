#include <roost/base/knobs.hpp>

#include <roost/base/keyed.hpp>

#include <algorithm>
#include <string>

namespace roost {
namespace {

std::vector<knob const*>& registered() {
  static std::vector<knob const*> knobs;
  return knobs;
}

}  // namespace

knob::knob(knob_definition definition) : definition_(definition) { registered().push_back(this); }

std::size_t knob::index() const noexcept {
  if (index_ == static_cast<std::size_t>(-1)) all_knobs();
  return index_;
}

std::vector<knob const*> const& all_knobs() {
  static std::vector<knob const*> const sorted = [] {
    auto knobs = registered();
    std::sort(knobs.begin(), knobs.end(),
              [](knob const* a, knob const* b) { return a->definition().name < b->definition().name; });
    for (std::size_t i = 0; i != knobs.size(); ++i) {
      auto const& definition = knobs[i]->definition();
      ROOST_INVARIANT(i == 0 || knobs[i - 1]->definition().name != definition.name, std::string(definition.name));
      ROOST_INVARIANT(definition.low <= definition.standard && definition.standard <= definition.high,
                      std::string(definition.name));
      knobs[i]->index_ = i;
    }
    return knobs;
  }();
  return sorted;
}

knob const* find_knob(std::string_view name) {
  auto const& knobs = all_knobs();
  auto const at = std::lower_bound(knobs.begin(), knobs.end(), name,
                                   [](knob const* k, std::string_view wanted) { return k->definition().name < wanted; });
  return at != knobs.end() && (*at)->definition().name == name ? *at : nullptr;
}

knob_values::knob_values() {
  values_.reserve(all_knobs().size());
  for (auto const* k : all_knobs()) values_.push_back(k->definition().standard);
}

result<void> knob_values::set(knob const& which, std::int64_t value) {
  auto const& definition = which.definition();
  if (value < definition.low || value > definition.high) {
    return error(errc::bad_argument, "knob " + std::string(definition.name) + " is " + std::to_string(value) + ", expected " +
                                         std::to_string(definition.low) + " to " + std::to_string(definition.high));
  }
  values_[which.index()] = value;
  return {};
}

knob_values knob_values::drawn(std::uint64_t seed) {
  knob_values values;
  for (auto const* k : all_knobs()) {
    auto const& definition = k->definition();
    keyed_stream draws(seed, draw_domain::knobs, child_key({}, "knob", definition.name));
    auto const choice = draws.below(4);
    auto const span = static_cast<std::uint64_t>(definition.high) - static_cast<std::uint64_t>(definition.low);
    std::int64_t value = definition.standard;
    if (choice == 1) value = definition.low + static_cast<std::int64_t>(draws.below(span / 64 + 2) % (span + 1));
    if (choice == 2) value = draws.between(definition.low, definition.high);
    values.values_[k->index()] = std::clamp(value, definition.low, definition.high);
  }
  return values;
}

}  // namespace roost
