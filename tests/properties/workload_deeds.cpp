// The deeds of the workload's actors, and the stage on which they play.

#include <tests/properties/workload.hpp>

#include <algorithm>

namespace roost::workload {

using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t most_generations = 2;
constexpr std::size_t most_children = 3;
constexpr std::uint32_t most_respawned = 3;

nanoseconds between(nanoseconds low, nanoseconds high) {
  return low + nanoseconds(static_cast<std::int64_t>(random_below(static_cast<std::uint64_t>((high - low).count()))));
}
bool one_in(std::uint64_t n) { return random_below(n) == 0; }

/// While it lives, values that were sent to the port are in it.
class open_port {
 public:
  explicit open_port(port_id const& which) : which_(which) {}
  open_port(open_port const&) = delete;
  open_port& operator=(open_port const&) = delete;
  ~open_port() { ledger::now().port_closed(which_); }

 private:
  port_id which_;
};

}  // namespace

void Peer::act(deed what, std::uint32_t hops) {
  switch (what) {
    case deed::tell_slice: {
      auto const at = aim_at_some();
      auto const l = write(at.to, what, hops, false);
      send(l, [&] { at.to->note.with(at.timeout).broadcast(l); });
      return;
    }
    case deed::tell_burst: {
      auto const at = aim_at_one();
      for (auto count = random_below(30); count != 0; --count) {
        auto const l = write(at.to, what, hops, false);
        if (!send(l, [&] { at.to->note.with(at.timeout).broadcast(l); })) return;
      }
      return;
    }
    case deed::try_tell: {
      auto const at = one_in(2) ? aim_at_one() : aim_at_some();
      auto const l = write(at.to, what, hops, false);
      bool room = true;
      if (!send(l, [&] { room = at.to->note.try_broadcast(l); })) return;
      sometimes(!room, "workload: try_broadcast finds no room");
      // Nothing was sent; the numbers are spent.
      if (!room)
        std::for_each(l.slips.begin(), l.slips.end(), [&](slip const& s) { ledger::now().told(self_, s, errc::not_handled); });
      return;
    }
    case deed::break_down: {
      auto at = aim_at_one();
      if (!one_in(4)) return;
      if (brief_.clinging && one_in(2)) {
        for (int times = 0; times != 3 && !at.free(); ++times) at = aim_at_one();
        return act_calls(what, at, hops);
      }
      auto const l = write(at.to, what, hops, false);
      send(l, [&] { at.to->collapse.with(at.timeout).broadcast(l); });
      return;
    }
    case deed::lend: {
      auto const at = aim_at_one();
      auto [many, values] = channel<parcel>();
      auto [once, value] = once_channel<parcel>();
      open_port const until_closed(many.id());
      auto const l = write(at.to, what, hops, false);
      if (!send(l, [&] { at.to->lend.with(at.timeout).broadcast(l, many, once); })) return;
      if (one_in(4)) sleep(between(1us, 5ms));
      bool const linked = one_in(2);
      if (linked) values.link(at.to.id());
      std::uint64_t last = 0;
      try {
        for (;;) {
          // A linked receiver ends with its actor; that may be long, so the wait is bounded all the same.
          auto const got = values.recv(between(100us, 20ms));
          ledger::now().received(many.id());
          always(got.number > last, "G2 (workload): values of one sender come in order on a port");
          last = got.number;
        }
      } catch (exception const& e) {
        sometimes(e.code() != errc::timeout, "workload: a linked receiver ends");
      }
      if (one_in(2)) {
        try {
          (void)value.recv(between(100us, 5ms));
          sometimes(true, "workload: a once port delivers");
        } catch (exception const&) {
        }
      }
      if (one_in(8) && !linked) {
        try {
          (void)values.recv();
        } catch (exception const& e) {
          sometimes(e.code() == errc::unbounded_wait, "workload: a receive that could wait for ever is refused");
        }
      }
      return;
    }
    case deed::pause:
      if (one_in(2)) sleep(between(1us, 2ms));
      if (one_in(2)) after(between(1us, 2ms), [this] { report(); });
      if (one_in(4)) offload(between(1us, 100us), [] {});
      return;
    case deed::bear:
    case deed::end_child:
    case deed::watch: return act_family(what);
    default: return act_calls(what, aim_at_one(), hops);
  }
}

