// One repetition of one benchmark of the simulator: does the work, and prints what it cost as one JSON object.
//
//   sim_bench ping-pong HOSTS ROUNDS | crowd HOSTS ACTORS | small CALLS

#include <tests/bench/measure.hpp>
#include <tests/bench/sim_work.hpp>

#include <charconv>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace {

using roost::sim::run_result;

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  auto const [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (wrong != std::errc() || end != text.data() + text.size() || value == 0) return std::nullopt;
  return value;
}

/// The work that the words name; empty where they name none.
std::function<run_result()> work_of(std::vector<std::string_view> const& words) {
  std::vector<std::uint32_t> sizes;
  for (std::size_t i = 1; i < words.size(); ++i) {
    auto const size = number(words[i]);
    if (!size) return nullptr;
    sizes.push_back(*size);
  }
  if (sizes.size() == 2 && words[0] == "ping-pong" && sizes[0] % 2 == 0)
    return [=] { return bench::ping_pong(sizes[0], sizes[1]); };
  if (sizes.size() == 2 && words[0] == "crowd") return [=] { return bench::crowd(sizes[0], sizes[1]); };
  if (sizes.size() == 1 && words[0] == "small") return [=] { return bench::small_scenario(sizes[0]); };
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  auto const work = work_of({argv + 1, argv + argc});
  if (!work) {
    std::fprintf(stderr, "usage: sim_bench ping-pong HOSTS ROUNDS | crowd HOSTS ACTORS | small CALLS\n");
    return 64;
  }
  bench::stopwatch watch;
  auto const done = work();
  auto const spent = watch.stop();
  if (done.outcome != roost::sim::verdict::held) {
    for (auto const& broken : done.violations) std::fprintf(stderr, "%s: %s\n", broken.promise.c_str(), broken.what.c_str());
    if (done.program_error) std::fprintf(stderr, "%s\n", done.program_error.describe().c_str());
    return static_cast<int>(done.outcome);
  }
  std::printf("{%s,\"messages\":%llu,\"events\":%llu,\"frames\":%llu,\"digest\":\"%s\"}\n", bench::to_json(spent).c_str(),
              static_cast<unsigned long long>(done.messages), static_cast<unsigned long long>(done.events),
              static_cast<unsigned long long>(done.frames), roost::to_string(done.digest).c_str());
  return 0;
}
