// Records of live procs: what is accepted is written as a text that reads as the same, and can be merged.

#include <roost/sim/check/record.hpp>

#include <sstream>

#include "seeds.hpp"

using namespace roost::sim::check;

namespace {
std::string written(proc_record const& record) {
  std::ostringstream out;
  write_record(out, record);
  return out.str();
}
}  // namespace

std::vector<std::byte> roost_fuzz_seed(std::uint64_t number) {
  roost::proc_id const self{{1}, static_cast<std::uint32_t>(number % 3), 1};
  proc_record record{.file = {}, .proc = self, .seen = {}};
  for (std::uint64_t i = 0; i != 1 + number % 5; ++i) {
    observation seen;
    seen.what = static_cast<observed>((number + i) % 12);
    seen.flag = i % 2 == 0;
    seen.at = roost::instant(roost::nanoseconds(static_cast<std::int64_t>(i)));
    seen.actor = {self, i};
    seen.other = {{{2}, 1, 1}, number};
    seen.endpoint = {number};
    seen.stamp = {number, i};
    seen.text = "two \"words\"\nand a \\";
    record.seen.push_back(seen);
  }
  return bytes_of(written(record));
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const read = parse_record(text_of(data, size), "fuzzed.rec");
  if (!read) return 0;
  auto const text = written(*read);
  auto const again = parse_record(text, "fuzzed.rec");
  require(again.has_value() && written(*again) == text);
  require(merge({*read}).seen.size() == read->seen.size());
  return 0;
}
