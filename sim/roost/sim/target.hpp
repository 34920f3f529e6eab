#pragma once
// Target names of fault plans and link rules, resolved: "*", "host0", "host0/p1".

#include <roost/base/ids.hpp>
#include <roost/sim/fault_plan.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace roost::sim {

/// One target. Hosts are numbered from 0 and keep their number as `host_id`.
struct target {
  std::optional<std::uint64_t> host;     ///< Empty: every host.
  std::optional<std::uint32_t> ordinal;  ///< Empty: every proc of the host.

  bool covers(proc_id id) const noexcept { return (!host || *host == id.host.value) && (!ordinal || *ordinal == id.ordinal); }
  auto operator<=>(target const&) const = default;
};

/// Whether somebody may be of both.
inline bool overlap(target const& a, target const& b) noexcept {
  return a.host == b.host && (!a.ordinal || !b.ordinal || a.ordinal == b.ordinal);
}

/// Empty when `name` is no target name.
std::optional<target> parse_target(std::string_view name);

/// A group of targets; names that are none are left out.
class target_group {
 public:
  target_group() = default;
  explicit target_group(std::vector<target_name> const& names);
  bool empty() const noexcept { return members_.empty(); }
  bool covers(proc_id id) const noexcept;
  /// One of its members is "*".
  bool everyone() const noexcept;
  std::vector<target> const& members() const noexcept { return members_; }

 private:
  std::vector<target> members_;
};

/// Both groups of an operation. An empty first group is everyone; an empty second group is everyone else, or everyone where the
/// first is.
struct target_pair {
  target_group a;
  target_group b;

  explicit target_pair(fault_operation const& operation) : a(operation.group_a), b(operation.group_b) {}
  bool in_a(proc_id id) const noexcept { return a.empty() || a.covers(id); }
  bool in_b(proc_id id) const noexcept { return b.empty() ? a.empty() || a.everyone() || !a.covers(id) : b.covers(id); }
  /// `from` is in the first group and `to` in the second.
  bool from_a_to_b(proc_id from, proc_id to) const noexcept { return in_a(from) && in_b(to); }
  bool between(proc_id one, proc_id other) const noexcept { return from_a_to_b(one, other) || from_a_to_b(other, one); }
};

}  // namespace roost::sim
