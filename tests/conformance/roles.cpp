// What the peers of the rows do.

#include <tests/conformance/peers.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace roost::conformance {
namespace {

script echoes(stage& s) {
  for (;;) {
    auto const got = co_await s.receive_any();
    co_await s.send(got.from, got.frame);
  }
}

/// Does what short frames say that begin with `order_mark`; answers all others with their digest.
script obeys(stage& s) {
  for (;;) {
    auto const got = co_await s.receive_any();
    auto const said = got.frame.size() > 64 ? std::string() : text_of(got.frame);
    if (!said.starts_with(order_mark)) {
      co_await s.send(got.from, text(digest_of(got.frame)));
      continue;
    }
    auto const order = said.substr(order_mark.size());
    if (order == "hang_up") {
      s.bytes().close(got.from);
      s.channels.erase(got.from);
    } else if (order == "await_closed") {
      co_await s.until("a channel to be told closed", [&s] {
        return std::any_of(s.channels.begin(), s.channels.end(), [](auto const& each) { return each.second.closed; });
      });
      co_await s.send(got.from, text("closed"));
    } else if (auto const peer = parse_proc_id(order)) {
      auto const c = s.bytes().connect(*peer);
      co_await s.opened(c);
      co_await s.send(c, filled(100, c));
      auto const answer = co_await s.receive(c);
      co_await s.send(got.from, text(text_of(answer.frame) == digest_of(filled(100, c)) ? "met" : "not met"));
    } else if (auto const what = deed_of(order)) {
      auto process = std::to_string(s.world.process());
      process.resize(steady_size, ' ');
      co_await s.send(got.from, text(process));
      s.world.strike(*what, s);
    }
  }
}

script calls_root(stage& s) {
  auto const c = s.bytes().connect(root_id);
  co_await s.opened(c);
  co_await s.send(c, text("from peer"));
  s.script_after(obeys);
}

/// Numbered frames without end to whoever connects.
script floods(stage& s) {
  auto const c = co_await s.met(root_id);
  for (std::uint64_t i = 0;; ++i) {
    if (co_await s.send(c, flooded(i)) == send_status::closed) break;
    if (i % 64 == 0) co_await s.next_turn();
  }
}

/// So many frames of one size that every place of a small ring has held one, then does as it is told.
script fills_then_obeys(stage& s) {
  auto const c = co_await s.met(root_id);
  for (std::uint64_t i = 0; i != steady_frames; ++i) co_await s.send(c, filled(steady_size, i));
  s.script_after(obeys);
}

}  // namespace

std::optional<deed> deed_of(std::string_view word) {
  for (std::size_t i = 0; i != deed_count; ++i) {
    if (word == to_string(static_cast<deed>(i))) return static_cast<deed>(i);
  }
  return std::nullopt;
}

shared_bytes flooded(std::uint64_t number) { return filled(number * 37 % 5000, number); }

role find_role(std::string_view word) {
  static constexpr std::array<std::pair<std::string_view, role>, 5> frames{{{"echoes", echoes},
                                                                            {"obeys", obeys},
                                                                            {"calls root", calls_root},
                                                                            {"floods", floods},
                                                                            {"fills, then obeys", fills_then_obeys}}};
  for (auto const& [name, play] : frames) {
    if (name == word) return play;
  }
  return find_session_role(word);
}

}  // namespace roost::conformance
