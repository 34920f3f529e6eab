#pragma once
// A column of the conformance matrix: one transport, and how a row is run over it.

#include <tests/conformance/row.hpp>

#include <string_view>
#include <vector>

namespace roost::conformance {

/// Longest wait of a root for one thing; far above what anything takes on a loaded machine.
inline constexpr nanoseconds patience = std::chrono::seconds(60);

class adapter {
 public:
  virtual ~adapter() = default;
  virtual std::string_view name() const = 0;
  /// Why `what` cannot befall anybody over this transport; empty where it can.
  virtual std::string_view obstacle(deed what) const = 0;
  /// Runs the root's script with its peers to the end, in time `longest` for each of its waits.
  virtual outcome run(row const& what, nanoseconds longest) const = 0;

  /// The cell of a row: runs it where it applies.
  outcome cell(row const& what, nanoseconds longest = patience) const {
    if (what.needs && !obstacle(*what.needs).empty()) return {verdict::not_applicable, std::string(obstacle(*what.needs)), {}};
    return run(what, longest);
  }
};

/// The columns of this executable.
std::vector<adapter const*> const& adapters();
/// Gives true, and what main shall return in `code`, where this process is a peer, or a host agent, that an adapter exec'd.
bool run_as_peer(int argc, char** argv, int& code);

}  // namespace roost::conformance
