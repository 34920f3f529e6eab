// A program that does what its first argument says, for the tests of the command line: every way in which a run can end.

#include <roost/roost.hpp>

#include <cstdio>
#include <cstdlib>

/// So deep that no stack is large enough.
std::uint64_t dig(std::uint64_t depth) {
  std::uint64_t const volatile here = depth;
  return here == 0 ? 0 : dig(here - 1) + here;
}

/// Takes messages, and now and then breaks a rule.
struct Pupil : roost::actor {
  std::uint64_t learn(std::string what) {
    static int calls = 0;  // What the rules for deterministic programs forbid: it outlives the run.
    if (what == "static") roost::sleep(std::chrono::microseconds(++calls));
    if (what == "crash" || (what == "lottery" && roost::random_bits() % 8 == 0)) std::abort();
    if (what == "exit") std::exit(0);
    if (what == "hang") {
      for (bool volatile on = true; on;) continue;
    }
    if (what == "churn") {
      for (bool volatile on = true; on;) static_cast<void>(std::vector<std::string>(20, std::string(100, 'x')));
    }
    if (what == "deep") return dig(1'000'000'000);
    if (what == "throw") throw std::runtime_error("the pupil has had enough");
    if (what == "log") roost::log({{"step", 3}, {"mood", "so so"}}, "learns");
    roost::always(what != "broken", "pupils obey");
    roost::sometimes(true, "a pupil learns");
    return what.size();
  }
};
ROOST_EXPORT(Pupil, learn)

int main(int argc, char** argv) {
  return roost::main(argc, argv, [](roost::hosts hosts, std::vector<std::string> const& arguments) {
    std::string const what = arguments.empty() ? "nothing" : arguments.front();
    std::printf("this program prints to standard output\n");
    auto const procs = hosts.spawn_procs(roost::dim("gpu") = 2);
    auto const pupils = procs.spawn<Pupil>("pupils");
    for (int i = 0; i != 3; ++i) {
      for (auto const& [at, length] : pupils->learn.call(what).get()) length.value();
    }
  });
}
