#include <tests/conformance/session_end.hpp>

namespace roost::conformance {
namespace {

constexpr std::uint64_t sender = 7;
constexpr std::uint64_t receiver = 9;

}  // namespace

session_end::session_end(stage& s, platform& seams, link::identity who, bool handles)
    : where_(s), handles_(handles), table(seams, std::move(who), *this) {}

session_end::session_end(stage& s) : session_end(s, s.seams, identity_of(s), true) {}

link::identity session_end::identity_of(stage const& s) {
  return {.self = s.self, .cluster = "conformance", .build = "one", .token = "t"};
}

link::admission session_end::try_send(proc_id to, std::uint64_t number, shared_bytes const& content) {
  link::outgoing message;
  message.header.sender = sender;
  message.header.receiver = receiver;
  message.header.stamp_low = number;
  message.body = wire::frame_draft::of(content.view());
  return table.send(to, std::move(message), &refusal);
}

void session_end::deliver(link::incoming&& message) {
  if (handles_) table.handled(message.from, message.epoch, message.number);
  delivered_.push_back(std::move(message));
  where_.wake();
}

void session_end::told(link::receipt const& r) {
  receipts.push_back(r);
  where_.wake();
}

void session_end::session_lost(proc_id peer, error why) {
  losses[peer] = std::move(why);
  where_.wake();
}

}  // namespace roost::conformance
