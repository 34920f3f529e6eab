#include <tests/conformance/local.hpp>

#include <string_view>

namespace roost::conformance {
namespace {

void set(knob_values& knobs, std::string_view name, std::size_t value) {
  if (value == 0) return;
  knob const* const which = find_knob(name);
  ROOST_INVARIANT(which != nullptr, "there is no knob " + std::string(name));
  auto const most = which->definition().high;
  knobs.set(*which, value == largest_frame ? most : static_cast<std::int64_t>(value)).value();
}

}  // namespace

knob_values local_knobs(limits const& wanted) {
  knob_values knobs;
  set(knobs, "transport.local_max_frame", wanted.max_frame);
  set(knobs, "loopback.queue_bytes", wanted.under_way);
  set(knobs, "shm.ring_bytes", wanted.under_way);
  set(knobs, "link.path_bound", static_cast<std::size_t>(wanted.path_bound.count()));
  return knobs;
}

std::vector<adapter const*> const& adapters() {
  static std::vector<adapter const*> const all{&loopback_adapter(), &shm_adapter()};
  return all;
}

}  // namespace roost::conformance
