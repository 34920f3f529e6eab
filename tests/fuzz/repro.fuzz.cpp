// Repro files and lines: what is accepted is written as a text that reads as the same.

#include <roost/sim/fault_text.hpp>
#include <roost/sim/repro.hpp>

#include "seeds.hpp"

std::vector<std::byte> roost_fuzz_seed(std::uint64_t number) {
  if (number % 4 == 0) return bytes_of(to_string(roost::sim::repro_line{"scenarios/a:b", number, 0x1a2b3c}));
  roost::sim::repro_file file;
  file.scenario_file = "scenarios/a \"quoted\" name.toml";
  file.scenario_text = "name = \"x\"\n# back\\slash, tab\t, \"\"\"three\"\"\"\r\nargv = ['a']\n";
  file.seed = number;
  file.settings = {"topology.hosts=3"};
  if (number % 2 == 0) file.plants = {"ack-before-custody"};
  file.build = "0.1.0";
  file.outcome = roost::sim::verdict::violated;
  file.promise = "G2";
  file.what = "seq 41 before seq 40";
  file.event = number;
  file.digest = {number, 2};
  file.plan = {*roost::sim::parse_fault("partition host0 | host1 at 10s for 3s pinned")};
  return bytes_of(write_repro(file));
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const text = text_of(data, size);
  if (auto const line = roost::sim::parse_repro_line(text)) require(*roost::sim::parse_repro_line(to_string(*line)) == *line);
  if (auto const read = roost::sim::read_repro(text, "fuzzed.repro")) {
    auto const written = write_repro(*read);
    auto const again = roost::sim::read_repro(written, "fuzzed.repro");
    require(again.has_value() && write_repro(*again) == written);
  }
  return 0;
}
