// Runs a fuzz target without a fuzzing engine, under any compiler: a deterministic sequence of mutated inputs.
//
//     <target> [iterations] [seed]
//
// The inputs begin as what `roost_fuzz_seed` makes of a number, a valid encoding, and are then damaged, cut, grown and spliced.

#include <roost/base/keyed.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

#include "seeds.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace {

using bytes_of_input = std::vector<std::byte>;

constexpr std::uint8_t interesting[] = {0, 1, 2, 0x7f, 0x80, 0xff};

void mutate(bytes_of_input& input, roost::keyed_stream& random) {
  auto const at = random.below(input.size() + 1);
  switch (random.below(7)) {
    case 0:
      if (at < input.size()) input[at] ^= static_cast<std::byte>(1u << random.below(8));
      break;
    case 1:
      if (at < input.size()) input[at] = static_cast<std::byte>(random.below(256));
      break;
    case 2:
      if (at < input.size()) input[at] = static_cast<std::byte>(interesting[random.below(std::size(interesting))]);
      break;
    case 3: input.resize(at); break;
    case 4:
      input.insert(input.begin() + static_cast<std::ptrdiff_t>(at), random.below(16), static_cast<std::byte>(random.below(256)));
      break;
    case 5: {
      auto const count = random.below(input.size() - at + 1);
      input.erase(input.begin() + static_cast<std::ptrdiff_t>(at), input.begin() + static_cast<std::ptrdiff_t>(at + count));
      break;
    }
    default: {
      auto const other = roost_fuzz_seed(random.below(64));
      auto const from = random.below(other.size() + 1);
      input.resize(at);
      input.insert(input.end(), other.begin() + static_cast<std::ptrdiff_t>(from), other.end());
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t const iterations = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000;
  std::uint64_t const seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  for (std::uint64_t i = 0; i < iterations; ++i) {
    roost::keyed_stream random(seed, roost::draw_domain::workload, {i});
    auto input = roost_fuzz_seed(random.below(64));
    for (auto left = random.below(6); left > 0; --left) mutate(input, random);
    LLVMFuzzerTestOneInput(reinterpret_cast<std::uint8_t const*>(input.data()), input.size());
  }
  std::printf("%llu inputs from seed %llu\n", static_cast<unsigned long long>(iterations), static_cast<unsigned long long>(seed));
}
