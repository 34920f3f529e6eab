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

/// Owns the members of its proc.
struct Leader : roost::actor {
  void gather(std::uint32_t members) {
    members_.reserve(members);
    for (std::uint32_t i = 0; i != members; ++i) members_.push_back(roost::spawn<Member>("member", std::uint64_t{i}));
  }
  /// Asks each member once; the sum of the answers.
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
    for (auto const& [at, sum] : leaders->ask.call().get())
      roost::always(sum.value() == (actors - 1) * (actors - 2ULL) / 2, "each member answers");
    leaders.stop();
  });
  return roost::sim::run(what, {}, program);
}

}  // namespace bench
