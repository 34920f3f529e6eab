#pragma once
// One row of the conformance matrix: what is done and what must be seen, written once for every transport.

#include <roost/base/units.hpp>
#include <tests/conformance/script.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace roost::conformance {

class stage;

/// What befalls procs or their connections and is no call of any seam: each surroundings has its own way to do it, or none.
enum class deed : std::uint8_t {
  // A peer does it to itself.
  stand_still,     ///< It runs no more until it is let go, and its connections stay.
  stand_for_good,  ///< It runs no more and is killed as it stands.
  scribble,        ///< It overwrites the memory through which it and others exchange frames, and rings all bells.
  // The root has it done.
  reset,      ///< Its connections to peers are gone at both ends.
  cut,        ///< Nothing arrives between it and its peers, and nobody is told.
  damage,     ///< Bits of frames flip under way.
  lose_host,  ///< The whole host of its peers is gone, agent and all.
};
inline constexpr std::size_t deed_count = 7;
std::string_view to_string(deed what) noexcept;

/// What the knobs are set to for a row. 0: their standard.
struct limits {
  std::size_t max_frame = 0;  ///< `largest_frame`: as large as the transport's knob allows.
  std::size_t under_way = 0;  ///< Bytes that a channel takes before it is full.
  nanoseconds path_bound{};   ///< Of sessions.
};
inline constexpr std::size_t largest_frame = ~std::size_t{0};

struct row {
  std::string_view name;
  std::string_view done;  ///< What is done, in words of the documentation.
  std::string_view seen;  ///< What must be seen, and by whom.
  script (*root)(stage&);
  std::optional<deed> needs = {};
  roost::conformance::limits limits = {};
};

/// All rows, in the order of the matrix.
std::vector<row> const& rows();
row const* find_row(std::string_view name);

// The parts of `rows`.
std::vector<row> frame_rows();
std::vector<row> ending_rows();
std::vector<row> session_rows();

/// What procs do that a root launched, by the word it launched them with; null for a word that names nothing.
using role = script (*)(stage&);
role find_role(std::string_view word);
role find_session_role(std::string_view word);

enum class verdict : std::uint8_t { passes, fails, not_applicable };
std::string_view to_string(verdict what) noexcept;

/// One cell of the matrix.
struct outcome {
  verdict what = verdict::fails;
  std::string text = "the root never came to its end";  ///< Why it fails, or the fact for which it does not apply.
  std::optional<nanoseconds> delay = {};                ///< From the cause to its report, where the row measures one.
};

}  // namespace roost::conformance
