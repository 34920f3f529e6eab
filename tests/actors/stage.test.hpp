#pragma once
// What the tests of actors share: a supervising actor whose handler is a lambda, and a journal.

#include <roost/roost.hpp>
#include <roost/sim/testing.hpp>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace stage {

using namespace std::chrono_literals;
using roost::errc;

inline constexpr roost::dim gpu{"gpu"};
inline constexpr roost::dim host{"host"};

/// What actors of the test wrote, in order; empty at the start of every body. Simulated procs share one process and one thread.
inline std::vector<std::string> journal;
inline void write(std::string line) { journal.push_back(std::move(line)); }
inline std::size_t lines(std::string_view which) {
  return static_cast<std::size_t>(std::count(journal.begin(), journal.end(), which));
}

/// The code of the error that `f` throws; errc::ok when it throws none.
template <class F>
errc code_of(F f) {
  try {
    f();
    return errc::ok;
  } catch (roost::exception const& e) {
    return e.code();
  }
}
/// Whether `code` is anywhere in the chain of `why`.
inline bool mentions(roost::error const& why, errc code) { return why.because_of(code); }
/// The same for text.
inline bool mentions(roost::error const& why, std::string_view text) { return why.describe().find(text) != std::string::npos; }

/// Waits until an actor has ended, and says why.
inline roost::error end_of(roost::actor_id who) {
  auto [port, receiver] = roost::channel<int>();
  receiver.link(who);
  try {
    (void)receiver.recv();
  } catch (roost::exception const& e) {
    return e.why();
  }
  return {};
}

struct Keeper;
inline std::function<void(Keeper&)> keeper_script;

/// Runs a lambda as a handler, keeps what it is told, and handles every failure of what it owns.
struct Keeper : roost::actor {
  void run() { std::exchange(keeper_script, nullptr)(*this); }
  bool supervise(roost::failure const& f) override {
    failures.push_back(f);
    return true;
  }
  void undelivered(roost::undelivered const& receipt) override { receipts.push_back(receipt); }
  void down(roost::actor_id who, roost::error const& why) override { downs.emplace_back(who, why); }

  std::vector<roost::failure> failures;
  std::vector<roost::undelivered> receipts;
  std::vector<std::pair<roost::actor_id, roost::error>> downs;
};
ROOST_EXPORT(Keeper, run)

/// Runs `script(Keeper&)` on a fresh keeper, owned by the current actor, and waits for it.
template <class F>
void as_keeper(F script) {
  journal.clear();
  keeper_script = std::move(script);
  auto const keeper = roost::spawn<Keeper>("keeper");
  keeper->run.call_one().get();
}

/// A calm cluster where one knob is fixed.
inline roost::sim::scenario with_knob(std::string name, std::int64_t value) {
  auto s = roost::sim::calm();
  s.knobs[std::move(name)] = value;
  return s;
}
/// A calm cluster that suffers one fault.
inline roost::sim::scenario with_fault(roost::sim::fault_kind kind, roost::nanoseconds at, std::string target,
                                       roost::nanoseconds duration = {}) {
  auto s = roost::sim::calm();
  roost::sim::fault_operation op;
  op.kind = kind;
  op.at = roost::instant(at);
  op.group_a = {std::move(target)};
  op.duration = duration;
  op.pinned = true;
  s.events.push_back(op);
  return s;
}

/// Hosts 1 and 2 do not reach each other for a while from 10 s on, and the root reaches both.
inline roost::sim::scenario parted(roost::nanoseconds duration) {
  auto s = with_fault(roost::sim::fault_kind::partition, 10s, "host1", duration);
  s.hosts = 3;
  s.events[0].group_b = {"host2"};
  s.knobs["actor.launch_bound"] = 2'000'000'000;  // So long may procs that never met be silent.
  return s;
}

}  // namespace stage
