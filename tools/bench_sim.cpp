#include <tools/bench_command.hpp>
#include <tools/bench_table.hpp>
#include <tools/command_line.hpp>

namespace roost::tools {
namespace {

/// How much is done: as the bounds say, or just enough to see that it works.
struct sizes {
  std::uint64_t hosts = 1'000;
  std::uint64_t rounds = 500;
  std::uint64_t peer_rounds = 50;
  std::uint64_t crowd_hosts = 1'000;
  std::uint64_t crowd_actors = 1'000;
  std::uint64_t small_calls = 14;
};
constexpr sizes full;
constexpr sizes quick{20, 20, 20, 4, 50, 4};

constexpr double bound_messages = 2'000'000;
constexpr double bound_peer = 15;
constexpr double bound_bytes = 1024.0 * 1024 * 1024 / 1'000'000;
constexpr double bound_small_milliseconds = 20;
constexpr double small_events = 10'000;

}  // namespace

int bench_sim(invocation const& asked, output& out) {
  bench_program const ours("sim_bench"), peer("simgrid_ping_pong");
  sizes const size = asked.quick ? quick : full;
  auto const repetitions = asked.repeat != 0 ? asked.repeat : asked.quick ? 1U : 5U;
  if (!ours.is_built()) {
    return out.refuse(exit_unreachable, {errc::unavailable, "is not built, expected it from: ./bootstrap bench", ours.path()});
  }
  bench_series games, star_games, pair_games, crowds, smalls;
  bench_runner runner;
  for (unsigned i = 0; i != repetitions && !runner.failed(); ++i) {
    out.progress([&] { return "repetition " + std::to_string(i + 1) + " of " + std::to_string(repetitions); });
    runner.measure(games, ours, {"ping-pong", std::to_string(size.hosts), std::to_string(size.rounds)});
    if (peer.is_built()) {
      runner.measure(star_games, peer, {"star", std::to_string(size.hosts), std::to_string(size.peer_rounds)});
      runner.measure(pair_games, peer, {"pairs", std::to_string(size.hosts), std::to_string(size.peer_rounds)});
    }
    runner.measure(smalls, ours, {"small", std::to_string(size.small_calls)});
  }
  // Once: the memory of a run that is the same event by event does not vary, and this run takes longest.
  runner.measure(crowds, ours, {"crowd", std::to_string(size.crowd_hosts), std::to_string(size.crowd_actors)});
  if (runner.failed()) return out.refuse(exit_bug, *runner.failed());

  out.say("roost bench sim: medians of " + std::to_string(repetitions) + ", processor time of one thread");
  auto const rate = games.median("messages", "processor_ns") * 1e9;
  print(out, {"ping-pong, " + digits(static_cast<double>(size.hosts)) + " hosts", rate, "messages/s", bound_messages}, 0);
  if (star_games.empty()) {
    out.say("  SimGrid is not here (" + peer.path() + " is not built), so nothing is compared; ./bootstrap bench brings it");
  } else {
    auto const star_rate = star_games.median("messages", "processor_ns") * 1e9;
    auto const pair_rate = pair_games.median("messages", "processor_ns") * 1e9;
    print(out, {"ping-pong, over SimGrid's " + digits(star_rate) + " in a star", rate / star_rate, "times", bound_peer}, 1);
    print(out, {"ping-pong, over SimGrid's " + digits(pair_rate) + ", a link for each pair", rate / pair_rate, "times"}, 1);
  }
  auto const actors = static_cast<double>(size.crowd_hosts * size.crowd_actors);
  print(out, {digits(actors) + " actors", crowds.median("peak_bytes") / actors, "bytes an actor", bound_bytes, true}, 0);
  auto const faulty = smalls.median("processor_ns", "events") * small_events / 1e6;
  print(out, {"8 procs under faults, 10,000 events", faulty, "ms", bound_small_milliseconds, true}, 1);
  print_costs(out, "ping-pong", games);
  print_costs(out, "8 procs under faults", smalls);
  if (games.same_digests() && crowds.same_digests() && smalls.same_digests()) return exit_ok;
  out.say("the digests of repetitions differ");
  return static_cast<int>(sim::verdict::not_deterministic);
}

}  // namespace roost::tools
