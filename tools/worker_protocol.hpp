#pragma once
// What a command and its worker processes say to each other: one JSON object a line. First a simulation, then a job and its
// outcome in turn.

#include <tools/simulation.hpp>

#include <string>
#include <string_view>

namespace roost::tools {

std::string encode(simulation const& what);
std::string encode(job const& what);
std::string encode(outcome const& what);

/// Inverses of `encode`. Errors: `errc::bad_argument`.
result<simulation> decode_simulation(std::string_view line);
result<job> decode_job(std::string_view line);
result<outcome> decode_outcome(std::string_view line);

}  // namespace roost::tools
