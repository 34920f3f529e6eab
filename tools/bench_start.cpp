#include <tools/bench_command.hpp>
#include <tools/bench_table.hpp>
#include <tools/command_line.hpp>

namespace roost::tools {
namespace {

constexpr double bound_milliseconds = 200;
constexpr double nanoseconds_per_millisecond = 1e6;

}  // namespace

int bench_start(invocation const& asked, output& out) {
  bench_program const program("start_bench");
  auto const repetitions = asked.repeat != 0 ? asked.repeat : asked.quick ? 1U : 5U;
  std::string const procs = asked.quick ? "2" : "8";
  if (!program.is_built()) {
    return out.refuse(exit_unreachable, {errc::unavailable, "is not built, expected it from: ./bootstrap bench", program.path()});
  }
  bench_series whole, bare;
  bench_runner runner;
  for (unsigned i = 0; i != repetitions && !runner.failed(); ++i) {
    out.progress([&] { return "repetition " + std::to_string(i + 1) + " of " + std::to_string(repetitions); });
    runner.measure(bare, program, {"bare", procs});
    runner.measure(whole, program, {"procs", procs});
  }
  if (runner.failed()) return out.refuse(exit_bug, *runner.failed());

  auto const here = whole.median("wall_ns") / nanoseconds_per_millisecond;
  auto const least = bare.median("wall_ns") / nanoseconds_per_millisecond;
  out.say("roost bench start: medians of " + std::to_string(repetitions) + ", wall time from the exec of the program");
  print(out, {procs + " procs, until each has answered", here, "ms", bound_milliseconds, true}, 1);
  out.say("    " + digits(here / least, 1) + " times " + procs +
          " bare processes of the same executable, until each has said a byte (" + digits(least, 1) + " ms)");
  out.object("bench_bare", {{"work", json_of(procs + " procs, until each has answered")},
                            {"ns", bench_sample(here * nanoseconds_per_millisecond).dump()},
                            {"bare", json_of(procs + " bare processes, until each has said a byte")},
                            {"bare_ns", bench_sample(least * nanoseconds_per_millisecond).dump()}});
  return exit_ok;
}

}  // namespace roost::tools
