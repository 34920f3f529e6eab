#pragma once
// Programs on live procs of the test's own process.

#include <roost/roost.hpp>
#include <roost/transports/local.hpp>

#include <string>
#include <utility>

/// Runs it to its end, and says why it failed; empty: it did not. Of the log only failures are written.
inline std::string run_on_loopback(roost::controller controller) {
  roost::program what(std::move(controller));
  auto const why = roost::run_local(what, {.transport = roost::local_transport::loopback,
                                           .arguments = {},
                                           .catch_signals = false,
                                           .prepare = [](roost::live_options& proc) { proc.least = roost::log_level::failure; }});
  return why ? why.describe() : "";
}
