// One repetition of one piece of work between two procs over shared memory, each on a core of its own where there are two; or of
// the bare work that bounds it. Prints what it cost as one JSON object; allocations are those of both procs.
//
//   shm_bench round-trip REQUESTS | one-way MESSAGES BYTES | bare-round-trip ROUNDS | bare-copy BLOCKS BYTES

#include <roost/live/child.hpp>
#include <roost/roost.hpp>
#include <roost/transports/local.hpp>
#include <tests/bench/between.hpp>
#include <tests/bench/measure.hpp>

#include <array>
#include <charconv>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

inline constexpr roost::dim end{"end"};

/// 64 bytes on the wire.
struct small {
  std::array<std::uint64_t, 8> words{};
};

/// What one end of the work took.
struct report {
  std::int64_t wall_nanoseconds = 0;
  std::uint64_t allocations = 0;
};

/// The end that is sent to.
struct Sink : roost::actor {
  explicit Sink(std::uint64_t core) { pin_to_core(static_cast<unsigned>(core)); }
  small answer(small asked) { return asked; }
  void take(small) {}
  void take_block(roost::shared_bytes block) { bytes_ += block.size(); }
  /// How often memory was allocated in this process so far.
  std::uint64_t allocations() { return allocations_so_far(); }

 private:
  std::uint64_t bytes_ = 0;
};
ROOST_EXPORT(Sink, answer, take, take_block, allocations)

/// The end that sends, and holds the watch.
struct Source : roost::actor {
  Source(std::uint64_t core, roost::actor_mesh<Sink> sink) : sink_(std::move(sink)) { pin_to_core(static_cast<unsigned>(core)); }

  report round_trips(std::uint64_t requests) {
    return measured([&] {
      for (std::uint64_t i = 0; i != requests; ++i) sink_->answer.call_one(small{}).get();
    });
  }
  report one_way(std::uint64_t messages, std::uint64_t size) {
    auto const block = roost::shared_bytes::made(size, [](auto all) { std::fill(all.begin(), all.end(), std::byte{1}); });
    return measured([&] {
      for (std::uint64_t i = 0; i != messages; ++i) {
        if (size == sizeof(small)) {
          sink_->take.broadcast(small{});
        } else {
          sink_->take_block.broadcast(block);
        }
      }
      sink_->answer.call_one(small{}).get();
    });
  }

 private:
  /// Runs `work` and waits until the sink has handled all of it.
  report measured(std::function<void()> const& work) {
    auto const before = sink_->allocations.call_one().get();
    stopwatch watch;
    work();
    auto const spent = watch.stop();
    return {spent.wall_nanoseconds, spent.allocations + sink_->allocations.call_one().get() - before};
  }
  roost::actor_mesh<Sink> sink_;
};
ROOST_EXPORT(Source, round_trips, one_way)

namespace {

using work = std::function<report(roost::actor_mesh<Source> const&)>;

constexpr std::uint64_t largest_block = std::uint64_t{1} << 20;

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  auto const [last, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (wrong != std::errc() || last != text.data() + text.size() || value == 0) return std::nullopt;
  return value;
}

/// Both procs are awake throughout.
roost::knob_values awake() {
  roost::knob_values knobs;
  auto const* const spin = roost::find_knob("live.spin");
  knobs.set(*spin, spin->definition().high).value();
  return knobs;
}

int print(report const& spent, std::uint64_t count) {
  std::printf("{\"wall_ns\":%lld,\"allocations\":%llu,\"messages\":%llu}\n", static_cast<long long>(spent.wall_nanoseconds),
              static_cast<unsigned long long>(spent.allocations), static_cast<unsigned long long>(count));
  return 0;
}

/// Runs `what` between two procs that this one starts.
int run_procs(std::uint64_t count, work const& what) {
  report spent;
  roost::program program([&](roost::hosts const& hosts, std::vector<std::string> const&) {
    auto const procs = hosts.spawn_procs(end = 2);
    auto const sink = procs.at(end = 1).spawn<Sink>("sink", std::uint64_t{1});
    auto const source = procs.at(end = 0).spawn<Source>("source", std::uint64_t{0}, sink);
    spent = what(source);
  });
  if (auto const why = roost::run_local(program, {.knobs = awake()})) {
    std::fprintf(stderr, "%s\n", why.describe().c_str());
    return 1;
  }
  return print(spent, count);
}

int run(std::vector<std::string_view> const& words) {
  auto const is = [&](std::string_view name, std::size_t sizes) { return words.size() == sizes + 1 && words[0] == name; };
  auto const count = words.size() > 1 ? number(words[1]) : std::nullopt;
  auto const size = words.size() > 2 ? number(words[2]) : std::nullopt;
  bool const has_size = size && *size <= largest_block;
  if (count && is("round-trip", 1)) {
    return run_procs(*count, [&](auto const& source) {
      source->round_trips.call_one(1000).get();
      return source->round_trips.call_one(*count).get();
    });
  }
  if (count && has_size && is("one-way", 2)) {
    return run_procs(*count, [&](auto const& source) {
      source->one_way.call_one(1000, *size).get();
      return source->one_way.call_one(*count, *size).get();
    });
  }
  if (count && is("bare-round-trip", 1)) return print({bare_round_trips(*count).wall_nanoseconds, 0}, *count);
  if (count && has_size && is("bare-copy", 2)) return print({bare_copies(*count, *size).wall_nanoseconds, 0}, *count);
  std::fprintf(stderr,
               "usage: shm_bench round-trip REQUESTS | one-way MESSAGES BYTES | bare-round-trip ROUNDS | bare-copy BLOCKS BYTES\n"
               "BYTES are at most %llu\n",
               static_cast<unsigned long long>(largest_block));
  return 64;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  if (roost::is_child(argc, argv)) {
    roost::program program([](roost::hosts const&, auto const&) {});
    return roost::run_local_child(argc, argv, program, bench::awake());
  }
  return bench::run({argv + 1, argv + argc});
}
