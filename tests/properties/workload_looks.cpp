// What the workload's actors see where they run: their context, the flight recorder, what their proc shares, and their own time.

#include <tests/properties/workload.hpp>
#include <tests/properties/workload_draw.hpp>

#include <roost/base/keyed.hpp>

#include <algorithm>

namespace roost::workload {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t most_starts = 64;

/// What the actors of a proc have together.
struct shelf {
  std::optional<proc_id> home;
  std::uint64_t count = 0;
  future<std::string> asked;
  actor_id opener;
  std::uint64_t level = 0;  ///< Of whom it was asked, where the call has no deadline; else 0.
};
proc_local<shelf> shared;

}  // namespace

void Peer::began(std::string_view endpoint) {
  starts_.push_back({here().caller(), endpoint});
  if (starts_.size() > most_starts) starts_.pop_front();
}

std::uint64_t Peer::open(letter const& l, std::string_view endpoint) {
  began(endpoint);
  auto const mine = std::find_if(l.slips.begin(), l.slips.end(), [&](slip const& s) { return s.to == self_; });
  always(mine != l.slips.end(), "G3 (workload): a letter reaches who it was written to");
  auto const number = mine == l.slips.end() ? 0 : mine->number;
  ledger::now().handled(self_, l.from, number, l.op, hash_text(l.text));
  judge_context(l, static_cast<std::size_t>(mine - l.slips.begin()));
  if (one_in(16)) judge_flight();
  return number;
}

void Peer::judge_context(letter const& l, std::size_t at) const {
  auto const now = here();
  always(now.caller() == l.from, "G3 (workload): a letter names its sender");
  always(now.self() == self_ && now.proc() == self_.proc && now.host() == self_.proc.host && now.name() == brief_.name,
         "workload: an actor knows who and where it is");
  auto const own = brief_.generation == 0 ? brief_.level >> 32U : 0;
  always(now.rank() == own, "G3 (workload): each rank is made from the value that was scattered to it");
  auto const cast = now.message_point();
  if (l.sizes.empty()) {
    always(cast == now.point(), "workload: what goes to one actor has that actor's place");
  } else {
    auto const sizes = cast.extent().sizes();
    always(now.message_rank() == at && std::equal(sizes.begin(), sizes.end(), l.sizes.begin(), l.sizes.end()),
           "workload: a message has its receiver's place in the slice that it was cast to");
    sometimes(now.message_rank() != now.rank(), "workload: a place in a slice is another than in the mesh");
  }
}

void Peer::judge_flight() const {
  auto const kept = here().recent();
  always(!kept.empty() && kept.back().sender == here().caller(), "G13 (workload): the flight recorder has the handler that runs");
  auto const* const limit = find_knob("actor.flight_entries");
  always(kept.size() <= static_cast<std::size_t>(current_platform()->knobs->get(*limit)),
         "G10 (workload): the flight recorder is bounded");
  instant last{};
  auto mine = starts_.rbegin();
  for (auto one = kept.rbegin(); one != kept.rend() && mine != starts_.rend(); ++one) {
    always(last == instant{} || one->at <= last, "G13 (workload): the flight recorder is in order");
    last = one->at;
    if (one->endpoint.empty()) continue;
    always(one->sender == mine->sender && one->endpoint.ends_with(mine->endpoint),
           "G13 (workload): the flight recorder has what an actor started last");
    ++mine;
  }
  sometimes(mine - starts_.rbegin() > 3, "workload: an actor looks at what it started last");
}

void Peer::share(std::uint32_t hops) {
  auto const own = brief_.level >> 32U;
  if (!shared->home) shared->home = here().proc();
  always(*shared->home == here().proc(), "workload: each proc has a value of its own");
  always(shared->count == ledger::now().count_in(here().proc()),
         "workload: what the actors of a proc share is what the last of them left");
  ++shared->count;
  auto const asked = shared->asked;
  if (asked.valid() && !asked.ready() && shared->opener != self_) {
    auto const opener = shared->opener;
    auto const answer = asked.wait(shared->level > own ? nanoseconds::max() : between(10us, 20ms));
    sometimes(answer.has_value(), "workload: a future that another actor opened gives its value");
    sometimes(!answer && !ledger::now().lives(opener), "workload: a future ends with the actor that opened it");
    return;
  }
  auto const at = random_below(all_.size());
  aim const whom{all_.at_rank(at), at > own && one_in(2) ? nanoseconds::max() : between(10us, 50ms)};
  auto const l = write(whom.to, deed::share, hops, true);
  future<std::string> mine;
  if (!send(l, [&] { mine = whom.to->ask.with(whom.timeout).call_one(l); })) return;
  expect(l.slips.front(), mine);
  shared->asked = mine;
  shared->opener = self_;
  shared->level = whom.free() ? at : 0;
}

void Peer::after_while(nanoseconds delay, std::function<void()> f) {
  auto const due = roost::now() + delay;
  ++awaited_reminders_;
  after(delay, [this, due, f = std::move(f)] {
    alone const here_only(exclusive_);
    --awaited_reminders_;
    always(roost::now() >= due, "G1 (workload): a delayed message does not come too early");
    always(left_at_ == never || due <= left_at_, "G7 (workload): no delayed message comes to who has stopped itself");
    f();
  });
}

void Peer::remind() {
  for (auto count = 1 + random_below(3); count != 0; --count) {
    after_while(between(1us, 5ms), [this] {
      sometimes(left_at_ != never, "workload: a delayed message that was due comes to who has stopped itself");
      report();
    });
  }
  if (one_in(8)) {
    try {
      every(0ns, [] {});
      always(false, "workload: a period of nothing is refused");
    } catch (exception const& e) {
      always(e.code() == errc::bad_argument, "workload: a period of nothing is refused");
    }
  }
}

}  // namespace roost::workload
