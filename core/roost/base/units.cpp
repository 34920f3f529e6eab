#include <roost/base/units.hpp>

#include <array>

namespace roost {
namespace {

/// `count` / `unit` as decimal digits without trailing zeros; `unit` is a power of ten.
std::string decimal(std::uint64_t count, std::uint64_t unit) {
  std::string text = std::to_string(count / unit);
  std::uint64_t rest = count % unit;
  if (rest == 0) return text;
  std::string digits = std::to_string(unit + rest).substr(1);
  while (digits.back() == '0') digits.pop_back();
  return text + "." + digits;
}

}  // namespace

std::string to_string(nanoseconds duration) {
  struct step {
    std::uint64_t unit;
    char const* name;
  };
  constexpr std::array steps{step{1'000'000'000, "s"}, step{1'000'000, "ms"}, step{1'000, "us"}, step{1, "ns"}};
  auto const count = duration.count();
  if (count == 0) return "0s";
  auto const magnitude = count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
  for (auto const& [unit, name] : steps) {
    if (magnitude >= unit) return (count < 0 ? "-" : "") + decimal(magnitude, unit) + name;
  }
  return "0s";
}

std::string to_string(instant when) { return when == never ? "never" : to_string(when.time_since_epoch()); }

std::string to_string(bytes size) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  auto value = size.value;
  while (unit + 1 < units.size() && value != 0 && value % 1024 == 0) {
    value /= 1024;
    ++unit;
  }
  return std::to_string(value) + units[unit];
}

}  // namespace roost
