// The deeds of the workload's actors: who is told, and who is asked.

#include <tests/properties/workload.hpp>
#include <tests/properties/workload_draw.hpp>

#include <algorithm>

namespace roost::workload {

using namespace std::chrono_literals;

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
      // Whoever owns it.
      if (one_in(8)) return roost::stop(at.to.id());
      if (one_in(8)) return roost::kill(at.to.id());
      if (brief_.clinging && one_in(2)) {
        for (int times = 0; times != 3 && !at.free(); ++times) at = aim_at_one();
        return act_calls(what, at, hops);
      }
      auto const l = write(at.to, what, hops, false);
      send(l, [&] { at.to->collapse.with(at.timeout).broadcast(l); });
      return;
    }
    case deed::pause:
      if (one_in(2)) sleep(between(1us, 2ms));
      if (one_in(4)) offload(between(1us, 100us), [] {});
      if (one_in(4)) offload_more();
      if (one_in(8)) log({{"steps", steps_left_}}, "has paused");
      return;
    case deed::remind: return remind();
    case deed::share: return share(hops);
    case deed::lend:
    case deed::trade: return act_ports(what, hops);
    case deed::bear:
    case deed::end_child:
    case deed::haunt:
    case deed::leave:
    case deed::watch: return act_family(what, hops);
    case deed::ask_slice:
    case deed::ask_own:
    case deed::scatter:
    case deed::stream:
    case deed::refer:
    case deed::inspect:
    case deed::launch: return act_meshes(what, hops);
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
  auto const await = [this](aim const& whom, future<std::string> const& asked) {
    if (!asked.valid()) return;
    auto const came = std::make_shared<instant>(never);
    asked.state()->when_ready([came] { *came = current_platform()->clock->now(); });
    (void)asked.wait(whom.timeout);
    always(*came == never || roost::now() - *came < 400ms, "G4 (workload): a value that has come ends the wait for it");
    if (asked.ready() && !asked.state()->outcome() && asked.state()->outcome().failure().code == errc::stale)
      judge_stale(asked.state()->target);
  };
  switch (what) {
    case deed::ask_one:
    case deed::cycle: return await(at, request_one(at, ask));
    case deed::ask_in_time: {
      aim const soon{at.to, between(5us, 3ms)};
      auto const asked = request_one(soon, ask);
      if (!asked.valid()) return;
      try {
        (void)asked.get(one_in(2) ? soon.timeout : soon.timeout / 2);
      } catch (exception const& e) {
        if (e.code() != errc::timeout || asked.ready() || here().deadline() != never) throw;
        // What was not there in time is observed once more, until the call's own deadline.
        (void)asked.get();
        sometimes(true, "workload: a future that was not ready in time gives its value");
      }
      return;
    }
    case deed::ask_note: {
      future<void> noted;
      auto const asked = request_one(at, [&](aim const& whom, letter const& l) {
        noted = whom.to->note.with(whom.timeout).call_one(l);
        return noted.then([] { return std::string(); });
      });
      if (!asked.valid()) return;
      if (auto const done = noted.wait(at.timeout))
        sometimes(true, "workload: an endpoint that answers nothing has been waited for");
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
      auto const doubled =
          asked.then([](std::string const& text) { return 2 * text.size(); }).then([](std::size_t size) { return size + 1; });
      pending_.push_back([asked, doubled] {
        if (!doubled.ready()) return false;
        auto const& first = asked.state()->outcome();
        auto const& last = doubled.state()->outcome();
        always(first ? last && *last == 2 * first->size() + 1 : !last && last.failure().code == first.failure().code,
               "G4 (workload): a callback's value, or the error before it, passes on");
        return true;
      });
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
      switch (random_below(free ? 5 : 3)) {
        case 0: return void(wait_any(all, timeout));
        case 1: return wait_all(all, timeout);
        case 3: return void(wait_any(all.front(), all.back()));
        case 4: return wait_all(all.front(), all.back());
        case 2: {
          auto const wanted = 1 + random_below(all.size());
          auto const ready = wait_n(wanted, all, timeout);
          always(ready.size() >= wanted && std::all_of(ready.begin(), ready.end(), [&](std::size_t i) { return all[i].ready(); }),
                 "G4 (workload): a wait for several gives those that are ready");
          return;
        }
        default: return;
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
    default: return;
  }
}

void Peer::offload_more() {
  always(offload(between(1us, 100us), [] { return 7; }) == 7, "workload: offloaded code gives its value");
  try {
    offload(between(1us, 100us), [] { throw std::runtime_error("offloaded"); });
    always(false, "workload: offloaded code throws to who offloads it");
  } catch (std::runtime_error const& e) {
    always(std::string_view(e.what()) == "offloaded", "workload: offloaded code throws what it throws");
  }
}

}  // namespace roost::workload
