// Scenario files and the settings put over them: any text is a scenario, or its mistakes are said with their places.

#include <roost/sim/scenario_file.hpp>

#include "seeds.hpp"

std::vector<std::byte> roost_fuzz_seed(std::uint64_t number) {
  std::string text = R"(schema = 1
name = "sample"
argv = ["a", "b"]
[topology]
hosts = 3
dims = { host = 3, gpu = 4 }
[time]
limit = "120s"
[net.default]
latency = { dist = "lognormal", p50 = "50us", p99 = "500us" }
loss = 0.001
)";
  if (number % 2 == 0)
    text += "[[net.link]]\nbetween = [\"host0\", \"host1\"]\nlatency = { dist = \"constant\", value = \"1ms\" }\n";
  if (number % 3 == 0)
    text += "[faults]\nmode = \"swarm\"\nreset = { rate = \"1/8ms\" }\nkill_proc = { rate = \"1/60ms\", max = 2 }\n";
  if (number % 3 == 0) text += "[[event]]\nat = \"1s\"\ndo = \"kill_proc\"\ntarget = \"proc(gpu = 1)\"\n";
  if (number % 5 == 0) text += "[[event]]\nat = \"1s\"\ndo = \"partition\"\nbetween = [\"host0\", \"host1\"]\nfor = \"1s\"\n";
  if (number % 7 == 0) text += "[knobs]\nsim.local_latency = \"1us\"\n[check]\nsometimes = [\"it happens\"]\n";
  return bytes_of(text);
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const text = text_of(data, size);
  auto const read = roost::sim::read_scenario(text, "fuzzed.toml");
  if (!read) {
    require(read.failure().code == roost::errc::bad_scenario && read.failure().where.starts_with("fuzzed.toml:"));
    require(!roost::sim::mistakes(read.failure()).empty());
  }
  std::vector<std::string> const settings{std::string(text)};
  static_cast<void>(roost::sim::read_scenario("", "empty.toml", {.settings = settings}));
  return 0;
}
