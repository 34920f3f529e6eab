// Children of the workload's actors, those that they watch, and how they end.

#include <tests/properties/workload.hpp>
#include <tests/properties/workload_draw.hpp>

#include <algorithm>
#include <stdexcept>

namespace roost::workload {

using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t most_generations = 2;
constexpr std::size_t most_children = 3;
constexpr std::size_t most_gone = 4;

}  // namespace

void Peer::act_family(deed what, std::uint32_t hops) {
  if (what == deed::leave) return leave(hops);
  if (what == deed::haunt) return haunt(hops);
  if (what == deed::bear) {
    auto const where = one_in(2) ? here().proc() : procs_.id(random_below(procs_.size()));
    return bear(proc_mesh({where}, region(extent())));
  }
  if (children_.empty()) return;
  if (what == deed::end_child) return end_child();
  auto const child = children_[random_below(children_.size())];
  if (one_in(3)) {
    look_after(child.id(), true);
  } else {
    look_after(one_in(2) ? child.id() : all_.id(random_below(all_.size())), false);
  }
}

void Peer::bear(proc_mesh const& place) {
  if (children_.size() >= most_children || brief_.generation >= most_generations) return;
  brief child = brief_;
  child.owner = self_;
  child.generation = brief_.generation + 1;
  child.level = brief_.level + ((children_.size() + 1) << (8U * (2U - brief_.generation)));
  child.steps = static_cast<std::uint32_t>(random_below(brief_.steps + 1));
  child.stillborn = one_in(8);
  child.launching = false;
  child.name = "child" + std::to_string(brief_.generation);
  peers born;
  if (one_in(4)) {
    auto const loner = place.spawn<Loner>(child.name, child);
    loner->stay.broadcast();
    born = peers(loner.reference());
  } else if (place.id(0) == here().proc()) {
    born = spawn<Peer>(child.name, child);
  } else {
    born = place.spawn<Peer>(child.name, child);
  }
  born->meet.broadcast(all_, procs_);
  children_.push_back(born);
  if (one_in(2)) look_after(born.id(), false);
}

void Peer::end_child() {
  auto const at = random_below(children_.size());
  auto const child = children_[at];
  auto [none, values] = channel<parcel>();
  values.link(child.id());
  if (one_in(2)) {
    child.stop();
  } else {
    // Who kills what it is linked to fails with it.
    if (one_in(4)) look_after(child.id(), true);
    child.kill();
  }
  if (one_in(2)) children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(at));
  if (!one_in(2)) return;
  try {
    (void)values.recv();
    always(false, "G4 (workload): a receiver ends with the actor that it is linked to");
  } catch (exception const& e) {
    sometimes(e.code() == errc::actor_stopped, "workload: a receive without a deadline ends with who was stopped");
    sometimes(e.code() == errc::actor_killed, "workload: a receive without a deadline ends with who was killed");
    always(e.code() != errc::unbounded_wait, "G4 (workload): a linked receiver may wait without a deadline");
  }
}

void Peer::haunt(std::uint32_t hops) {
  if (gone_.empty()) return;
  auto const who = gone_[random_below(gone_.size())];
  auto const l = write(who, deed::haunt, hops, true);
  future<std::string> asked;
  if (!send(l, [&] { asked = who->ask.with(between(1ms, 50ms)).call_one(l); })) return;
  expect(l.slips.front(), asked);
  auto const answer = asked.wait();
  always(!answer, "G3 (workload): who has ended answers nothing");
  sometimes(!answer && answer.failure().code != errc::timeout, "workload: who asks somebody who has ended is told");
  if (one_in(2)) look_after(who.id(), false);
  if (one_in(4)) roost::kill(who.id());
}

