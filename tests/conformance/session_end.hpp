#pragma once
// The sessions of one proc of a row, and what they were told.

#include <roost/link/session_table.hpp>
#include <tests/conformance/peers.hpp>

#include <deque>
#include <map>
#include <string>
#include <vector>

namespace roost::conformance {

/// Hears of the seams in the place of its stage, which it wakes. Every message counts as handled when it arrives, unless
/// `handles` is false: then none ever does.
class session_end final : public link::session_events {
 public:
  session_end(stage& s, platform& seams, link::identity who, bool handles);
  explicit session_end(stage& s);
  /// As a proc of the one cluster that all rows have.
  static link::identity identity_of(stage const& s);

  /// Sends a message of that number and content from the one sender here to the one receiver there, when there is credit.
  auto send(proc_id to, std::uint64_t number, shared_bytes content) {
    return where_.until("credit", [this, to, number, content = std::move(content)]() -> std::optional<link::admission> {
      auto const done = try_send(to, number, content);
      return done == link::admission::no_credit ? std::nullopt : std::optional(done);
    });
  }
  auto receive() {
    return where_.until("a message", [this]() -> std::optional<link::incoming> {
      if (delivered_.empty()) return std::nullopt;
      auto first = std::move(delivered_.front());
      delivered_.pop_front();
      return first;
    });
  }
  auto lost(proc_id peer) {
    return where_.until("a session to be told lost", [this, peer] { return losses.contains(peer); });
  }
  /// The `count`th receipt is there.
  auto told(std::size_t count) {
    return where_.until("a receipt", [this, count] { return receipts.size() >= count; });
  }

  std::vector<link::receipt> receipts;
  std::map<proc_id, error> losses;
  error refusal;  ///< Of the last `send` that was refused.

 private:
  link::admission try_send(proc_id to, std::uint64_t number, shared_bytes const& content);
  void deliver(link::incoming&& message) override;
  void told(link::receipt const& r) override;
  void room(std::uint64_t, actor_id) override { where_.wake(); }
  void control(proc_id, std::uint16_t, shared_bytes) override {}
  void session_lost(proc_id peer, error why) override;
  void suspected(proc_id, bool) override {}

  stage& where_;
  bool handles_;
  std::deque<link::incoming> delivered_;

 public:
  link::session_table table;
};

}  // namespace roost::conformance
