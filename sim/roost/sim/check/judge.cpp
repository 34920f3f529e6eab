#include <roost/sim/check/facts.hpp>
#include <roost/sim/check/g10_bounded.hpp>
#include <roost/sim/check/g1_sequential.hpp>
#include <roost/sim/check/g2_fifo.hpp>
#include <roost/sim/check/g3_handled_or_told.hpp>
#include <roost/sim/check/g4_no_hang.hpp>
#include <roost/sim/check/g7_ownership.hpp>
#include <roost/sim/check/g8_supervision.hpp>
#include <roost/sim/check/judge.hpp>

#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace roost::sim::check {

static_assert(observed_kinds <= 64, "kinds of observations are kept as bits");

struct judge::state {
  explicit state(judge_settings const& settings)
      : checkers(g1_sequential(), g3_handled_or_told(settings.simulated, settings.detection_bound), g2_fifo(),
                 g4_no_hang(settings.detection_bound, settings.settle_limit, settings.hop_slack, settings.cleanup_bound),
                 g7_ownership(settings.orphan_bound, settings.detection_bound, settings.cleanup_bound),
                 g8_supervision(settings.detection_bound, settings.cleanup_bound, settings.calm),
                 g10_bounded(settings.credit_messages, settings.credit_bytes)) {}

  /// Shows the scene to those checkers that ask for its kind.
  template <observed Kind>
  static void show(state& self, scene const& at) {
    if constexpr (Kind == observed::handler_started || Kind == observed::wait_ended) {
      if (at.seen.at >= self.next_look) self.look(at);
    }
    auto const ask = [&](auto& checker) {
      if constexpr ((std::remove_reference_t<decltype(checker)>::sees & kinds(Kind)) != 0) {
        checker.see(at, self.known, self.found);
      }
    };
    std::apply([&](auto&... checker) { (ask(checker), ...); }, self.checkers);
  }
  template <std::size_t... Kinds>
  static constexpr auto shows(std::index_sequence<Kinds...>) {
    return std::array<void (*)(state&, scene const&), sizeof...(Kinds)>{&show<static_cast<observed>(Kinds)>...};
  }

  void look(scene const& at) {
    next_look = at.seen.at + between_looks;
    std::get<g3_handled_or_told>(checkers).look(at, known, found);
    std::get<g4_no_hang>(checkers).look(at, known, found);
    std::get<g7_ownership>(checkers).look(at, known, found);
  }

  static constexpr nanoseconds between_looks = std::chrono::milliseconds(250);

  facts known;
  findings found;
  instant next_look{};
  std::tuple<g1_sequential, g3_handled_or_told, g2_fifo, g4_no_hang, g7_ownership, g8_supervision, g10_bounded> checkers;
  std::uint64_t messages = 0;
};

judge::judge(judge_settings settings) : state_(std::make_unique<state>(settings)) {}
judge::~judge() = default;
judge::judge(judge&&) noexcept = default;
judge& judge::operator=(judge&&) noexcept = default;

void judge::see(observation const& seen) {
  state& s = *state_;
  scene const at = s.known.enter(seen);
  if (at.actor != nobody && s.known.actor(at.actor).state == life::lost) {
    std::get<g1_sequential>(s.checkers).see_lost(at, s.known, s.found);
  } else {
    static constexpr auto shows = state::shows(std::make_index_sequence<observed_kinds>());
    shows[static_cast<std::size_t>(seen.what)](s, at);
  }
  if (seen.what == observed::handler_started && seen.stamp != message_stamp{}) ++s.messages;
  s.known.leave(at);
}

void judge::finish() {
  state& s = *state_;
  std::apply([&](auto&... checker) { (checker.finish(s.known, s.found), ...); }, s.checkers);
}

std::vector<violation> const& judge::violations() const noexcept { return state_->found.all(); }
std::string judge::wait_graph() const { return std::get<g4_no_hang>(state_->checkers).graph(state_->known); }
bool judge::wants_stop() const noexcept { return !state_->found.all().empty(); }
std::uint64_t judge::messages() const noexcept { return state_->messages; }

}  // namespace roost::sim::check
