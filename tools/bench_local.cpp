#include <tools/bench_command.hpp>
#include <tools/bench_table.hpp>
#include <tools/command_line.hpp>

#include <array>

namespace roost::tools {
namespace {

constexpr double bound_bare = 4;
constexpr double bound_rest_bytes = 400;
constexpr double bound_churn = 1'000'000;

/// One piece of work that both sides do; its rate is to be so many times that of the peer.
struct compared {
  char const* name;
  std::vector<std::string> full;
  std::vector<std::string> quick;
  char const* each;
  double bound;  ///< Over the peer; 0: none.
};

std::array<compared, 5> const local_works{{
    {"ping-pong", {"ping-pong", "1000000"}, {"ping-pong", "1000"}, "a message", 15},
    {"awaited request", {"ask", "300000"}, {"ask", "300"}, "a request", 11},
    {"1 to 1,000 and back", {"fan", "1000", "200"}, {"fan", "1000", "2"}, "a message", 8},
    {"actors at rest", {"rest", "300000"}, {"rest", "1000"}, "an actor", 0},
    {"spawned and stopped", {"churn", "300000"}, {"churn", "1000"}, "an actor", 0},
}};
constexpr std::size_t ping_pong = 0, at_rest = 3, churn = 4;

double nanoseconds_each(bench_series const& of) { return of.median("processor_ns", "messages"); }

}  // namespace

int bench_local(invocation const& asked, output& out) {
  bench_program const ours("local_bench"), peer("caf_bench");
  auto const repetitions = asked.repeat != 0 ? asked.repeat : asked.quick ? 1U : 5U;
  if (!ours.is_built()) {
    return out.refuse(exit_unreachable, {errc::unavailable, "is not built, expected it from: ./bootstrap bench", ours.path()});
  }
  std::array<bench_series, local_works.size()> here, there;
  bench_series bare, queues;
  bench_runner runner;
  for (unsigned i = 0; i != repetitions && !runner.failed(); ++i) {
    for (std::size_t w = 0; w != local_works.size(); ++w) {
      out.progress([&] {
        return "repetition " + std::to_string(i + 1) + " of " + std::to_string(repetitions) + ": " + local_works[w].name;
      });
      auto const& words = asked.quick ? local_works[w].quick : local_works[w].full;
      runner.measure(here[w], ours, words);
      if (peer.is_built()) runner.measure(there[w], peer, words);
    }
    runner.measure(bare, ours, {"bare", asked.quick ? "1000" : "10000000"});
    runner.measure(queues, ours, {"queues", asked.quick ? "1000" : "10000000"});
  }
  if (runner.failed()) return out.refuse(exit_bug, *runner.failed());

  out.say("roost bench local: medians of " + std::to_string(repetitions) + ", processor time; one proc, one worker");
  if (!peer.is_built()) {
    out.say("  CAF is not here (" + peer.path() + " is not built), so nothing is compared; ./bootstrap bench brings it");
  }
  for (std::size_t w = 0; w != local_works.size(); ++w) {
    if (local_works[w].bound == 0 || there[w].empty()) continue;
    auto const theirs = nanoseconds_each(there[w]);
    print(out,
          {std::string(local_works[w].name) + ", over CAF's " + digits(theirs) + " ns", theirs / nanoseconds_each(here[w]),
           "times", local_works[w].bound},
          1);
  }
  auto const least = nanoseconds_each(bare);
  print(out,
        {"ping-pong, over a bare loop's " + digits(least, 1) + " ns", nanoseconds_each(here[ping_pong]) / least, "times",
         bound_bare, true},
        1);
  auto const queued = nanoseconds_each(queues);
  out.say("    ping-pong: " + digits(nanoseconds_each(here[ping_pong]) / queued, 1) +
          " times two queues and a call, which take " + digits(queued, 1) + " ns");
  out.object("bench_bare", {{"work", json_of("ping-pong")},
                            {"ns", bench_sample(nanoseconds_each(here[ping_pong])).dump()},
                            {"bare", json_of("two queues and a call")},
                            {"bare_ns", bench_sample(queued).dump()}});
  auto const size_of = [](bench_series const& of) { return of.median("peak_bytes", "messages"); };
  print(out, {"actors at rest", size_of(here[at_rest]), "bytes each", bound_rest_bytes, true}, 0);
  print(out, {"spawned and stopped", 1e9 / nanoseconds_each(here[churn]), "actors/s", bound_churn}, 0);
  for (std::size_t w = 0; w != local_works.size(); ++w) {
    print_costs(out, local_works[w].name, here[w], local_works[w].each);
    if (!there[w].empty()) print_costs(out, std::string("CAF, ") + local_works[w].name, there[w], local_works[w].each);
  }
  if (!there[at_rest].empty()) out.say("    CAF, actors at rest: " + digits(size_of(there[at_rest])) + " bytes each");
  return exit_ok;
}

}  // namespace roost::tools
