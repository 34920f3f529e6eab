#include <roost/sim/target.hpp>

#include <algorithm>
#include <charconv>

namespace roost::sim {
namespace {

template <class Number>
bool take_number(std::string_view& text, Number& value) {
  auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

std::optional<target> parse_target(std::string_view name) {
  target found;
  if (name == "*") return found;
  if (!name.starts_with("host")) return std::nullopt;
  name.remove_prefix(4);
  if (!take_number(name, found.host.emplace())) return std::nullopt;
  if (name.empty()) return found;
  if (!name.starts_with("/p")) return std::nullopt;
  name.remove_prefix(2);
  if (!take_number(name, found.ordinal.emplace()) || !name.empty()) return std::nullopt;
  return found;
}

target_group::target_group(std::vector<target_name> const& names) {
  for (auto const& name : names) {
    if (auto const parsed = parse_target(name)) members_.push_back(*parsed);
  }
}

bool target_group::covers(proc_id id) const noexcept {
  return std::any_of(members_.begin(), members_.end(), [&](target const& each) { return each.covers(id); });
}

bool target_group::everyone() const noexcept {
  return std::any_of(members_.begin(), members_.end(), [](target const& each) { return !each.host && !each.ordinal; });
}

}  // namespace roost::sim
