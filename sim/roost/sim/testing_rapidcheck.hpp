#pragma once
// RapidCheck for programs of actors: properties over drawn seeds and fault plans, which shrink to the faults that matter.

#include <roost/sim/testing.hpp>

#include <rapidcheck.h>

#include <cstdint>
#include <utility>

namespace roost::sim {

/// Fault plans as the scenario's own settings draw them (give it a `faults.mode` of swarm); shrunk by taking faults out.
inline rc::Gen<fault_plan> fault_plans(scenario what) {
  auto const whole = rc::gen::map(rc::gen::noShrink(rc::gen::arbitrary<std::uint64_t>()),
                                  [what = std::move(what)](std::uint64_t seed) { return draw_plan(what, seed); });
  return rc::gen::shrink(whole, [](fault_plan plan) { return rc::shrink::removeChunks(std::move(plan)); });
}

/// Draws a seed and a fault plan, and runs the program under them. Fails the property, with the promise and the plan, when one
/// breaks. Only inside `rc::check`. Gives the result, so that the property may ask for more.
inline run_result check_seeds(scenario const& what, proc_program& program) {
  run_options options;
  options.seed = *rc::gen::noShrink(rc::gen::arbitrary<std::uint64_t>());
  options.plan = *fault_plans(what);
  auto run_once = run(what, options, program);
  auto const text = test_failure(run_once, options.seed, "*", what);
  if (!text.empty()) RC_FAIL(text);
  return run_once;
}

}  // namespace roost::sim
