#include <roost/wire/chain.hpp>

#include <roost/wire/detail/little_endian.hpp>

#include <string>

namespace roost::wire {
namespace {

error too_deep(std::size_t depth) {
  return {errc::too_deep,
          "the call chain has " + std::to_string(depth) + " callers, and its limit is " + std::to_string(max_chain),
          "call chain"};
}

}  // namespace

result<std::size_t> encode_chain(std::span<actor_id const> callers, std::span<std::byte> out) {
  if (callers.size() > max_chain) return too_deep(callers.size());
  if (out.size() < chain_size(callers.size())) {
    return error(
        errc::bad_argument,
        "the call chain needs " + std::to_string(chain_size(callers.size())) + " bytes, not " + std::to_string(out.size()),
        "call chain");
  }
  auto* p = out.data();
  for (auto const& id : callers) {
    detail::store(p, id.proc.host.value);
    detail::store(p + 8, id.proc.ordinal);
    detail::store(p + 12, id.proc.incarnation);
    detail::store(p + 16, id.local);
    p += chain_entry_size;
  }
  return chain_size(callers.size());
}

result<call_chain> decode_chain(std::span<std::byte const> trailer) {
  if (trailer.size() % chain_entry_size != 0) {
    return error(
        errc::bad_frame,
        "a call chain of " + std::to_string(trailer.size()) + " bytes is no multiple of " + std::to_string(chain_entry_size),
        "call chain");
  }
  auto const count = trailer.size() / chain_entry_size;
  if (count > max_chain) return too_deep(count);
  call_chain chain;
  chain.count = count;
  auto const* p = trailer.data();
  for (auto& id : std::span(chain.ids).first(count)) {
    id.proc.host.value = detail::load<std::uint64_t>(p);
    id.proc.ordinal = detail::load<std::uint32_t>(p + 8);
    id.proc.incarnation = detail::load<std::uint32_t>(p + 12);
    id.local = detail::load<std::uint64_t>(p + 16);
    p += chain_entry_size;
  }
  return chain;
}

}  // namespace roost::wire
