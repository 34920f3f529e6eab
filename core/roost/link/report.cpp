#include <roost/link/report.hpp>

#include <optional>
#include <string>

namespace roost::link {
namespace {

void put(std::vector<std::byte>& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<std::byte>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<std::byte>(value));
}

std::optional<std::uint64_t> take(std::span<std::byte const>& in) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 63; shift += 7) {
    if (in.empty()) return {};
    auto const byte = std::to_integer<std::uint64_t>(in.front());
    in = in.subspan(1);
    value |= (byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return {};
}

}  // namespace

shared_bytes encode_runs(std::span<fate_run const> runs) {
  ROOST_INVARIANT(runs.size() <= max_runs, std::to_string(runs.size()));
  std::vector<std::byte> out;
  out.reserve(2 + runs.size() * 4);
  put(out, runs.size());
  std::uint64_t next = 0;
  for (auto const& run : runs) {
    ROOST_INVARIANT(run.first >= next && run.count != 0, std::to_string(run.first));
    put(out, run.first - next);
    put(out, run.count);
    put(out, static_cast<std::uint64_t>(run.fate));
    next = run.first + run.count;
  }
  return shared_bytes(out);
}

result<std::vector<fate_run>> decode_runs(std::span<std::byte const> data) {
  constexpr std::uint64_t highest = std::uint64_t{1} << 62;
  auto const bad = [](char const* text) { return error(errc::bad_frame, text, "report of a session"); };
  auto const size = take(data);
  if (!size || *size > max_runs) return bad("the number of runs is missing or larger than 1024");
  std::vector<fate_run> runs;
  runs.reserve(static_cast<std::size_t>(*size));
  std::uint64_t next = 0;
  for (std::uint64_t i = 0; i != *size; ++i) {
    auto const gap = take(data);
    auto const count = take(data);
    auto const fate = take(data);
    if (!gap || !count || !fate) return bad("a run is cut short");
    if (*gap > highest - next || *count == 0 || *count > highest - next - *gap) return bad("a run is empty or out of range");
    if (*fate > static_cast<std::uint64_t>(errc::broken_invariant)) return bad("a run has an unknown fate");
    runs.push_back({next + *gap, *count, static_cast<errc>(*fate)});
    next += *gap + *count;
  }
  if (!data.empty()) return bad("bytes follow the last run");
  return runs;
}

}  // namespace roost::link