void Peer::act_calls(deed what, aim const& at, std::uint32_t hops) {
  // The step waits for an answer as long as its aim allows; what comes later is reported then.
  auto const request_one = [&](aim const& whom, auto invoke, std::size_t size = 0) {
    future<std::string> asked;
    auto const l = write(whom.to, what, hops, true, size);
    if (!send(l, [&] { asked = invoke(whom, l); })) return asked;
    expect(l.slips.front(), asked);
    return asked;
  };
  auto const ask = [](aim const& whom, letter const& l) { return whom.to->ask.with(whom.timeout).call_one(l); };
  auto const await = [](aim const& whom, future<std::string> const& asked) {
    if (!asked.valid()) return;
    auto const came = std::make_shared<instant>(never);
    asked.state()->when_ready([came] { *came = current_platform()->clock->now(); });
    (void)asked.wait(whom.timeout);
    always(*came == never || roost::now() - *came < 400ms, "G4 (workload): a value that has come ends the wait for it");
  };
  switch (what) {
    case deed::ask_one:
    case deed::cycle: return await(at, request_one(at, ask));
    case deed::ask_in_time: {
      aim const soon{at.to, between(5us, 3ms)};
      auto const asked = request_one(soon, ask);
      if (asked.valid()) (void)asked.get(soon.timeout);
      return;
    }
    case deed::large: return await(at, request_one(at, ask, 1000 + random_below(100'000)));
    case deed::relay:
      return await(
          at, request_one(at, [](aim const& whom, letter const& l) { return whom.to->relay.with(whom.timeout).call_one(l); }));
    case deed::later:
      return await(
          at, request_one(at, [](aim const& whom, letter const& l) { return whom.to->later.with(whom.timeout).call_one(l); }));
    case deed::hand_on: {
      // Whoever answers may itself wait for this actor, so the wait has a deadline.
      aim const soon{at.to, between(10us, 50ms)};
      return await(soon, request_one(soon, [](aim const& whom, letter const& l) {
                     return whom.to->hand_on.with(whom.timeout).call_one(l);
                   }));
    }
    case deed::think: {
      auto const think = [](aim const& whom, letter const& l) { return whom.to->think.with(whom.timeout).call_one(l); };
      auto const first = request_one(at, think);
      if (one_in(2)) await(at, request_one(at, think));
      return await(at, first);
    }
    case deed::refuse:
      return await(
          at, request_one(at, [](aim const& whom, letter const& l) { return whom.to->refuse.with(whom.timeout).call_one(l); }));
    case deed::break_down:
      return await(
          at, request_one(at, [](aim const& whom, letter const& l) { return whom.to->cling.with(whom.timeout).call_one(l); }));
    case deed::then: {
      auto const asked = request_one(at, ask);
      if (!asked.valid()) return;
      asked.then([this](std::string const&) { report(); }).detach();
      if (one_in(2)) {
        auto const refused = asked.then([](std::string const& text) { return text; }).wait();
        always(!refused && refused.failure().code == errc::deadlock, "G4 (workload): a wait for one's own callback is refused");
      }
      return;
    }
    case deed::several: {
      std::vector<future<std::string>> all;
      bool free = true;
      for (auto count = 2 + random_below(4); count != 0; --count) {
        auto const next = one_in(2) ? at : aim_at_one();
        if (auto asked = request_one(next, ask); asked.valid()) all.push_back(asked), free = free && next.free();
      }
      if (all.empty()) return;
      auto const timeout = free ? nanoseconds::max() : between(10us, 20ms);
      switch (random_below(3)) {
        case 0: return void(wait_any(all, timeout));
        case 1: return wait_all(all, timeout);
        default: return void(wait_n(1 + random_below(all.size()), all, timeout));
      }
    }
    case deed::choose: {
      auto const some = aim_at_some();
      auto const l = write(some.to, what, hops, true);
      future<std::string> asked;
      if (!send(l, [&] { asked = some.to->ask.with(some.timeout).choose(l); })) return;
      auto const chosen = asked.state()->target;
      for (auto const& s : l.slips) {
        if (s.to == chosen) {
          expect(s, asked);
        } else {
          ledger::now().told(self_, s, errc::not_handled);
        }
      }
      return await(some, asked);
    }
    case deed::ask_slice: {
      auto const some = aim_at_some();
      auto const l = write(some.to, what, hops, true);
      future<value_mesh<result<std::string>>> asked;
      if (!send(l, [&] { asked = some.to->ask.with(some.timeout).call(l); })) return;
      pending_.push_back([this, l, asked] {
        if (!asked.ready()) return false;
        auto const& outcome = asked.state()->outcome();
        for (std::uint64_t rank = 0; rank != l.slips.size(); ++rank) settle(l.slips[rank], outcome->at(rank));
        return true;
      });
      (void)asked.wait(some.timeout);
      return;
    }
    case deed::stream: {
      auto const some = aim_at_some();
      auto const l = write(some.to, what, hops, true);
      std::vector<bool> heard(l.slips.size());
      bool const sent = send(l, [&] {
        auto answers = some.to->ask.with(some.timeout).stream(l);
        try {
          while (auto const next = answers.next(some.timeout)) {
            auto const rank = next->first.rank();
            always(!heard[rank], "G3 (workload): a stream has one result of each rank");
            heard[rank] = true;
            settle(l.slips[rank], next->second);
          }
        } catch (exception const& e) {
          if (e.code() != errc::timeout) throw;
          for (std::size_t rank = 0; rank != heard.size(); ++rank) {
            if (!heard[rank]) ledger::now().abandoned(self_, l.slips[rank]);
          }
        }
      });
      sometimes(sent, "workload: a stream is read");
      return;
    }
    default: return;
  }
}

void Peer::act_family(deed what) {
  if (what == deed::bear && children_.size() < most_children && brief_.generation < most_generations) {
    brief child = brief_;
    child.owner = self_;
    child.generation = brief_.generation + 1;
    child.level = brief_.level + ((children_.size() + 1) << (8U * (2U - brief_.generation)));
    child.steps = static_cast<std::uint32_t>(random_below(brief_.steps + 1));
    child.stillborn = one_in(8);
    auto const name = "child" + std::to_string(brief_.generation);
    auto const where = one_in(2) ? here().proc() : procs_.id(random_below(procs_.size()));
    proc_mesh const place({where}, region(extent()));
    auto const born = one_in(4) ? peers(place.spawn<Loner>(name, child).reference()) : place.spawn<Peer>(name, child);
    born->meet.broadcast(all_, procs_);
    children_.push_back(born);
    if (one_in(2)) look_after(born.id(), false);
    return;
  }
  if (children_.empty()) return;
  auto const at = random_below(children_.size());
  auto const child = children_[at];
  if (what == deed::watch) {
    if (one_in(3)) {
      look_after(child.id(), true);
    } else {
      look_after(one_in(2) ? child.id() : all_.id(random_below(all_.size())), false);
    }
  } else if (what == deed::end_child) {
    if (one_in(2)) {
      child.stop();
    } else {
      // Who kills what it is linked to fails with it.
      if (one_in(4)) look_after(child.id(), true);
      child.kill();
    }
    if (one_in(2)) children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(at));
  }
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

/// Owns everyone, waits until all is quiet, and has the ledger judge what is left.
struct Stage : actor {
  void run(proc_mesh procs, std::uint32_t steps) {
    brief what;
    what.steps = 1 + static_cast<std::uint32_t>(random_below(2 * steps));
    what.pace_us = static_cast<std::uint32_t>(20U << random_below(6));
    for (std::size_t i = 0; i != deeds; ++i) what.weights.push_back(one_in(3) ? 0 : 1U << random_below(4));
    what.weights[static_cast<std::size_t>(deed::ask_one)] += 1;
    what.clinging = one_in(4);
    if (what.clinging) ledger::now().allow_leaks();
    std::vector<brief> briefs;
    for (std::uint64_t rank = 0; rank != procs.size(); ++rank) {
      what.level = rank << 32U;
      briefs.push_back(what);
    }
    procs_ = procs;
    all_ = procs.spawn<Peer>("peer", value_mesh<brief>(procs.extent(), briefs));
    auto const& all = all_;
    all->meet.broadcast(all, procs);
    auto const all_told = [&] {
      for (std::uint64_t rank = 0; rank != all.size(); ++rank) {
        if (!ledger::now().lives(all.id(rank)) && !lost_.contains(all.id(rank))) return false;
      }
      return true;
    };
    auto const settled = [&](bool long_since) {
      auto& book = ledger::now();
      return book.quiet(long_since) && all_told() && !book.has_orphans() && !book.has_occupied() && !book.has_uninformed() &&
             !book.has_doomed();
    };
    for (int look = 0; look != 280 && !(look > 10 && settled(look > 180)); ++look) sleep(100ms);
    auto& book = ledger::now();
    bool const suspended = book.has_suspended();
    bool const occupied = book.has_occupied();
    book.close();
    always(!suspended, "G4 (workload): every wait for room ends");
    always(!occupied, "G4 (workload): every handler ends");
    always(all_told(), "G8 (workload): the stage is told of every peer that it lost");
    always(!book.has_uninformed(), "G8 (workload): who watches an actor is told of its end");
    always(!book.has_doomed(), "G8 (workload): an actor ends with the failure of one that it is linked to");
    always(!book.has_orphans(), "G7 (workload): nobody outlives its owner");
    if (one_in(2)) all.stop();
    if (one_in(4)) all.kill();
  }
  bool supervise(failure const& f) override {
    sometimes(true, "workload: a peer fails");
    always(lost_.insert(f.actor()).second, "G8 (workload): the stage is told once of a peer that it lost");
    if (respawned_ != most_respawned && f.actor() == all_.id(f.rank()) && one_in(2)) {
      ++respawned_;
      all_.respawn(f.rank());
      all_.at_rank(f.rank())->meet.broadcast(all_, procs_);
    }
    return true;
  }

 private:
  peers all_;
  proc_mesh procs_;
  std::set<actor_id> lost_;
  std::uint32_t respawned_ = 0;
};
ROOST_EXPORT(Stage, run)

void run(hosts where, std::vector<std::string> const& arguments) {
  ledger::open();
  std::uint32_t const steps = arguments.empty() ? 20 : static_cast<std::uint32_t>(std::stoul(arguments.front()));
  auto const procs = where.spawn_procs(gpu = 2);
  spawn<Stage>("stage")->run.call_one(procs, steps).get();
}

}  // namespace roost::workload
