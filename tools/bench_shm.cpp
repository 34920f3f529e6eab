#include <tools/bench_command.hpp>
#include <tools/bench_table.hpp>
#include <tools/command_line.hpp>

#include <array>

namespace roost::tools {
namespace {

constexpr double bound_round_trip_microseconds = 3;
constexpr double bound_small_messages = 5'000'000;
constexpr double bound_large_megabytes = 4'000;

/// One piece of work through the whole runtime, and the bare work that bounds it.
struct bounded {
  char const* name;
  std::vector<std::string> full;
  std::vector<std::string> quick;
  char const* bare_name;
  std::vector<std::string> bare_full;
  std::vector<std::string> bare_quick;
};

std::array<bounded, 3> const shm_works{{
    {"64 B round trip",
     {"round-trip", "200000"},
     {"round-trip", "200"},
     "a cache line there and back",
     {"bare-round-trip", "1000000"},
     {"bare-round-trip", "1000"}},
    {"64 B one way",
     {"one-way", "1000000", "64"},
     {"one-way", "1000", "64"},
     "64 B copied in and out",
     {"bare-copy", "5000000", "64"},
     {"bare-copy", "1000", "64"}},
    {"64 KiB one way",
     {"one-way", "30000", "65536"},
     {"one-way", "100", "65536"},
     "64 KiB copied in and out",
     {"bare-copy", "100000", "65536"},
     {"bare-copy", "100", "65536"}},
}};
constexpr std::size_t round_trip = 0, small = 1, large = 2;
constexpr double large_megabytes = 65'536 / 1e6;

}  // namespace

int bench_shm(invocation const& asked, output& out) {
  bench_program const program("shm_bench");
  auto const repetitions = asked.repeat != 0 ? asked.repeat : asked.quick ? 1U : 5U;
  if (!program.is_built()) {
    return out.refuse(exit_unreachable, {errc::unavailable, "is not built, expected it from: ./bootstrap bench", program.path()});
  }
  std::array<bench_series, shm_works.size()> whole, bare;
  bench_runner runner;
  for (unsigned i = 0; i != repetitions && !runner.failed(); ++i) {
    for (std::size_t w = 0; w != shm_works.size(); ++w) {
      out.progress([&] {
        return "repetition " + std::to_string(i + 1) + " of " + std::to_string(repetitions) + ": " + shm_works[w].name;
      });
      runner.measure(bare[w], program, asked.quick ? shm_works[w].bare_quick : shm_works[w].bare_full);
      runner.measure(whole[w], program, asked.quick ? shm_works[w].quick : shm_works[w].full);
    }
  }
  if (runner.failed()) return out.refuse(exit_bug, *runner.failed());

  auto const each = [](bench_series const& of) { return of.median("wall_ns", "messages"); };
  out.say("roost bench shm: medians of " + std::to_string(repetitions) +
          ", wall time; two procs, each awake on a core of its own where there are two");
  print(out, {shm_works[round_trip].name, each(whole[round_trip]) / 1000, "us", bound_round_trip_microseconds, true}, 2);
  print(out, {shm_works[small].name, 1e9 / each(whole[small]), "messages/s", bound_small_messages}, 0);
  print(out, {shm_works[large].name, large_megabytes * 1e9 / each(whole[large]), "MB/s", bound_large_megabytes}, 0);
  for (std::size_t w = 0; w != shm_works.size(); ++w) {
    auto const here = each(whole[w]), least = each(bare[w]);
    auto const allocations = whole[w].median("allocations", "messages");
    out.say("    " + std::string(shm_works[w].name) + ": " + digits(here) + " ns, " + digits(here / least, 1) + " times " +
            shm_works[w].bare_name + " (" + digits(least, 1) + " ns); " + digits(allocations, 2) + " allocations in both procs");
    out.object("bench_bare", {{"work", json_of(shm_works[w].name)},
                              {"ns", bench_sample(here).dump()},
                              {"bare", json_of(shm_works[w].bare_name)},
                              {"bare_ns", bench_sample(least).dump()},
                              {"allocations", bench_sample(allocations).dump()}});
  }
  return exit_ok;
}

}  // namespace roost::tools
