// A scenario of the size that a hunt runs by the thousand.

#include <roost/roost.hpp>
#include <roost/sim/testing.hpp>
#include <tests/bench/sim_work.hpp>

namespace bench {

struct Walker : roost::actor {
  void meet(roost::actor_mesh<Walker> all) { all_ = std::move(all); }
  std::uint64_t step(std::uint64_t number) { return number + 1; }
  std::uint64_t walk(std::uint32_t calls);

 private:
  roost::actor_mesh<Walker> all_;
};
ROOST_EXPORT(Walker, meet, step, walk)

std::uint64_t Walker::walk(std::uint32_t calls) {
  std::uint64_t answered = 0;
  for (std::uint32_t i = 0; i != calls; ++i) {
    auto const next = all_.at_rank(roost::random_below(all_.size()));
    if (next.id() == roost::here().self()) continue;
    answered += next->step.call_one(std::uint64_t{i}).wait(std::chrono::seconds(1)).has_value();
  }
  return answered;
}

struct Guide : roost::actor {
  void lead(roost::proc_mesh procs, std::uint32_t calls) {
    auto const walkers = procs.spawn<Walker>("walkers");
    walkers->meet.broadcast(walkers);
    static_cast<void>(walkers->walk.call(calls).get());
    walkers.stop();
  }
  bool supervise(roost::failure const&) override { return true; }
};
ROOST_EXPORT(Guide, lead)

roost::sim::run_result small_scenario(std::uint32_t calls) {
  auto what = roost::sim::stormy();
  what.name = "small";
  what.hosts = 2;
  what.procs_per_host = 4;
  what.draw_knobs = false;
  roost::program program([calls](roost::hosts all, auto const&) {
    auto const procs = all.spawn_procs(roost::dim("proc") = 4);
    roost::spawn<Guide>("guide")->lead.call_one(procs, calls).get();
  });
  return roost::sim::run(what, {}, program);
}

}  // namespace bench
