#include <tools/bench_command.hpp>
#include <tools/bench_table.hpp>
#include <tools/command_line.hpp>

#include <array>

namespace roost::tools {
namespace {

constexpr double bound_awake_ns = 500;
constexpr double bound_asleep = 2;

struct crossing {
  char const* name;
  std::vector<std::string> full;
  std::vector<std::string> quick;
};

std::array<crossing, 7> const crossings{{
    {"bare word, awake", {"bare", "1000000", "awake"}, {"bare", "1000", "awake"}},
    {"ping-pong, awake", {"ping-pong", "300000", "awake"}, {"ping-pong", "300", "awake"}},
    {"awaited request, awake", {"ask", "100000", "awake"}, {"ask", "100", "awake"}},
    {"bare word, asleep", {"bare", "30000", "asleep"}, {"bare", "100", "asleep"}},
    {"ping-pong, asleep", {"ping-pong", "30000", "asleep"}, {"ping-pong", "100", "asleep"}},
    {"awaited request, asleep", {"ask", "15000", "asleep"}, {"ask", "50", "asleep"}},
    {"one way", {"stream", "500000"}, {"stream", "500"}},
}};
constexpr std::size_t bare_awake = 0, ball_awake = 1, ask_awake = 2, bare_asleep = 3, ball_asleep = 4, ask_asleep = 5,
                      one_way = 6;

}  // namespace

int bench_workers(invocation const& asked, output& out) {
  bench_program const program("workers_bench");
  auto const repetitions = asked.repeat != 0 ? asked.repeat : asked.quick ? 1U : 5U;
  if (!program.is_built()) {
    return out.refuse(exit_unreachable, {errc::unavailable, "is not built, expected it from: ./bootstrap bench", program.path()});
  }
  std::array<bench_series, crossings.size()> series;
  bench_runner runner;
  for (unsigned i = 0; i != repetitions && !runner.failed(); ++i) {
    for (std::size_t w = 0; w != crossings.size(); ++w) {
      out.progress([&] {
        return "repetition " + std::to_string(i + 1) + " of " + std::to_string(repetitions) + ": " + crossings[w].name;
      });
      runner.measure(series[w], program, asked.quick ? crossings[w].quick : crossings[w].full);
    }
  }
  if (runner.failed()) return out.refuse(exit_bug, *runner.failed());

  auto const each = [&](std::size_t which) { return series[which].median("wall_ns", "messages"); };
  out.say("roost bench workers: medians of " + std::to_string(repetitions) +
          ", wall time; two workers of one proc, pinned to a processor each where there are two");
  print(out, {"ping-pong, both awake", each(ball_awake), "ns a message", bound_awake_ns, true}, 0);
  print(out,
        {"ping-pong, asleep, over a bare word's " + digits(each(bare_asleep)) + " ns", each(ball_asleep) / each(bare_asleep),
         "times", bound_asleep, true},
        2);
  auto const beside = [&](std::string const& name, std::size_t which, std::size_t bare) {
    out.say("    " + name + ": " + digits(each(which)) + " ns, " + digits(each(which) / each(bare), 1) + " times a bare word's " +
            digits(each(bare)) + " ns");
    out.object("bench_bare", {{"work", json_of(name)},
                              {"ns", bench_sample(each(which)).dump()},
                              {"bare", json_of(crossings[bare].name)},
                              {"bare_ns", bench_sample(each(bare)).dump()}});
  };
  beside("ping-pong, both awake", ball_awake, bare_awake);
  beside("awaited request, both awake", ask_awake, bare_awake);
  beside("ping-pong, asleep", ball_asleep, bare_asleep);
  beside("awaited request, asleep", ask_asleep, bare_asleep);
  out.say("    one way, 64 at a time: " + digits(each(one_way)) + " ns a message");
  return exit_ok;
}

}  // namespace roost::tools
