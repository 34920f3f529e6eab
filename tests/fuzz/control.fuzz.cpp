// The bodies of the control plane: what is accepted can be said again, and is then accepted.

#include <roost/wire/control.hpp>

#include <memory>

#include "seeds.hpp"

using namespace roost::wire;

std::vector<std::byte> roost_fuzz_seed(std::uint64_t number) {
  roost::error why(roost::errc::actor_failed, "what", "where");
  why.cause = std::make_shared<roost::error const>(roost::errc::timeout, "cause");
  switch (number % 7) {
    case 0: {
      hello h;
      h.build = "build";
      h.cluster = "cluster";
      h.sender = {{number}, 1, 2};
      h.received = {number, number, 0, {{number + 2, number + 3}, {number + 5, number + 9}}};
      h.auth = auth_kind::token;
      h.proof.resize(number);
      return encode_body(h);
    }
    case 1: return encode_body(refusal{roost::errc::unauthenticated, "text", 1, 1, 1, 1});
    case 2: {
      spawn_order s;
      s.class_name = "Player";
      s.name = "team";
      s.extent = {{"node", 2}, {"gpu", number}};
      s.args.resize(number);
      return encode_body(control_body(s));
    }
    case 3: return encode_body(control_body(stop_order{number, why}));
    case 4: return encode_body(control_body(kill_order{number, {}}));
    case 5: return encode_body(control_body(status_notice{{{{1}, 2, 3}, number}, roost::errc::actor_failed, why}));
    default: return encode_body(told{{{number, why}, {number + 1, why}}});
  }
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const input = std::as_bytes(std::span(data, size));
  if (auto const got = decode_hello(input)) require(*decode_hello(encode_body(*got)) == *got);
  if (auto const got = decode_refusal(input)) require(*decode_refusal(encode_body(*got)) == *got);
  if (auto const got = decode_control(input)) require(decode_control(encode_body(*got)).has_value());
  if (auto const got = decode_told(input)) require(decode_told(encode_body(*got)).has_value());
  return 0;
}
