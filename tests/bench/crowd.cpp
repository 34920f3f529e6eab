// Very many actors at rest.

#include <roost/roost.hpp>
#include <tests/bench/sim_work.hpp>

#include <vector>

namespace bench {

struct Member : roost::actor {
  explicit Member(std::uint64_t number) : number_(number) {}
  std::uint64_t number() { return number_; }

 private:
  std::uint64_t number_;
};
ROOST_EXPORT(Member, number)

/// Owns the members of its proc. It keeps references to some of them only: what is measured are actors.
struct Leader : roost::actor {
  static constexpr std::uint32_t kept = 16;  ///< One in so many is asked.

  void gather(std::uint32_t members) {
    for (std::uint32_t i = 0; i != members; ++i) {
      auto member = roost::spawn<Member>("member", std::uint64_t{i});
      if (i % kept == 0) members_.push_back(std::move(member));
    }
  }
  /// The sum of the answers.
  std::uint64_t ask() {
    std::uint64_t sum = 0;
    for (auto const& member : members_) sum += member->number.call_one().get();
    return sum;
  }

 private:
  std::vector<roost::actor_mesh<Member>> members_;
};
ROOST_EXPORT(Leader, gather, ask)

roost::sim::run_result crowd(std::uint32_t hosts, std::uint32_t actors) {
  roost::sim::scenario what;
  what.name = "crowd";
  what.hosts = hosts;
  what.procs_per_host = 1;
  what.draw_knobs = false;
  what.time_limit = what.wall_limit = std::chrono::hours(1);
  roost::program program([actors](roost::hosts all, auto const&) {
    auto const leaders = all.spawn_procs().spawn<Leader>("leader");
    for (auto const& [at, done] : leaders->gather.call(actors - 1).get()) done.value();
    std::uint64_t expected = 0;
    for (std::uint32_t i = 0; i < actors - 1; i += Leader::kept) expected += i;
    for (auto const& [at, sum] : leaders->ask.call().get()) {
      roost::always(sum.value() == expected, "bench: the members that are asked answer");
    }
    leaders.stop();
  });
  return roost::sim::run(what, {}, program);
}

}  // namespace bench
