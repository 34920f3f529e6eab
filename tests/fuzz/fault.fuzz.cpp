// The text of a fault: what is accepted prints as a text that reads as the same fault.

#include <roost/sim/fault_text.hpp>

#include "seeds.hpp"

std::vector<std::byte> roost_fuzz_seed(std::uint64_t number) {
  using namespace std::chrono_literals;
  roost::sim::fault_operation fault;
  fault.kind = static_cast<roost::sim::fault_kind>(number % roost::sim::fault_names.size());
  fault.at = roost::instant(1ms * static_cast<std::int64_t>(number));
  fault.group_a = {"host0", "host1/p2"};
  if (number % 2 == 0) fault.group_b = {"*"};
  if (number % 3 == 0) fault.duration = 3s;
  if (number % 5 == 0) {
    fault.trigger_endpoint = "Player.ping";
    fault.after_count = number;
  }
  fault.factor_percent = static_cast<std::uint32_t>(100 + number);
  fault.loss_ppm = static_cast<std::uint32_t>(number);
  fault.pinned = number % 7 == 0;
  return bytes_of(to_string(fault));
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const read = roost::sim::parse_fault(text_of(data, size));
  if (!read) return 0;
  auto const text = to_string(*read);
  auto const again = roost::sim::parse_fault(text);
  require(again.has_value() && to_string(*again) == text);
  return 0;
}
