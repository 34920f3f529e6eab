#pragma once
// A child process without an exec, for what may end badly.

#include <functional>
#include <optional>
#include <string>
#include <sys/types.h>

namespace roost::tools {

/// Runs `body` in a forked child and gives what it returned, of at most some thousand bytes. Nothing where there can be no child,
/// or where it died; `died_by` is then the number of the signal, 0 where it was none.
std::optional<std::string> in_child(std::function<std::string()> const& body, int* died_by = nullptr);

}  // namespace roost::tools
