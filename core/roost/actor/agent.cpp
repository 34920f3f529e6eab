#include <roost/actor/agent.hpp>

namespace roost::detail {

error_body to_body(error const& e) {
  error_body body;
  for (auto const* link = &e; link != nullptr; link = link->cause.get()) {
    body.chain.push_back({static_cast<std::uint16_t>(link->code), link->what, link->where, link->simulated});
  }
  return body;
}

error from_body(error_body const& body) {
  std::shared_ptr<error const> cause;
  for (auto at = body.chain.rbegin(); at != body.chain.rend(); ++at) {
    auto const known = at->code <= static_cast<std::uint16_t>(errc::broken_invariant);
    auto link = std::make_shared<error>(known ? static_cast<errc>(at->code) : errc::unknown, at->what, at->where, cause);
    link->simulated = at->simulated;
    cause = std::move(link);
  }
  return cause ? *cause : error();
}

}  // namespace roost::detail
