// How long a whole program takes from its exec until each of its procs has answered, over shared memory; or, bare, until so many
// processes of the same executable have said one byte. Prints one JSON object.
//
//   start_bench procs PROCS | bare PROCS

#include <roost/live/child.hpp>
#include <roost/roost.hpp>
#include <roost/transports/local.hpp>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

extern char** environ;

namespace bench {

inline constexpr roost::dim worker{"worker"};

struct Greeter : roost::actor {
  std::uint64_t greet() { return roost::here().rank(); }
};
ROOST_EXPORT(Greeter, greet)

namespace {

constexpr std::string_view since_exec = "since";
constexpr std::string_view says_a_byte = "byte";

std::int64_t nanoseconds_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value = 0;
  auto const [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (wrong != std::errc() || end != text.data() + text.size() || value <= 0) return std::nullopt;
  return value;
}

int print(std::int64_t started, std::uint64_t procs) {
  std::printf("{\"wall_ns\":%lld,\"procs\":%llu}\n", static_cast<long long>(nanoseconds_now() - started),
              static_cast<unsigned long long>(procs));
  return 0;
}

/// Becomes this executable anew, which so knows when it was exec'd.
int exec_with_time(std::string work, std::string procs) {
  std::string name = "start_bench", word(since_exec), time = std::to_string(nanoseconds_now());
  char* const argv[] = {name.data(), work.data(), procs.data(), word.data(), time.data(), nullptr};
  ::execve("/proc/self/exe", argv, environ);
  std::perror("exec /proc/self/exe");
  return 1;
}

int start_procs(std::uint64_t procs, std::int64_t started) {
  int code = 1;
  roost::program program([&](roost::hosts const& hosts, std::vector<std::string> const&) {
    auto const greeters = hosts.spawn_procs(worker = procs).spawn<Greeter>("greeter");
    std::uint64_t answered = 0;
    for (auto const& [at, answer] : greeters->greet.call().get()) answered += answer.has_value() ? 1 : 0;
    if (answered == procs) code = print(started, procs);
  });
  if (auto const why = roost::run_local(program, {})) {
    std::fprintf(stderr, "%s\n", why.describe().c_str());
    return 1;
  }
  return code;
}

int start_bare(std::uint64_t procs, std::int64_t started) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return 1;
  std::string name = "start_bench", word(says_a_byte);
  char* const argv[] = {name.data(), word.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::uint64_t running = 0;
  for (pid_t child = -1; running != procs; ++running)
    if (::posix_spawn(&child, "/proc/self/exe", &actions, nullptr, argv, environ) != 0) break;
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::uint64_t said = 0;
  for (char byte = 0; said != running && ::read(ends[0], &byte, 1) == 1;) ++said;
  int const code = said == procs ? print(started, procs) : 1;
  while (::wait(nullptr) > 0) {
  }
  return code;
}

int run(std::vector<std::string_view> const& words) {
  if (words.size() == 1 && words[0] == says_a_byte) return ::write(STDOUT_FILENO, "x", 1) == 1 ? 0 : 1;
  bool const named = !words.empty() && (words[0] == "procs" || words[0] == "bare");
  auto const procs = named && words.size() >= 2 ? number<std::uint64_t>(words[1]) : std::nullopt;
  if (procs && *procs <= 1024 && words.size() == 2) return exec_with_time(std::string(words[0]), std::string(words[1]));
  auto const started = procs && words.size() == 4 && words[2] == since_exec ? number<std::int64_t>(words[3]) : std::nullopt;
  if (started) return words[0] == "procs" ? start_procs(*procs, *started) : start_bare(*procs, *started);
  std::fprintf(stderr, "usage: start_bench procs PROCS | bare PROCS, of at most 1024\n");
  return 64;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  if (roost::is_child(argc, argv)) {
    roost::program program([](roost::hosts const&, auto const&) {});
    return roost::run_local_child(argc, argv, program);
  }
  return bench::run({argv + 1, argv + argc});
}