void Peer::leave(std::uint32_t hops) {
  if (!one_in(4)) return;
  auto const own = brief_.level >> 32U;
  if (brief_.generation == 0 && all_.id(own) == self_) {
    for (auto count = random_below(4); count != 0; --count) {
      auto const l = write(all_.at_rank(own), deed::leave, hops, false);
      bool room = false;
      if (!send(l, [&] { room = all_.at_rank(own)->note.try_broadcast(l); })) return;
      if (!room) {
        ledger::now().told(self_, l.slips.front(), errc::not_handled);
        break;
      }
      ++owed_;
    }
  }
  stop_self();
  left_at_ = roost::now();
  after(1us, [] { always(false, "G7 (workload): no delayed message comes to who has stopped itself"); });
  sometimes(true, "workload: an actor stops itself");
  if (one_in(2)) sleep(between(1us, 1ms));
}

void Peer::look_after(actor_id who, bool linked) {
  if (linked) linked_.insert(who);
  watched_.insert(who);
  if (linked) {
    link_to(who);
  } else {
    watch(who);
  }
}

void Peer::judge_cause(failure const& f) {
  auto const known = ledger::now().first_cause(f.actor());
  auto const code = f.why().code;
  if (known.empty() || (code != errc::actor_failed && code != errc::actor_killed)) return;
  always(f.why().describe().find(known) != std::string::npos, "G8 (workload): an owner is told the first cause of a failure");
}

bool Peer::supervise(failure const& f) {
  sometimes(true, "workload: a child fails");
  judge_cause(f);
  auto const lost = std::find_if(children_.begin(), children_.end(), [&](peers const& child) { return child.id() == f.actor(); });
  if (lost != children_.end() && one_in(4)) {
    lost->respawn(0);
    (*lost)->meet.broadcast(all_, procs_);
  }
  if (one_in(3)) sleep(between(1us, 200us));
  auto const drawn = random_below(8);
  if (drawn > 1) return true;
  unhandled_ = f.why().what;
  if (drawn == 0) throw std::runtime_error("cannot cope");
  return false;
}

void Peer::cleanup(error const* why) {
  if (why == nullptr) {
    ledger::now().stopped(self_);
    always(owed_ == 0 || refused_itself_, "G3 (workload): who stops itself handles first what is in its mailbox");
  } else {
    ledger::now().fell(self_, *why);
  }
  bool const explained = unhandled_.empty() || (why != nullptr && why->describe().find(unhandled_) != std::string::npos);
  always(explained, "G8 (workload): who does not cope with a failure ends because of it");
  sometimes(!unhandled_.empty() && brief_.generation != 0, "workload: a failure climbs");
  if (one_in(2)) sleep(between(1us, 300us));
  if (all_.valid() && one_in(3)) {
    try {
      act(deed::ask_in_time, most_hops);
    } catch (exception const&) {
    }
  }
  if (!one_in(64) || !ledger::now().one_more_oversleeps()) return;
  try {
    sleep(1h);
  } catch (ended const&) {
    sometimes(true, "workload: a cleanup that takes too long is ended");
    throw;
  }
}

void Peer::undelivered(roost::undelivered const& receipt) {
  bool const letter = receipt.endpoint != "Peer.meet" && receipt.endpoint != "Loner.stay";
  if (letter) ledger::now().receipt(self_, receipt.receiver, receipt.fate);
  // It was stopped by somebody else before.
  refused_itself_ = refused_itself_ || receipt.receiver == self_;
  if (receipt.fate == errc::stale) judge_stale(receipt.receiver);
  sometimes(receipt.fate == errc::unknown, "workload: a cast may or may not have been handled");
  sometimes(receipt.fate == errc::not_handled, "workload: a cast is returned");
  sometimes(receipt.fate == errc::stale, "workload: a cast for an earlier member is returned");
}

void Peer::down(actor_id who, error const& why) {
  always(why.code != errc::ok, "G8 (workload): a notice says why");
  watched_.erase(who);
  // A link ends with its notice: who watches once more what has ended only hears of that.
  bool const linked = linked_.erase(who) != 0;
  doomed_ = doomed_ || (linked && why.code != errc::actor_stopped);
  for (auto const& child : children_) {
    if (child.id() == who && why.code != errc::path_lost && gone_.size() < most_gone) gone_.push_back(child);
  }
  std::erase_if(children_, [&](peers const& child) { return child.id() == who; });
}

}  // namespace roost::workload
