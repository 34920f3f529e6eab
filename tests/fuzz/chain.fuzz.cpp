// The call-chain trailer: what is accepted encodes to the same bytes.

#include <roost/wire/chain.hpp>

#include <algorithm>

#include "seeds.hpp"

using namespace roost::wire;

std::vector<std::byte> roost_fuzz_seed(std::uint64_t number) {
  std::vector<roost::actor_id> const callers(number % (max_chain + 1), {{{number}, 1, 2}, number});
  std::vector<std::byte> trailer(chain_size(callers.size()));
  require(encode_chain(callers, trailer).has_value());
  return trailer;
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const input = std::as_bytes(std::span(data, size));
  auto const got = decode_chain(input);
  if (!got) return 0;
  std::vector<std::byte> again(size);
  require(*encode_chain(got->view(), again) == size && std::ranges::equal(again, input));
  return 0;
}
